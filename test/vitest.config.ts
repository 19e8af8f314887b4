import { defineConfig } from 'vitest/config';

/** Nothing of the product keeps state in a module (a rule of the tidy tests): files in virtual time share a process, and what it loaded. Not the conformance tests, whose files each leave a record of their own. */
const VIRTUAL: readonly string[] = ['unit', 'property', 'golden', 'tidy', 'sim'];

/** What shares one thing of the machine: one file after the other. */
const SERIAL: readonly string[] = ['tpm'];

const project = (name: string, timeoutSeconds: number, folder = name) => ({
  extends: true as const,
  test: {
    name,
    isolate: !VIRTUAL.includes(name),
    include: [`test/${folder}/**/*.test.ts`],
    // in virtual time, and judged as a whole: a project of its own
    exclude: folder === 'protocol' ? ['test/protocol/conformance/**'] : [],
    testTimeout: timeoutSeconds * 1000,
    hookTimeout: timeoutSeconds * 1000,
    fileParallelism: !SERIAL.includes(name),
  },
});

export default defineConfig({
  cacheDir: 'build/cache/vite',
  test: {
    root: new URL('..', import.meta.url).pathname,
    projects: [
      project('unit', 60),
      project('property', 60),
      project('golden', 60),
      project('tidy', 60),
      project('sim', 120),
      project('protocol', 240),
      project('conformance', 300, 'protocol/conformance'),
      project('e2e', 300),
      // needs the addon and a simulated TPM
      project('tpm', 300),
    ],
  },
});

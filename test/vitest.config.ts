import { defineConfig } from 'vitest/config';

const project = (name: string, timeoutSeconds: number, serial = false, folder = name) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${folder}/**/*.test.ts`],
    // in virtual time, and judged as a whole: a project of its own
    exclude: folder === 'protocol' ? ['test/protocol/conformance/**'] : [],
    testTimeout: timeoutSeconds * 1000,
    hookTimeout: timeoutSeconds * 1000,
    fileParallelism: !serial,
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
      project('conformance', 300, false, 'protocol/conformance'),
      project('e2e', 300, true),
      // needs the addon and a simulated TPM
      project('tpm', 300, true),
    ],
  },
});

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';

const EXIT_CONFIGURATION = 78;
const MAX_BYTES = 15_000_000;

interface Ran {
  readonly code: number | string | null | undefined;
  readonly output: string;
}

const run = (folder: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, env: environment, timeout: 50_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, output: `${stdout}${stderr}` }),
    );
  });

describe('bundles', () => {
  let folder = '';
  let built: Ran = { code: null, output: '' };

  beforeAll(async () => {
    // outside the checkout: nothing of its node_modules may be found from there
    folder = await mkdtemp(join(tmpdir(), 'gridward-bundle-'));
    built = await run(ROOT, ['test/tooling/bundle.ts', '--out', folder]);
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  it('are built for each program', async () => {
    expect(built).toMatchObject({ code: 0 });
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['controld.mjs', 'gridward.mjs', 'node_modules', 'northd.mjs']));
  });

  it.each(['controld', 'northd'])('run alone: %s asks for its directories', async (program) => {
    const { code, output } = await run(folder, [`${program}.mjs`]);
    expect(output).toContain('not set');
    expect(code).toBe(EXIT_CONFIGURATION);
  });

  it('run alone: the tool names its commands', async () => {
    const { output } = await run(folder, ['gridward.mjs', '--help']);
    expect(output).toContain('trace');
  });

  it('carry one serial port binding, and it loads', async () => {
    const prebuilt = (await readdir(join(folder, 'node_modules'), { recursive: true })).filter((path) => path.endsWith('.node'));
    expect(prebuilt).toHaveLength(1);
    // Only the native part of it knows why this is no line; to list the lines it would want udev's tools.
    const open = "{ path: '/dev/null', baudRate: 9600 }";
    const { output } = await run(folder, [
      '-e',
      `require('@serialport/bindings-cpp').autoDetect().open(${open}).catch((error) => console.log(error.message))`,
    ]);
    expect(output).toContain('ioctl');
  });

  it('are small', async () => {
    let bytes = 0;
    for (const path of await readdir(folder, { recursive: true })) bytes += (await stat(join(folder, path))).size;
    expect(bytes).toBeLessThan(MAX_BYTES);
  });
});

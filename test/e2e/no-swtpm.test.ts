import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startRunnerWith } from './runner.ts';
import { waitUntil } from './wait.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const READY_WITHIN = 30;
/** Programs of this machine, without swtpm; whoever asks is not root. */
let path = '';

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'gw-path-'));
  for (const directory of (process.env['PATH'] ?? '').split(':').filter((one) => one.startsWith('/'))) {
    for (const name of await readdir(directory).catch(() => [])) {
      if (name.startsWith('swtpm') || name === 'id') continue;
      // The first of a name counts, as in a PATH.
      await symlink(join(directory, name), join(path, name)).catch(() => undefined);
    }
  }
  await writeFile(join(path, 'id'), '#!/bin/sh\necho 1000\n');
  await chmod(join(path, 'id'), 0o755);
});
afterAll(async () => await rm(path, { recursive: true }));

test('swtpm is not there and cannot be installed: what make run does first says so and does not fail', async () => {
  const env = { ...process.env, PATH: path };
  const { stdout } = await promisify(execFile)(join(ROOT, 'test/tooling/swtpm.sh'), { env });
  expect(stdout).toMatch(/^key {7}a file in the demo, not a TPM: .*apt-get install .*swtpm/m);
});

test('the demonstration runs with a key in a file, and says so', async () => {
  const runner = startRunnerWith({ PATH: path }, '--scenario', 'day', '--plain');
  onTestFinished(() => runner.signal('SIGTERM'));
  const said = (text: string): boolean => runner.lines.some((line) => line.includes(text));
  await waitUntil('the default control binds', READY_WITHIN, () => said('(default control)'));
  expect(said("the device's key is a file: swtpm is not installed")).toBe(true);
  runner.signal('SIGINT');
  expect(await runner.ended).toBe(0);
});

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = new URL('../../..', import.meta.url).pathname;
const WHY = 'at most one utility server in this release';

let directory = '';
const children: ChildProcess[] = [];
let output = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gw-two-'));
  for (const name of ['config', 'state', 'run']) await mkdir(join(directory, name));
  const file = JSON.parse(await readFile(join(ROOT, 'config/site/example.json'), 'utf8')) as {
    utilities: Record<string, unknown>[];
  };
  const utilities = [...file.utilities, { ...file.utilities[0], name: 'second' }];
  await writeFile(join(directory, 'config', 'config.json'), JSON.stringify({ ...file, utilities }));
  output = '';
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await rm(directory, { recursive: true });
});

const start = (program: 'controld' | 'northd'): ChildProcess => {
  const child = spawn(process.execPath, [`firmware/app/${program}/main.ts`], {
    cwd: ROOT,
    env: {
      CONFIGURATION_DIRECTORY: join(directory, 'config'),
      STATE_DIRECTORY: join(directory, 'state'),
      RUNTIME_DIRECTORY: join(directory, 'run'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  children.push(child);
  return child;
};

const gridward = async (...words: readonly string[]): Promise<{ readonly code: number; readonly text: string }> =>
  await new Promise((resolve) => {
    execFile(
      process.execPath,
      ['firmware/app/cli/main.ts', ...words],
      { cwd: ROOT, timeout: 60_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: `${stdout}${stderr}` });
      },
    );
  });

test('with two utilities northd and the tool refuse and say why, and controld holds the site and shows an alarm', async () => {
  const northd = start('northd');
  await once(northd, 'exit');
  expect(northd.exitCode, output).toBe(78);
  expect(output).toContain(WHY);
  expect(await gridward('config', 'check', join(directory, 'config', 'config.json'))).toMatchObject({
    code: 1,
    text: expect.stringContaining(WHY) as string,
  });
  const controld = start('controld');
  const deadline = Date.now() + 40_000;
  let shown = await gridward('status', '--json', '--runtime', join(directory, 'run'));
  while (shown.code !== 0 && Date.now() < deadline)
    shown = await gridward('status', '--json', '--runtime', join(directory, 'run'));
  expect(controld.exitCode, output).toBeNull();
  const view = JSON.parse(shown.text) as { readonly exportLimit: number; readonly alarms: readonly string[] };
  expect(view.exportLimit).toBe(1500);
  expect(view.alarms.filter((alarm) => alarm.includes(WHY))).toHaveLength(1);
});

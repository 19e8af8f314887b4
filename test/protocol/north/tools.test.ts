import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeDevice, setOutage } from '../../rig/utility/state.ts';
import { startBench, type Bench } from './bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await bench.close();
});

const gridward = async (...words: readonly string[]): Promise<{ readonly code: number; readonly text: string }> =>
  await new Promise((resolve) => {
    const directories = ['--config', join(bench.directory, 'config'), '--state', join(bench.directory, 'state')];
    const options = { cwd: new URL('../../..', import.meta.url).pathname, timeout: 60_000 };
    execFile(process.execPath, ['firmware/app/cli/main.ts', ...words, ...directories], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: `${stdout}${stderr}` });
    });
  });

/** Steps of the doctor, each with its verdict. */
const doctor = async (): Promise<{ readonly code: number; readonly steps: readonly string[]; readonly text: string }> => {
  const { code, text } = await gridward('doctor');
  return {
    code,
    text,
    steps: [...text.matchAll(/^(ok {2}|FAIL) {2}(\S+)/gm)].map(([, verdict, name]) => `${verdict?.trim() ?? ''} ${name ?? ''}`),
  };
};

const configuration = (): string => join(bench.directory, 'config', 'config.json');
const change = async (edit: (text: string) => string): Promise<void> => {
  await writeFile(configuration(), edit(await readFile(configuration(), 'utf8')));
};

describe('gridward doctor', () => {
  const WELL = [
    'ok configuration',
    'ok clock',
    'ok disk',
    'ok chain',
    'ok key',
    'ok DNS',
    'ok TLS',
    'ok dcap',
    'ok registration',
  ];

  test('finds everything well, and registers and tells nothing', async () => {
    const { code, steps, text } = await doctor();
    expect([code, steps], text).toEqual([0, WELL]);
    expect(bench.bodies).toEqual([]);
  });

  test('says at which step it ends and what to do', async () => {
    await writeFile(join(bench.directory, 'config', 'secrets', 'pin'), '123455\n');
    const pin = await doctor();
    expect(pin.steps.at(-1), pin.text).toBe('FAIL registration');
    expect(pin.text).toContain('PIN');
    expect(pin.code).toBe(1);

    setOutage(bench.server.state, 500);
    expect((await doctor()).steps.at(-1)).toBe('FAIL dcap');
    setOutage(bench.server.state, null);

    for (const lfdi of bench.server.state.devices.keys()) removeDevice(bench.server.state, lfdi);
    const unknown = await doctor();
    expect(unknown.steps.at(-1)).toBe('FAIL dcap');
    expect(unknown.text).toMatch(/have LFDI [0-9A-F]{40} registered/);

    await bench.server.goDown();
    expect((await doctor()).steps.at(-1)).toBe('FAIL TLS');
    await bench.server.comeBack();

    await change((text) => text.replace('device.key.pem', 'server.key.pem'));
    expect((await doctor()).steps.at(-1)).toBe('FAIL key');
    await change((text) => text.replace('device-chain.pem', 'absent.pem'));
    expect((await doctor()).steps.at(-1)).toBe('FAIL files');
    await change(() => '{}');
    expect((await doctor()).steps).toContain('FAIL configuration');
  });
});

test('gridward csip show prints the tree, the programs and who wins', async () => {
  const { code, text } = await gridward('csip', 'show');
  expect(code, text).toBe(0);
  expect(text).toMatch(/EndDevice https:.*LFDI [0-9A-F]{40}/);
  expect(text).toMatch(/DERProgram [0-9A-F]{32}, primacy 1/);
  expect(text).toMatch(/opModExpLimW: (1500 W by the default of program|2500 W by event)/);
  expect(bench.bodies).toEqual([]);
});

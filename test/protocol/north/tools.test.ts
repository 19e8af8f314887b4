import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepProven } from '#app/identity/proven.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { makeDevice } from '../../rig/utility/pki.ts';
import { registerDevice } from '../../rig/utility/state.ts';
import { type Bench, startBench } from './bench.ts';
import { changeUtility, doctor, gridward } from './command.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await bench.close();
});

test('gridward csip show prints the tree, the programs and who wins', async () => {
  const { code, text } = await gridward(bench, ['csip', 'show']);
  expect(code, text).toBe(0);
  expect(text).toMatch(/EndDevice https:.*LFDI [0-9A-F]{40}/);
  expect(text).toMatch(/DERProgram [0-9A-F]{32}, primacy 1/);
  expect(text).toMatch(/opModExpLimW: (1500 W by the default of program|2500 W by event)/);
  expect(text).not.toContain('on trial');
  expect(bench.bodies).toEqual([]);
});

test('gridward csip show goes by the certificate that serves, and shows what the one on trial would see', async () => {
  const device = await makeDevice(join(bench.directory, 'pki'), 'renewed', 'RIG-0001');
  const [old = ''] = bench.server.state.devices.keys();
  await changeUtility(bench, ({ identity }) => ({
    identity: { ...identity, renewed: { certificate: device.cert, key: device.key } },
  }));
  const asLfdi = (lfdi: string): RegExp => new RegExp(`^dnsp at .*, as LFDI ${lfdi}: \\d+ requests`);
  const unknown = await gridward(bench, ['csip', 'show']);
  expect(unknown.text).toMatch(asLfdi(old));
  expect(unknown.text).toMatch(new RegExp(`on trial: LFDI ${device.lfdi}[^]*nothing is served to it yet`));

  registerDevice(bench.server.state, device.lfdi, device.sfdi, Date.now() / 1000);
  const known = (await gridward(bench, ['csip', 'show'])).text;
  expect(known.match(/DERProgram [0-9A-F]{32}, primacy 1,/g)).toHaveLength(2);

  await keepProven(directoryFiles(join(bench.directory, 'state')), device.lfdi);
  const taken = (await gridward(bench, ['csip', 'show'])).text;
  expect(taken).toMatch(asLfdi(device.lfdi));
  expect(taken).not.toContain('on trial');
});

test('gridward doctor looks at a renewed certificate beside the one that serves, and either may be what is wrong', async () => {
  const device = await makeDevice(join(bench.directory, 'pki'), 'renewed', 'RIG-0001');
  await changeUtility(bench, ({ identity }) => ({
    identity: { ...identity, renewed: { certificate: device.cert, key: device.key } },
  }));
  const unknown = await doctor(bench);
  expect(unknown.code).toBe(1);
  expect(unknown.steps).toContain('ok registration');
  expect(unknown.steps.at(-1)).toBe('FAIL trial dcap');
  expect(unknown.remedy).toContain(`have LFDI ${device.lfdi} registered`);
  registerDevice(bench.server.state, device.lfdi, device.sfdi, Date.now() / 1000);
  const known = await doctor(bench);
  const steps = ['certificate', 'chain', 'validity', 'key', 'DNS', 'TLS', 'dcap', 'registration', 'time'];
  expect(known.steps.slice(-steps.length)).toEqual(steps.map((step) => `ok trial ${step}`));
  expect(known.code).toBe(0);
});

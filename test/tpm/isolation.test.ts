import { type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followView } from '../rig/run/view-client.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { COMMAND } from './machine.ts';
import { until } from './until.ts';

/** Good ticks of controld that a test waits for while the TPM is disturbed. */
const TICKS = 5;
let gateway: Gateway;
let northd: ChildProcess;
let view: { readonly alarms: readonly string[] } = { alarms: [] };
let unfollow = (): void => undefined;

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.listen();
  gateway.start('controld');
  await until('evidence of controld', () => gateway.evidence() > TICKS);
  unfollow = followView(gateway.path('run'), (shown) => (view = shown ?? view));
  northd = gateway.start('northd');
  await until('a walk', () => gateway.walked() > 3, 40);
});
afterAll(async () => {
  unfollow();
  await gateway.tidy();
  await gateway.end();
});

const ticksGoOn = async (): Promise<void> => {
  const good = gateway.evidence();
  await until('good ticks of controld', () => gateway.evidence() >= good + TICKS);
};

/** The alarms of the TPM, as controld shows them to people. */
const alarmsNow = (): string => view.alarms.filter((alarm) => alarm.startsWith('tpm')).join('; ');

const alarm = async (name: string): Promise<string> => {
  await until(`an alarm that says ${name}`, () => alarmsNow().includes(name), 60);
  return alarmsNow();
};

/** Everything is well again, in the process that met the fault. */
const recovers = async (): Promise<void> => {
  const before = gateway.walked();
  await until('a walk', () => gateway.walked() > before + 3, 60);
  await until('no alarm of the TPM', () => alarmsNow() === '', 60);
  expect(northd.exitCode).toBeNull();
};

const DISTURBANCES: readonly (readonly [string, Omit<Parameters<Gateway['machine']['disturb']>[0] & object, 'code'>])[] = [
  ['TPM_HUNG', { hang: true }],
  ['TPM_BUSY', { answer: 0x922 }],
  ['TPM_LOCKOUT', { answer: 0x921 }],
  ['TPM_NOT_STARTED', { answer: 0x100 }],
  ['TPM_ABSENT', { cut: true }],
];

test.each(DISTURBANCES)(
  'on the running gateway, %s stops the north with that alarm, no tick, and is over by itself',
  async (name, how) => {
    await gateway.machine.disturb({ code: COMMAND.sign, ...how });
    await gateway.renewServer();
    expect(await alarm(name)).toContain('tpm: nothing goes north');
    await ticksGoOn();
    await gateway.machine.disturb(null);
    await recovers();
  },
);

test('a signature that takes 500 ms delays the north, is an alarm, and delays no tick', async () => {
  await gateway.machine.disturb({ code: COMMAND.sign, delay: 500 });
  await gateway.renewServer();
  await alarm('tpm-slow: the TPM signs slowly');
  await ticksGoOn();
  await gateway.machine.disturb(null);
  await gateway.renewServer();
  await recovers();
});

test('a TPM that is unplugged, or reset in the middle of a handshake, is taken up again when it is back', async () => {
  await gateway.machine.cut();
  await gateway.renewServer();
  await alarm('TPM_ABSENT');
  expect(await gateway.gridward('status')).toMatch(/^alarm +tpm: nothing goes north.* TPM_ABSENT/m);
  await ticksGoOn();
  await gateway.machine.power();
  await recovers();
  // The sign command is in the TPM when its power goes.
  await gateway.machine.disturb({ code: COMMAND.sign, delay: 1_000 });
  const seen = await gateway.machine.count(COMMAND.sign);
  await gateway.renewServer();
  while ((await gateway.machine.count(COMMAND.sign)) === seen) await new Promise((resolve) => setImmediate(resolve));
  await gateway.machine.cut();
  await ticksGoOn();
  await gateway.machine.power();
  await gateway.machine.disturb(null);
  await recovers();
});

test('the log of controld names what stood', async () => {
  const log = await gateway.gridward('log', '--json');
  for (const [name] of DISTURBANCES) expect(log).toContain(name);
  expect(log).toContain('over: ');
  expect(log).toContain('tpm-slow');
});

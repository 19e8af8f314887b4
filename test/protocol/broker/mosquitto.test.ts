/** Limits of a topic, from the broker that most sites run, through northd's part to the socket of controld. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { assert } from '#base/assert.ts';
import { watts } from '#base/units.ts';
import { LimitTopics } from '#app/northd/limit-topics.ts';
import { helloOf, servePlan } from '#link/role.ts';
import { brokerDial } from '#platform/broker/broker-dial.ts';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { systemEntropy } from '#platform/entropy/system-entropy.ts';
import { unixSockets } from '#platform/sockets/unix-sockets.ts';

const TOPIC = 'site/limits';
const WAIT = { timeout: 10_000, interval: 20 };
const INPUT = {
  name: 'aggregator',
  fallback: { exportW: watts(1500), generationW: null, importW: null },
  mqtt: { topic: TOPIC, expirySeconds: 60 },
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  assert(address !== null && typeof address === 'object', 'a port');
  return address.port;
};

const listens = async (port: number): Promise<boolean> =>
  await new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });

let directory: string;
let port: number;
let broker: ChildProcess | null;
let ends: (() => void)[];

const startBroker = async (more = ''): Promise<void> => {
  const file = join(directory, 'mosquitto.conf');
  await writeFile(file, `listener ${port} 127.0.0.1\nallow_anonymous false\npassword_file ${directory}/users\n${more}`);
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
  broker = spawn('mosquitto', ['-c', file], { stdio: 'ignore', env });
  while (!(await listens(port))) await pause(20);
};

const stopBroker = async (): Promise<void> => {
  if (broker === null) return;
  broker.kill('SIGTERM');
  await once(broker, 'exit');
  broker = null;
};

const say = (payload: string, ...more: readonly string[]): void => {
  const to = ['-h', '127.0.0.1', '-p', String(port), '-u', 'site', '-P', 'secret', '-t', TOPIC, '-q', '1'];
  execFileSync('mosquitto_pub', [...to, '-m', payload, ...more]);
};

type Told = { readonly type: string; readonly exportW?: number; readonly text?: string; readonly standing?: boolean }[];

/** northd's part, and what controld is told. */
const listen = async (options: { readonly password?: string; readonly trust?: string } = {}) => {
  const told: Told = [];
  const notes: string[] = [];
  const note = ({ event, text }: { readonly event: string; readonly text: string }): unknown => notes.push(`${event}: ${text}`);
  const served = await servePlan({
    port: unixSockets,
    directory,
    hello: () => helloOf('test', null),
    note: () => undefined,
    onPeer: () => ({ onMessage: (message) => told.push(message as (typeof told)[number]), onClosed: () => undefined }),
  });
  assert(served.ok, 'the socket is open');
  const topics = new LimitTopics({
    dial: brokerDial({ host: '127.0.0.1', port, trust: options.trust ?? null }),
    user: 'site',
    password: options.password ?? 'secret',
    inputs: [INPUT],
    ...{ clock: monotonicClock, entropy: systemEntropy, link: unixSockets, directory, release: 'test', note },
  });
  topics.start();
  ends.push(() => {
    topics.close();
    served.value.close();
  });
  const limits = (): readonly (number | undefined)[] =>
    told.filter(({ type }) => type === 'local-limit').map(({ exportW }) => exportW);
  const entered = async (times = 1): Promise<void> =>
    await vi.waitFor(() => expect(notes.filter((one) => one === 'broker: the broker is heard').length).toBe(times), WAIT);
  return { told, notes, limits, entered };
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gridward-broker-'));
  port = await freePort();
  broker = null;
  ends = [];
  execFileSync('mosquitto_passwd', ['-b', '-c', join(directory, 'users'), 'site', 'secret']);
  // Started as root it becomes another user.
  execFileSync('chmod', ['-R', 'a+rX', directory]);
});

afterEach(async () => {
  for (const end of ends) end();
  await stopBroker();
  await rm(directory, { recursive: true, force: true });
});

describe('limits of a topic of mosquitto', () => {
  it('are heard as they are said; what the broker had kept, and nonsense, are not; a broker that comes back is heard again', async () => {
    await startBroker();
    say('{"exportW":9000}', '-r');
    const { told, notes, limits, entered } = await listen();
    await entered();
    say('all you like');
    say('{"exportW":4000}');
    await vi.waitFor(() => expect(limits()).toEqual([4000]), WAIT);
    expect(notes).toContain('limit-not-understood: aggregator: no JSON');
    await stopBroker();
    await vi.waitFor(() => expect(told.at(-1)).toMatchObject({ type: 'north-note', standing: true }), WAIT);
    await startBroker();
    await entered(2);
    say('{"exportW":3000}', '-r');
    await vi.waitFor(() => expect(limits()).toEqual([4000, 3000]), WAIT);
    expect(told.filter(({ type }) => type === 'north-note').map(({ standing }) => standing)).toEqual([true, false]);
  });

  it('are heard by northd as a process, for a site without a utility', async () => {
    await startBroker();
    const told: Told = [];
    const served = await servePlan({
      port: unixSockets,
      directory,
      hello: () => helloOf('test', null),
      note: () => undefined,
      onPeer: () => ({ onMessage: (message) => told.push(message as Told[number]), onClosed: () => undefined }),
    });
    assert(served.ok, 'the socket is open');
    const example = JSON.parse(await readFile(new URL('../../../config/site/example.json', import.meta.url), 'utf8')) as {
      readonly site: { readonly limits: object };
    };
    const inputs = [{ kind: 'mqtt', name: 'aggregator', topic: TOPIC, expirySeconds: 60, fallback: { exportW: 1500 } }];
    const site = { ...example.site, limits: { ...example.site.limits, inputs } };
    const address = { host: '127.0.0.1', port, user: 'site', password: 'broker-password' };
    await mkdir(join(directory, 'secrets'));
    await writeFile(join(directory, 'secrets/broker-password'), 'secret\n');
    await writeFile(join(directory, 'config.json'), JSON.stringify({ ...example, site, utilities: [], broker: address }));
    const places = { CONFIGURATION_DIRECTORY: directory, STATE_DIRECTORY: directory, RUNTIME_DIRECTORY: directory };
    const main = new URL('../../../firmware/app/northd/main.ts', import.meta.url).pathname;
    const northd = spawn(process.execPath, [main], { env: { ...process.env, ...places }, stdio: ['ignore', 'pipe', 'inherit'] });
    let log = '';
    northd.stdout.on('data', (bytes: Buffer) => (log += bytes.toString()));
    await vi.waitFor(() => expect(log).toContain('the broker is heard'), WAIT);
    say('{"exportW":2500,"validSeconds":20}');
    await vi.waitFor(() => expect(told.at(-1)).toMatchObject({ source: 'aggregator', exportW: 2500, seconds: 20 }), WAIT);
    northd.kill('SIGTERM');
    expect((await once(northd, 'exit'))[0]).toBe(0);
    served.value.close();
  });

  it('are not heard with a wrong password, and people are told why', async () => {
    await startBroker();
    const { told } = await listen({ password: 'guessed' });
    await vi.waitFor(() => expect(told).toHaveLength(1), WAIT);
    expect(told[0]).toMatchObject({ type: 'north-note', event: 'broker', standing: true });
    expect(told[0]?.text).toContain('Not authorized');
  });

  it('come over TLS from a broker whose certificate chains to the trust, from no other', async () => {
    const made = (name: string, ...more: readonly string[]): string[] =>
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '9',
        '-subj',
        `/CN=${name}`,
      ].concat(['-keyout', join(directory, `${name}.key`), '-out', join(directory, `${name}.pem`)], more);
    for (const name of ['broker', 'other'])
      execFileSync('openssl', made(name, '-addext', 'subjectAltName=IP:127.0.0.1'), { stdio: 'ignore' });
    execFileSync('chmod', ['-R', 'a+rX', directory]);
    await startBroker(`certfile ${directory}/broker.pem\nkeyfile ${directory}/broker.key\n`);
    const sound = await listen({ trust: await readFile(join(directory, 'broker.pem'), 'utf8') });
    await sound.entered();
    for (const end of ends.splice(0)) end();
    const wrong = await listen({ trust: await readFile(join(directory, 'other.pem'), 'utf8') });
    await vi.waitFor(() => expect(wrong.told[0]?.text).toContain('certificate'), WAIT);
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fail, ok } from '#base/result.ts';
import v13 from '../../../config/utility/csip-aus-v1.3.json' with { type: 'json' };
import { runCli } from '#app/cli/cli.ts';
import type { CliPorts } from '#app/cli/ports.ts';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { dnsResolver } from '#platform/dns/resolver.ts';
import { systemEntropy } from '#platform/entropy/system-entropy.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { httpClient } from '#platform/http/client.ts';
import { type DnsServer, startDnsServer } from '../../rig/utility/dns-server.ts';
import { unixSockets } from '#platform/sockets/unix-sockets.ts';
import { makeWrongPki, type WrongPki } from '../../rig/utility/pki.ts';
import { startUtilityServer, type UtilityServer } from '../../rig/utility/server.ts';
import { stage, unstage, type Misdeed } from '../../rig/utility/stage.ts';
import { registerDevice, removeDevice, setOutage } from '../../rig/utility/state.ts';
import { type Bench, startBench } from './bench.ts';
import { changeUtility, doctor, gridward } from './command.ts';

let bench: Bench;
let wrong: WrongPki;
/** Files of the configuration as they are when all is well. */
let well: readonly (readonly [string, string])[] = [];
let other: UtilityServer | null = null;
let names: DnsServer | null = null;

beforeAll(async () => {
  bench = await startBench();
  wrong = await makeWrongPki(join(bench.directory, 'pki'));
  const files = ['config.json', 'secrets/pin'].map((file) => join(bench.directory, 'config', file));
  well = await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')] as const));
});
afterEach(async () => {
  await Promise.all([other?.stop(), names?.stop()]);
  other = null;
  names = null;
  const { state } = bench.server;
  unstage(state);
  setOutage(state, null);
  await bench.server.comeBack();
  for (const [file, text] of well) await writeFile(file, text);
});
afterAll(async () => await bench.close());

const MACHINE = ['ok configuration', 'ok clock', 'ok disk'];
const IDENTITY = ['ok chain', 'ok validity', 'ok key'];
const SERVER = ['ok DNS', 'ok TLS', 'ok dcap', 'ok registration', 'ok time'];
const WELL = [...MACHINE, ...IDENTITY, ...SERVER];
/** All is well up to the step, and it is the last one. */
const upTo = (step: string): readonly string[] => [...WELL.slice(0, WELL.indexOf(`ok ${step}`)), `FAIL ${step}`];

const identity = async (files: Readonly<Record<string, string>>): Promise<void> =>
  await changeUtility(bench, (utility) => ({ identity: { ...utility.identity, ...files } }));

test('finds everything well, and registers and tells nothing', async () => {
  const { code, steps, text } = await doctor(bench);
  expect([code, steps], text).toEqual([0, WELL]);
  expect(bench.bodies).toEqual([]);
});

describe('the machine', () => {
  test('a configuration that cannot be read: the place of each problem, and where to see them all', async () => {
    await writeFile(join(bench.directory, 'config', 'config.json'), '{"format": 5}');
    const { code, steps, wrong: what, remedy } = await doctor(bench);
    expect([code, steps]).toEqual([1, ['FAIL configuration', 'ok clock', 'ok disk']]);
    expect(what).toContain('format: expected');
    expect(remedy).toContain('gridward config check');
  });

  test('a clock without a battery, or one that runs away', async () => {
    const dead = await doctor(bench, { clockAhead: -Math.floor(Date.now() / 1000) + 5 });
    expect(dead.code).toBe(1);
    expect(dead.wrong).toMatch(/^FAIL {2}clock .*1970-01-01/);
    expect(dead.remedy).toContain('timedatectl');
    const fast = await doctor(bench, { clockAhead: 3600 });
    expect([fast.code, fast.steps]).toEqual([1, upTo('time')]);
    expect(fast.wrong).toMatch(/(3599|360[01]) s ahead of the utility's/);
    expect(fast.remedy).toContain('timedatectl');
  });

  test('a state directory that cannot be written', async () => {
    const { code, steps, wrong: what, remedy } = await doctor(bench, { state: join(bench.directory, 'config', 'config.json') });
    expect(code).toBe(1);
    expect(steps).toContain('FAIL disk');
    expect(what).toContain('config.json cannot be written');
    expect(remedy).toContain('writable');
  });
});

describe('the identity', () => {
  test('a chain without its issuer, in the wrong order, below another root, or ended', async () => {
    const pki = join(bench.directory, 'pki');
    await identity({ certificate: join(pki, 'device.pem') });
    const incomplete = await doctor(bench);
    expect([incomplete.code, incomplete.steps[3]]).toEqual([1, 'FAIL chain']);
    expect(incomplete.wrong).toContain('issued by CN=Rig MICA');
    expect(incomplete.remedy).toContain('append the certificate of that issuer');
    expect(incomplete.steps.at(-1)).toBe('FAIL TLS');

    const mixed = join(pki, 'mixed.pem');
    const text = async (name: string): Promise<string> => await readFile(join(pki, name), 'utf8');
    await writeFile(mixed, (await text('device.pem')) + (await text('server.pem')) + (await text('mica.pem')));
    await identity({ certificate: mixed });
    expect((await doctor(bench)).remedy).toContain('put them in order');

    await identity({ certificate: wrong.otherRoot.device.cert, key: wrong.otherRoot.device.key });
    const foreign = await doctor(bench);
    // The device's root need not be the server's: that is the utility's to say, and here it says no.
    expect(foreign.steps[3]).toBe('ok chain');
    expect(foreign.wrong).not.toContain('issued by');
    expect(foreign.steps.at(-1)).toBe('FAIL TLS');

    await identity({ certificate: wrong.expiredDevice.cert, key: wrong.expiredDevice.key });
    const ended = await doctor(bench);
    expect([ended.code, ended.steps.slice(3, 5)]).toEqual([1, ['ok chain', 'FAIL validity']]);
    expect(ended.wrong).toMatch(/ended \d+ days ago/);
    expect(ended.remedy).toContain('ask for a new one');
  });

  test('a key that is another one, no key, or gone', async () => {
    const pki = join(bench.directory, 'pki');
    await identity({ key: join(pki, 'server.key.pem') });
    const another = await doctor(bench);
    expect([another.code, another.steps]).toEqual([1, upTo('key')]);
    expect(another.remedy).toContain('the certificate was asked for with');

    await writeFile(join(pki, 'broken.pem'), '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
    await identity({ key: join(pki, 'broken.pem') });
    expect((await doctor(bench)).steps).toEqual(upTo('key'));

    await identity({ key: join(pki, 'absent.pem') });
    const gone = await doctor(bench);
    expect([gone.code, gone.steps]).toEqual([1, [...MACHINE, 'FAIL files']]);
    expect(gone.wrong).toContain('absent.pem');
    expect(gone.remedy).toContain('put the named file in place');
  });
});

describe('the way to the server', () => {
  test('a name or a domain that DNS does not know', async () => {
    await changeUtility(bench, () => ({ url: 'https://nowhere.invalid/dcap' }));
    const name = await doctor(bench);
    expect([name.code, name.steps]).toEqual([1, upTo('DNS')]);
    expect(name.wrong).toContain('nowhere.invalid');
    expect(name.remedy).toContain('DNS server');
    await changeUtility(bench, () => ({ url: 'nowhere.invalid' }));
    const domain = await doctor(bench);
    expect([domain.code, domain.steps]).toEqual([1, upTo('DNS')]);
    expect(domain.remedy).toContain('SRV and TXT');
  });

  test('a domain alone: the address comes from its records', async () => {
    const service = '_smartenergy._tcp.utility.example';
    const { port, url } = bench.server;
    const path = new URL(url).pathname;
    names = await startDnsServer({
      srv: { [service]: { host: 'localhost', port } },
      txt: { [service]: ['txtvers=1', `dcap=${path}`, `https=${port}`] },
    });
    await changeUtility(bench, () => ({ url: 'utility.example' }));
    const out: string[] = [];
    // The resolver of a machine cannot be told another server: everything but that is as main.ts wires it.
    const ports: CliPorts = {
      out: (text) => out.push(text),
      outBytes: () => undefined,
      error: (text) => out.push(text),
      input: async () => Promise.resolve(new Uint8Array()),
      filesIn: directoryFiles,
      link: unixSockets,
      tpm: () => fail('no TPM here'),
      network: {
        client: httpClient,
        dns: dnsResolver([names.address]),
        resolve: async (host) => Promise.resolve(ok([host])),
        free: async () => Promise.resolve(null),
      },
      clock: monotonicClock,
      entropy: systemEntropy,
      stop: new AbortController().signal,
    };
    const place = ['--config', join(bench.directory, 'config'), '--state', join(bench.directory, 'state')];
    expect(await runCli(ports, ['doctor', ...place], {}, 'test'), out.join('')).toBe(0);
    expect(out.join('')).toContain(`connected to https://localhost:${port}`);
  });

  test('nobody there, a server below another root, one that wants clients of another', async () => {
    await bench.server.goDown();
    const down = await doctor(bench);
    expect([down.code, down.steps]).toEqual([1, upTo('TLS')]);
    expect(down.remedy).toContain('nobody listens');

    const { state } = bench.server;
    const pki = join(bench.directory, 'pki');
    const start = async (server: { readonly cert: string; readonly key: string }, ca: string): Promise<void> => {
      await other?.stop();
      other = await startUtilityServer({ state, cert: server.cert, key: server.key, ca });
      const { url } = other;
      await changeUtility(bench, () => ({ url }));
    };
    await start(wrong.otherRoot.server, join(pki, 'serca.pem'));
    const stranger = await doctor(bench);
    expect([stranger.code, stranger.steps]).toEqual([1, upTo('TLS')]);
    expect(stranger.wrong).toContain('tls-untrusted');
    expect(stranger.remedy).toContain('compare the roots');

    await start({ cert: join(pki, 'server-chain.pem'), key: join(pki, 'server.key.pem') }, wrong.otherRoot.serca);
    const refused = await doctor(bench);
    expect([refused.code, refused.steps]).toEqual([1, upTo('TLS')]);
    expect(refused.wrong).toContain('tls-refused');
    expect(refused.remedy).toContain('the server refused our certificate');

    await start(wrong.expiredServer, join(pki, 'serca.pem'));
    expect((await doctor(bench)).wrong).toContain('tls-expired');
    await start(wrong.wrongNameServer, join(pki, 'serca.pem'));
    expect((await doctor(bench)).wrong).toContain('tls-name');
  });
});

describe('what the server says', () => {
  test.each<readonly [string, Misdeed, string]>([
    ['is not found', { kind: 'status', status: 404 }, 'check the address'],
    ['is a web page', { kind: 'damage', damage: 'junk' }, 'must be the one of DeviceCapability'],
    ['is another resource', { kind: 'damage', damage: 'foreign' }, 'must be the one of DeviceCapability'],
    ['is an error', { kind: 'status', status: 500 }, 'the server is not well'],
  ])('DeviceCapability %s', async (_, misdeed, advice) => {
    stage(bench.server.state, { kinds: ['dcap'] }, misdeed);
    const { code, steps, remedy } = await doctor(bench);
    expect([code, steps]).toEqual([1, upTo('dcap')]);
    expect(remedy).toContain(advice);
  });

  test('the registration: not there, not served, of another PIN', async () => {
    const { state } = bench.server;
    stage(state, { kinds: ['edev-list'] }, { kind: 'status', status: 500 });
    const unserved = await doctor(bench);
    expect([unserved.code, unserved.steps]).toEqual([1, upTo('registration')]);
    expect(unserved.remedy).toContain('tell the utility');
    unstage(state);

    await writeFile(join(bench.directory, 'config', 'secrets', 'pin'), '123455\n');
    const pin = await doctor(bench);
    expect([pin.code, pin.steps]).toEqual([1, upTo('registration')]);
    expect(pin.wrong).toContain('PIN');
    expect(pin.remedy).toContain('gridward csip recheck');

    const [own] = state.devices.values();
    if (own === undefined) throw new Error('no device is registered');
    removeDevice(state, own.lfdi);
    const unknown = await doctor(bench);
    registerDevice(state, own.lfdi, own.sfdi, Date.now() / 1000);
    expect([unknown.code, unknown.steps]).toEqual([1, upTo('dcap')]);
    expect(unknown.remedy).toContain(`have LFDI ${own.lfdi} registered`);
  });
});

test('a server of CSIP-AUS v1.3 is met as the profile says, by its version', async () => {
  const { accept, contentType } = v13;
  const latest = await startBench({
    utility: { extension: '1.3' },
    profile: { discovery: 'well-known', csipAus: '1.3', accept, contentType },
  });
  const { code, steps, text } = await doctor(latest);
  expect([code, steps], text).toEqual([0, WELL.toSpliced(WELL.indexOf('ok dcap'), 0, 'ok version')]);
  expect((await gridward(latest, ['csip', 'show'])).code).toBe(0);
  await latest.close();
});

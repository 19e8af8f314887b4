import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { locateServer } from '#app/config/locate.ts';
import { dnsResolver } from '#platform/dns/resolver.ts';
import { httpClient } from '#platform/http/client.ts';
import { type DnsServer, startDnsServer, type Zone } from '../../rig/utility/dns-server.ts';
import { defaultOptions, exampleScenario } from '../../rig/utility/options.ts';
import { makePki } from '../../rig/utility/pki.ts';
import { startUtilityServer } from '../../rig/utility/server.ts';
import { createUtility } from '../../rig/utility/state.ts';

const DOMAIN = 'utility.example';
const SERVICE = `_smartenergy._tcp.${DOMAIN}`;
const INSTANCE = `Server-005123456789.${SERVICE}`;
const SFDI = 5_123_456_789;

let server: DnsServer | null = null;
afterEach(async () => {
  await server?.stop();
  server = null;
});

const located = async (zone: Zone): Promise<string> => {
  server = await startDnsServer(zone);
  const found = await locateServer(dnsResolver([server.address]), DOMAIN, SFDI);
  return found.ok ? found.value : `fault: ${found.fault}`;
};

const zone = (strings: readonly string[]): Zone => ({
  ptr: { [SERVICE]: [INSTANCE] },
  srv: { [INSTANCE]: { host: 'sep.utility.example', port: 8080 } },
  txt: { [INSTANCE]: strings },
});

test('a domain alone leads to DeviceCapability: host of the SRV, port of the key https, path of dcap', async () => {
  expect(await located(zone(['txtvers=1', 'dcap=/sep2/dcap', 'https=8443', 'level=-S1', 'other']))).toBe(
    'https://sep.utility.example:8443/sep2/dcap',
  );
  expect(server?.asked[0]).toBe(`ptr edev-005123456789._sub.${SERVICE}`);
});

test('the server that knows this device goes before the others', async () => {
  const mine = `Mine.${SERVICE}`;
  const all = zone(['txtvers=1', 'dcap=/dcap', 'https']);
  const found = await located({
    ptr: { ...all.ptr, [`edev-005123456789._sub.${SERVICE}`]: [mine] },
    srv: { ...all.srv, [mine]: { host: 'own.utility.example', port: 80 } },
    txt: { ...all.txt, [mine]: ['txtvers=1', 'DCAP=/own', 'dcap=/second', 'https='] },
  });
  expect(found).toBe('https://own.utility.example/own');
});

test('the service itself may be the only name', async () => {
  const found = await located({
    srv: { [SERVICE]: { host: 'sep.utility.example', port: 80 } },
    txt: { [SERVICE]: ['txtvers=1', 'dcap=dcap', 'https='] },
  });
  expect(found).toBe('https://sep.utility.example/dcap');
});

test.each([
  ['without https', ['txtvers=1', 'dcap=/dcap'], 'no https'],
  ['of another version', ['txtvers=2', 'dcap=/dcap', 'https='], 'txtvers=1'],
  ['whose version is not first', ['dcap=/dcap', 'txtvers=1', 'https='], 'txtvers=1'],
  ['without a path', ['txtvers=1', 'https='], 'no path'],
  ['with a port that is none', ['txtvers=1', 'dcap=/dcap', 'https=80443x'], 'https port'],
] as const)('a server %s is none for us, and the reason is said', async (_, strings, reason) => {
  expect(await located(zone(strings))).toContain(reason);
});

test('nothing there, and nobody who answers', async () => {
  expect(await located({})).toBe(`fault: ${DOMAIN} offers no _smartenergy._tcp`);
  await server?.stop();
  const address = server?.address ?? '';
  server = null;
  const lost = await locateServer(dnsResolver([address]), DOMAIN, SFDI);
  expect(lost.ok ? '' : lost.fault).toMatch(/^DNS: /);
});

test('what was located is the real server', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'gw-dns-'));
  const pki = await makePki(directory);
  const options = { seed: 3, startedAt: Date.now() / 1000, scenario: exampleScenario([]), devices: [pki.device] };
  const state = createUtility(defaultOptions(options));
  const utility = await startUtilityServer({ state, cert: pki.server.cert, key: pki.server.key, ca: pki.serca });
  const url = new URL(utility.url);
  const found = await located({
    ptr: { [SERVICE]: [INSTANCE] },
    srv: { [INSTANCE]: { host: 'localhost', port: 1 } },
    txt: { [INSTANCE]: ['txtvers=1', `dcap=${url.pathname}`, `https=${url.port}`] },
  });
  const identity = {
    certificate: await readFile(pki.device.cert, 'utf8'),
    key: await readFile(pki.device.key, 'utf8'),
    trust: await readFile(pki.serca, 'utf8'),
  };
  const client = httpClient(identity, { serverLFDI: null, chainRule: null });
  const headers = { accept: 'application/sep+xml' };
  const reply = await client.request({ method: 'GET', url: found, headers, body: null });
  expect(reply.ok ? reply.value.status : reply.fault).toBe(200);
  await client.close();
  await utility.stop();
  await rm(directory, { recursive: true });
});

/** northd with a domain alone: DNS says where the server is, and is asked again when it is not there any more. */
import { afterEach, expect, test } from 'vitest';
import { startDnsServer, type DnsServer, type Zone } from '../../rig/utility/dns-server.ts';
import { startUtilityServer, type UtilityServer } from '../../rig/utility/server.ts';
import { startBench, type Bench } from './bench.ts';

const DOMAIN = 'utility.example';
const SERVICE = `_smartenergy._tcp.${DOMAIN}`;
const INSTANCE = `Server.${SERVICE}`;

const zoneOf = ({ url }: { readonly url: string }): Zone => {
  const { pathname, port } = new URL(url);
  return {
    ptr: { [SERVICE]: [INSTANCE] },
    srv: { [INSTANCE]: { host: 'localhost', port: 1 } },
    txt: { [INSTANCE]: ['txtvers=1', `dcap=${pathname}`, `https=${port}`] },
  };
};

let bench: Bench | null = null;
let dns: DnsServer | null = null;
let second: UtilityServer | null = null;
afterEach(async () => {
  await bench?.close();
  await second?.stop();
  await dns?.stop();
  [bench, dns, second] = [null, null, null];
});

test('a server that moved is found again by its domain, and what it says goes on', { timeout: 120_000 }, async () => {
  dns = await startDnsServer({});
  const running = await startBench({ url: DOMAIN, nameServers: dns.address });
  bench = running;
  const events = (event: string): readonly string[] =>
    running
      .lines()
      .filter((line) => line.event === event)
      .map(({ text }) => text);
  const sets = (): number => running.received.filter(({ type }) => type === 'program-set').length;
  running.start();
  await running.until('DNS that says nothing is told of', () => events('server-unknown').length === 1);
  dns.serve(zoneOf(running.server));
  await running.until('a program set', () => sets() > 0, 60);
  expect(events('server-located')).toHaveLength(1);

  // The same utility at another port, and nobody at the old one.
  second = await startUtilityServer({ state: running.server.state, ...running.serverFiles });
  await running.server.goDown();
  await running.until('the server is told down', () => events('utility-down').length === 1);
  const asked = dns.asked.length;
  await running.until('DNS is asked again', () => (dns?.asked.length ?? 0) > asked, 60);
  expect(events('server-moved')).toEqual([]);
  dns.serve(zoneOf(second));
  const before = sets();
  await running.until('walks at the new place', () => sets() > before, 90);
  expect(events('server-moved')).toHaveLength(1);
  expect(events('server-moved')[0]).toContain(new URL(second.url).port);
  expect(events('server-unknown')).toHaveLength(1);
});

/** Redirects, version, TLS and chains: what lies below the resources. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { httpClient } from '#platform/http/client.ts';
import { chainProblem } from '#utility/identity/chain.ts';
import { setAssignments } from '../../rig/utility/commands.ts';
import { defaultOptions, exampleScenario } from '../../rig/utility/options.ts';
import { makePathPki, makePki, type Issued, type PathPki, type Pki } from '../../rig/utility/pki.ts';
import { startUtilityServer, type TlsCounts } from '../../rig/utility/server.ts';
import { stage } from '../../rig/utility/stage.ts';
import { createUtility } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answersTo, get } from './criteria.ts';
import { requirement } from './requirement.ts';

const BAND = 100;
const LIMIT = 1500;

requirement(['ERR-001'], 'a DeviceCapability that moved is followed, also when it moves on', async (evidence) => {
  const gateway = new VirtualGateway();
  stage(gateway.state, { kinds: ['dcap'] }, { kind: 'redirect', status: 301, hops: 2, origin: 'https://utility.example' });
  await gateway.start().until(200);
  evidence.requests(gateway, 'told that it moved', ({ resource, status }) => resource === 'dcap' && status === 301);
  evidence.requests(gateway, 'asked where it is now', (each) => get('dcap')(each) && each.query.includes('hop=2'));
  evidence.requests(gateway, 'walks on', get('control-list'));
  evidence.site('export at the default', gateway.truth.mostExport(20, 200), { most: LIMIT + BAND });
});

const versions = (served: unknown) => ({
  profile: 'csip-aus-v1.3',
  utility: { extension: '1.3', wellKnown: () => ({ supportedSchemaVersions: served }) } as const,
});
const V13 = 'https://csipaus.org/ns/v1.3';
const isWellKnown = ({ path }: { readonly path: string }): boolean => path === '/.well-known/csipaus';

requirement(['SDVN-01'], 'only a good entry of the versions served is used, and nothing is guessed', async (evidence) => {
  const bad = { 'https://other.example/ns': { dcap: ['/other'] }, [V13]: { dcap: [] } };
  for (const served of [bad, { [V13]: null }, null]) {
    const refused = await new VirtualGateway(versions(served)).start().until(120);
    evidence.requests(refused, 'asks for the versions', isWellKnown);
    evidence.never(refused, 'no address is guessed', (each) => !isWellKnown(each));
  }
  const good = await new VirtualGateway({ profile: 'csip-aus-v1.3', utility: { extension: '1.3' } }).start().until(120);
  evidence.requests(good, 'asks for the versions', isWellKnown, { until: 10 });
  evidence.requests(good, 'goes to the address stated', get('dcap'));
  evidence.never(good, 'the version is named in every media type', ({ status }) => status === 406 || status === 415);
});

requirement(
  ['CORE-011', 'P24', 'P27'],
  '15 assignments of 15 programs, one without any: the best event counts',
  async (evidence) => {
    const programs = Array.from({ length: 15 }, (_, index) => ({
      name: `p${index}`,
      primacy: 20 - index,
      default: index === 14 ? { opModExpLimW: 5000 } : { opModExpLimW: 8000 },
    }));
    const gateway = new VirtualGateway({ scenario: { programs } });
    const names = programs.map(({ name }) => name);
    setAssignments(gateway.state, [[], ...names.slice(0, 13).map((name) => [name]), names.slice(13)]);
    await gateway.start().until(120);
    const worse = { program: 'p0', startsIn: 60, durationSeconds: 120, modes: { opModExpLimW: 900 } };
    const [beaten, best] = [gateway.publish(worse), gateway.publish({ ...worse, program: 'p13', modes: { opModExpLimW: 3000 } })];
    await gateway.until(420);
    for (const { name } of programs)
      evidence.requests(
        gateway,
        `reads the controls of ${name}`,
        (each) => get('control-list')(each) && pathOf(gateway, name) === each.path,
      );
    evidence.site('default of the best program', gateway.truth.mostExport(60, 179), { least: 4800, most: 5000 + BAND });
    evidence.site('event of the better program', gateway.truth.meanExport(215, 295), { least: 2800, most: 3000 + BAND });
    expect([answersTo(gateway, best), answersTo(gateway, beaten)]).toEqual([
      [1, 2, 3],
      [1, 7],
    ]);
  },
);

const pathOf = ({ state }: VirtualGateway, program: string): string | null =>
  [...state.hrefs.byPath].find(([, { kind, item }]) => kind === 'control-list' && item === program)?.[0] ?? null;

let directory = '';
let pki: Pki;
let paths: PathPki;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gw-transport-'));
  pki = await makePki(directory);
  paths = await makePathPki(directory);
});
afterAll(async () => await rm(directory, { recursive: true }));

/** What a GET of DeviceCapability at a server with this certificate comes to, and what the server saw of it. */
const meet = async (
  server: Issued,
  trust = pki.serca,
): Promise<{ readonly came: string; readonly tls: TlsCounts; readonly asked: number }> => {
  const options = defaultOptions({ seed: 1, startedAt: Date.now() / 1000, scenario: exampleScenario(), devices: [pki.device] });
  const running = await startUtilityServer({ state: createUtility(options), cert: server.cert, key: server.key, ca: pki.serca });
  const text = async (path: string): Promise<string> => await readFile(path, 'utf8');
  const identity = { certificate: await text(pki.device.cert), key: await text(pki.device.key), trust: await text(trust) };
  const client = httpClient(identity, { serverLFDI: null, chainRule: chainProblem });
  const headers = { accept: 'application/sep+xml' };
  const reply = await client.request({ method: 'GET', url: running.url, headers, body: null });
  await client.close();
  const seen = { tls: running.tls(), asked: running.state.exchanges };
  await running.stop();
  return { came: reply.ok ? `HTTP ${reply.value.status}` : reply.fault.kind, ...seen };
};

requirement(['COMM-003'], 'TLS 1.2 with the one suite of the standard, both sides with certificates', async (evidence) => {
  const { came, tls, asked } = await meet(pki.server);
  expect([came, asked]).toEqual(['HTTP 200', 1]);
  // The rig offers ECDHE-ECDSA-AES128-CCM8 over TLS 1.2 and P-256 alone, and demands a certificate of its own root.
  evidence.wire('handshake with the suite of the standard', tls.handshakes);
});

requirement(
  ['COMM-004'],
  'chains of 2, 3 and 4 are taken, those of other rules refused before anything is asked',
  async (evidence) => {
    for (const issued of paths.good) {
      const { came, tls } = await meet(issued);
      expect(came).toBe('HTTP 200');
      evidence.wire('chain taken', tls.handshakes);
    }
    const refused = [
      ...Object.values(paths.refused).map((issued) => meet(issued)),
      meet(paths.selfSigned, paths.selfSigned.cert),
    ];
    for (const { came, asked } of await Promise.all(refused)) expect([came, asked]).toEqual(['tls-untrusted', 0]);
    evidence.wire('chains refused', refused.length);
  },
);

import { expect } from 'vitest';
import { stage } from '../../rig/utility/stage.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo, get, told } from './criteria.ts';
import { requirement } from './requirement.ts';

const WELL_KNOWN = '/.well-known/csipaus';
const isVersions = ({ path }: { readonly path: string }): boolean => path === WELL_KNOWN;

requirement(['SDVN-01'], 'of the versions served only a good entry is used, and nothing before it', async (evidence) => {
  let served: (dcap: string) => unknown = () => ({
    supportedSchemaVersions: { 'https://csipaus.org/ns/v99.99': { dcap: ['/none'] } },
  });
  const wellKnown = (dcap: string): unknown => served(dcap);
  const gateway = new VirtualGateway({
    profile: 'csip-aus-v1.3',
    utility: { extension: '1.3', wellKnown },
  }).start();
  await gateway.until(400);
  served = () => ({ supportedSchemaVersions: 'none' });
  await gateway.until(900);
  served = () => ({ supportedSchemaVersions: {} });
  await gateway.until(1400);
  const asked = evidence.requests(gateway, 'asks for the versions', isVersions);
  expect(asked.length).toBeGreaterThanOrEqual(3);
  evidence.never(gateway, 'nothing without a good entry', (each) => !isVersions(each), { until: 1400 });
  served = (dcap) => ({
    supportedSchemaVersions: {
      'https://csipaus.org/ns/v99.99': { dcap: ['/none'] },
      'https://csipaus.org/ns/v1.3': { dcap: [dcap] },
    },
  });
  await gateway.until(1900);
  evidence.requests(gateway, 'then DeviceCapability of the good one', get('dcap'), { from: 1400 });
  evidence.requests(gateway, 'and tells its capability', told('DERCapability'), { from: 1400 });
  evidence.never(gateway, 'no path of a bad entry', ({ path }) => path === '/none' || path === '/dcap');
});

requirement(['ERR-001'], 'a DeviceCapability that moved is followed', async (evidence) => {
  for (const status of [301, 302] as const) {
    const gateway = new VirtualGateway();
    stage(gateway.state, { kinds: ['dcap'] }, { kind: 'redirect', status, hops: 1 });
    await gateway.start().until(120);
    evidence.requests(gateway, `is sent on with ${status}`, (each) => each.resource === 'dcap' && each.status === status);
    evidence.requests(gateway, 'reads it there', get('dcap'));
    evidence.requests(gateway, 'and goes on', get('program-list'));
  }
});

requirement(['CORE-012'], 'the best control with a curve of ten points: read, begun and completed on time', async (evidence) => {
  const points = Array.from({ length: 10 }, (_, index) => ({ x: 90 + 2 * index, y: 40 - 8 * index }));
  const curves = [{ name: 'vv', curveType: 11, points, yRefType: 2 }];
  const scenario = {
    programs: [
      { name: 'site', primacy: 1, default: { opModExpLimW: 1500 }, curves },
      { name: 'system', primacy: 9, default: { opModExpLimW: 500 } },
    ],
  };
  const gateway = await new VirtualGateway({ scenario }).start().until(60);
  const event = gateway.publish({
    program: 'site',
    startsIn: 120,
    durationSeconds: 120,
    modes: { opModExpLimW: 5000, opModVoltVar: 'vv' },
  });
  await gateway.until(420);
  evidence.requests(gateway, 'reads the curve', ({ method, resource }) => method === 'GET' && /curve/.test(resource ?? ''));
  evidence.site('export before', gateway.truth.mostExport(100, 178), { least: 1400, most: 1600 });
  evidence.site('export under it', gateway.truth.mostExport(195, 298), { least: 4800, most: 5100 });
  expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'completes', answered(3));
});

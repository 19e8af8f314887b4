import { expect } from 'vitest';
import type { Exchange } from '../../rig/utility/journal.ts';
import { steps } from '../../rig/site/profile.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { secondOf, told } from './criteria.ts';
import { requirement } from './requirement.ts';

const RATED_W = 10_000;
/** uom of ReadingType. */
const WATTS = 38;
const VAR = 63;
const VOLTS = 29;
const HERTZ = 33;
/** roleFlags of the site's mirror and the DER's. */
const SITE = '0003';
const DER = '0049';
const CONNECTED = 1;

const isPost = ({ resource, method, status }: Exchange): boolean => resource === 'mup' && method === 'POST' && status < 300;
const valueOf = (body: Exchange['body'], name: string): number => {
  const part = body?.[name] as { readonly value?: unknown } | undefined;
  const { value } = part ?? {};
  return typeof value === 'string' ? Number.parseInt(value, 16) : Number(value);
};
const watts = (body: Exchange['body'], name: string): number => {
  const part = body?.[name] as { readonly value?: number; readonly multiplier?: number } | undefined;
  return Number(part?.value) * 10 ** (part?.multiplier ?? 0);
};

requirement(
  ['ALL-09', 'CORE-014', 'P4', 'P43', 'G28', 'G29', 'P29'],
  'capability, settings and status once at start: settings within ratings, modes told',
  async (evidence) => {
    const gateway = await new VirtualGateway().start().until(600);
    const [capability] = evidence.requests(gateway, 'tells capability', told('DERCapability'));
    const [settings] = evidence.requests(gateway, 'tells settings', told('DERSettings'));
    evidence.requests(gateway, 'tells status', told('DERStatus'));
    expect(watts(capability?.body ?? null, 'rtgMaxW')).toBe(RATED_W);
    expect(watts(settings?.body ?? null, 'setMaxW')).toBeLessThanOrEqual(RATED_W);
    expect(capability?.body).toHaveProperty('doeModesSupported');
    expect(capability?.body).toHaveProperty('modesSupported');
    expect(settings?.body).toHaveProperty('doeModesEnabled');
    expect(settings?.body).toHaveProperty('setGradW');
    expect(evidence.requests(gateway, 'capability once', told('DERCapability'))).toHaveLength(1);
    expect(evidence.requests(gateway, 'settings once', told('DERSettings'))).toHaveLength(1);
  },
);

requirement(['ALL-07'], 'genConnectStatus bit 0 follows an inverter that is unplugged and comes back', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(120);
  const silent = (isSilent: boolean): void => {
    gateway.line.sync();
    gateway.site.inverter.fault(gateway.line.siteNow, { silent: isSilent });
  };
  silent(true);
  const gone = gateway.now;
  await gateway.run(300);
  const bit = (each: Exchange): number => valueOf(each.body, 'genConnectStatus') & CONNECTED;
  evidence.requests(gateway, 'tells bit 0 clear', (each) => told('DERStatus')(each) && bit(each) === 0, {
    from: gone,
    until: gone + 300,
  });
  silent(false);
  const back = gateway.now;
  await gateway.run(180);
  evidence.requests(gateway, 'tells it set', (each) => told('DERStatus')(each) && bit(each) === CONNECTED, { from: back });
});

requirement(['ALL-08'], 'operationalModeStatus 2, 1 without a source, 2 again', async (evidence) => {
  const sun = steps([
    [0, RATED_W],
    [240, 0],
    [700, RATED_W],
  ]);
  const gateway = await new VirtualGateway({ site: { plant: { sun } } }).start().until(1100);
  const mode =
    (value: number) =>
    (each: Exchange): boolean =>
      told('DERStatus')(each) && valueOf(each.body, 'operationalModeStatus') === value;
  evidence.requests(gateway, 'tells 2', mode(2), { until: 240 });
  evidence.requests(gateway, 'tells 1 without a source', mode(1), { from: 240, until: 700 });
  evidence.requests(gateway, 'tells 2 again', mode(2), { from: 700 });
});

requirement(
  ['ALL-29', 'G23', 'G25', 'G26', 'P41', 'BASIC-029'],
  'readings of site and DER agree with the site at limits of 200, 30, 20, 10 and 0 %',
  async (evidence) => {
    const load = 1000;
    const scenario = { programs: [{ name: 'site', primacy: 0, default: { opModExpLimW: 5000 }, settings: { setGradW: 600 } }] };
    const gateway = await new VirtualGateway({ scenario, site: { plant: { load: () => load } } }).start().until(120);
    for (const [index, share] of [200, 30, 20, 10, 0].entries())
      gateway.publish({
        program: 'site',
        startsIn: 120 + 120 * index,
        durationSeconds: 120,
        modes: { opModExpLimW: 100 * share },
      });
    await gateway.until(1000);
    const { readings } = gateway.state.journal;
    const of = (role: string, uom: number) => readings.filter((reading) => reading.roleFlags === role && reading.uom === uom);
    for (const uom of [WATTS, VAR, VOLTS]) expect(of(SITE, uom).length, `site ${uom}`).toBeGreaterThanOrEqual(8);
    for (const uom of [WATTS, VAR]) expect(of(DER, uom).length, `DER ${uom}`).toBeGreaterThanOrEqual(8);
    expect([...of(SITE, HERTZ), ...of(DER, HERTZ)].length).toBeGreaterThanOrEqual(8);
    for (const reading of of(SITE, WATTS)) {
      const start = secondOf({ at: Number(reading.start) });
      expect(start % 60).toBe(0);
      const seen = gateway.truth.meanExport(start, start + Number(reading.duration));
      // Positive is into the site.
      evidence.site(`error of the site's watts from ${start} s`, reading.value + seen, { least: -100, most: 100 });
    }
    evidence.requests(gateway, 'creates both mirrors', told('MirrorUsagePoint'));
    evidence.requests(gateway, 'posts readings', isPost);
  },
);

requirement(['G24', 'G27'], 'a silent meter: no value is sent for it, and never 0', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(300);
  const count = (): number => gateway.state.journal.readings.filter(({ roleFlags }) => roleFlags === SITE).length;
  evidence.requests(gateway, 'posts readings', isPost, { until: 300 });
  gateway.line.sync();
  gateway.site.meter.fault(gateway.line.siteNow, { silent: true });
  await gateway.until(480);
  const before = count();
  await gateway.until(900);
  expect(count()).toBe(before);
  expect(gateway.state.journal.readings.filter(({ uom, value }) => uom === VOLTS && value === 0)).toEqual([]);
  evidence.requests(gateway, 'the DER goes on', isPost, { from: 600 });
});

requirement(
  ['G30', 'P44', 'BASIC-028'],
  'status at its rate, with the state of the inverter and when it was so',
  async (evidence) => {
    const gateway = await new VirtualGateway().start().until(900);
    const all = evidence.requests(gateway, 'tells status', told('DERStatus'));
    expect(all.length).toBeGreaterThanOrEqual(12);
    for (const { body, at } of all) {
      expect(Number(body?.['readingTime'])).toBeLessThanOrEqual(at + 1);
      expect(body).toHaveProperty('operationalModeStatus');
      expect(body).toHaveProperty('genConnectStatus');
      expect(body).toHaveProperty('inverterStatus');
    }
  },
);

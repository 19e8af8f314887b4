import { expect } from 'vitest';
import type { Exchange } from '../../rig/utility/journal.ts';
import { steps } from '../../rig/site/profile.ts';
import type { GatewayOptions } from '../../support/gateway/settings.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { secondOf, told } from './criteria.ts';
import { requirement } from './requirement.ts';

/** Two inverters behind one meter. */
const FIRST_W = 6000;
const SECOND_W = 4000;
const SET_GRAD_W = 100;
const DER = '0049';
const SITE = '0003';
const WATTS = 38;
/** genConnectStatus: connected, available, operating. */
const ALL_BITS = 0b111;

const pair = (load: (at: number) => number, more: Partial<GatewayOptions> = {}): GatewayOptions => ({
  site: { plant: { ratedW: FIRST_W, sun: () => FIRST_W, load } },
  others: [{ plant: { ratedW: SECOND_W, sun: () => SECOND_W } }],
  scenario: { programs: [{ name: 'site', primacy: 0, default: { opModExpLimW: 20_000 }, settings: { setGradW: SET_GRAD_W } }] },
  ...more,
});

const partOf = (body: Exchange['body'], name: string): unknown =>
  (body?.[name] as { readonly value?: unknown } | undefined)?.value;
const wattsOf = (body: Exchange['body'], name: string): number => {
  const part = body?.[name] as { readonly value?: number; readonly multiplier?: number } | undefined;
  return Number(part?.value) * 10 ** (part?.multiplier ?? 0);
};

const says =
  (mode: number, bits: number) =>
  (each: Exchange): boolean =>
    told('DERStatus')(each) &&
    Number(partOf(each.body, 'operationalModeStatus')) === mode &&
    (Number.parseInt(String(partOf(each.body, 'genConnectStatus')), 16) & ALL_BITS) === bits;

requirement(['MUL-01'], 'one of two inverters off: the site is connected still; both off: it is not', async (evidence) => {
  const gateway = await new VirtualGateway(pair(() => 500)).start().until(180);
  const silence = (index: number, silent: boolean): number => {
    gateway.line.sync();
    gateway.site.inverters[index]?.fault(gateway.line.siteNow, { silent });
    return gateway.now;
  };
  evidence.requests(gateway, 'tells all bits and mode 2', says(2, ALL_BITS), { until: 180 });
  const one = silence(0, true);
  await gateway.run(300);
  const both = silence(1, true);
  evidence.requests(gateway, 'goes on with one', says(2, ALL_BITS), { from: one + 90, until: both });
  evidence.never(gateway, 'a cleared bit with one', says(1, 0), { from: one, until: both });
  await gateway.run(300);
  const back = silence(0, false);
  evidence.requests(gateway, 'tells no bit and mode 1', says(1, 0), { from: both, until: back });
  await gateway.run(240);
  evidence.requests(gateway, 'tells them again with one back', says(2, ALL_BITS), { from: back });
});

requirement(['MUL-02'], 'the readings are the sums, at loads of 10, 200 and 0 %', async (evidence) => {
  const rated = FIRST_W + SECOND_W;
  const load = steps([
    [0, 0.1 * rated],
    [300, 2 * rated],
    [600, 0],
  ]);
  const gateway = await new VirtualGateway(pair(load)).start().until(900);
  const { readings } = gateway.state.journal;
  for (const [role, of] of [
    [SITE, (from: number, until: number) => 0 - gateway.truth.meanExport(from, until)],
    [DER, (from: number, until: number) => gateway.truth.meanGeneration(from, until)],
  ] as const) {
    const mine = readings.filter(({ roleFlags, uom }) => roleFlags === role && uom === WATTS);
    expect(mine.length).toBeGreaterThanOrEqual(8);
    for (const { start, duration, value } of mine) {
      const from = secondOf({ at: Number(start) });
      const error = value - of(from, from + Number(duration));
      evidence.site(`error of ${role} watts from ${from} s`, error, { least: -150, most: 150 });
    }
  }
  evidence.requests(gateway, 'posts readings', (each) => each.resource === 'mup' && each.method === 'POST');
});

requirement(['MUL-03'], 'ratings and settings are summed, and told anew when one of them changes', async (evidence) => {
  const gateway = await new VirtualGateway(pair(() => 500)).start().until(180);
  const [capability] = evidence.requests(gateway, 'tells capability', told('DERCapability'));
  const before = evidence.requests(gateway, 'tells settings', told('DERSettings'));
  expect(wattsOf(capability?.body ?? null, 'rtgMaxW')).toBe(FIRST_W + SECOND_W);
  expect(wattsOf(before.at(-1)?.body ?? null, 'setMaxW')).toBe(FIRST_W + SECOND_W);
  gateway.line.sync();
  gateway.site.inverters[1]?.setMaxPower(gateway.line.siteNow, SECOND_W / 2);
  await gateway.run(180);
  const after = evidence.requests(gateway, 'tells the settings again', told('DERSettings'), { from: 180 });
  expect(wattsOf(after.at(-1)?.body ?? null, 'setMaxW')).toBe(FIRST_W + SECOND_W / 2);
  expect(after.at(-1)?.body).toHaveProperty('setGradW');
  evidence.site('generation', gateway.truth.generationAt(gateway.now - 1), { most: FIRST_W + SECOND_W / 2 + 50 });
});

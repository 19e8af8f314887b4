/** A limit of each phase: the worst of them binds, whatever the site as a whole may do. */
import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { steps } from '../rig/site/profile.ts';
import type { Truth } from '../rig/site/plant.ts';
import { Gateway, RATED_W, says } from './modes/gateway.ts';

const LIMIT_W = 1500;
const BAND_W = 60;
/** What the rig's load takes of each phase. */
const LOAD_SHARES = [0.45, 0.3, 0.25] as const;
const FREE = says({ opModExpLimW: watts(RATED_W) }, null, []);

const PER_PHASE = { commissioned: { exportW: null, generationW: null, exportPerPhaseW: LIMIT_W } };

/** Most that a phase exported in a span of seconds. `fed`: parts of the generation that go to a, b and c. */
const worst = (gateway: Gateway, [from, until]: readonly [number, number], fed: readonly number[]): number =>
  Math.max(
    ...gateway.truth
      .filter(({ t }) => t >= from * 1000 && t < until * 1000)
      .flatMap(({ generation, netExport }: Truth) => {
        const load = generation - netExport;
        return LOAD_SHARES.map((share, phase) => (fed[phase] ?? 0) * generation - share * load);
      }),
  );

const THIRDS = [1 / 3, 1 / 3, 1 / 3];

describe('a limit of each phase', () => {
  it('holds on the phase with the least load, through steps of the load, and uses what it leaves', async () => {
    const load = steps([
      [0, 3000],
      [90, 800],
      [180, 4000],
    ]);
    const gateway = await new Gateway(0, 1, { load, local: PER_PHASE }).until(3);
    gateway.say(FREE);
    await gateway.until(270);
    expect(worst(gateway, [20, 90], THIRDS)).toBeLessThan(LIMIT_W + BAND_W);
    expect(worst(gateway, [60, 90], THIRDS)).toBeGreaterThan(LIMIT_W - 100);
    expect(worst(gateway, [95, 180], THIRDS)).toBeLessThan(LIMIT_W + BAND_W);
    expect(worst(gateway, [200, 270], THIRDS)).toBeLessThan(LIMIT_W + BAND_W);
    expect(worst(gateway, [250, 270], THIRDS)).toBeGreaterThan(LIMIT_W - 100);
  });

  it('holds on the one phase that a single-phase inverter feeds', async () => {
    const gateway = await new Gateway(2000, 1, { meter: { feeds: ['B'] }, phase: 'b', local: PER_PHASE }).until(3);
    gateway.say(FREE);
    await gateway.until(90);
    expect(worst(gateway, [20, 90], [0, 1, 0])).toBeLessThan(LIMIT_W + BAND_W);
    expect(worst(gateway, [60, 90], [0, 1, 0])).toBeGreaterThan(LIMIT_W - 100);
  });

  it('counts on no load of any phase while the meter is silent', async () => {
    const gateway = await new Gateway(3000, 1, { local: PER_PHASE }).until(3);
    gateway.say(FREE);
    await gateway.until(60);
    expect(gateway.generationAt(59)).toBeGreaterThan(3 * LIMIT_W + 500);
    gateway.unplugMeter();
    await gateway.until(90);
    expect(gateway.generationAt(75)).toBeLessThanOrEqual(3 * LIMIT_W);
    expect(gateway.generationAt(89)).toBeGreaterThan(2.8 * LIMIT_W);
  });
});

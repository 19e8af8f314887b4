/** A meter that the inverter reads for us: another unit of the same host, older than a meter of its own, and gone when the host sleeps. */
import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { steps } from '../rig/site/profile.ts';
import { Gateway, RATED_W, says } from './modes/gateway.ts';

const LIMIT_W = 2000;
const BAND_W = 100;
const HOSTED = { meter: { ageMs: 600, refreshMs: 1000 }, meterProfile: 'fronius-meter' };
const LIMITED = says({ opModExpLimW: watts(LIMIT_W) }, null, []);

const most = (gateway: Gateway, from: number, until: number): number =>
  Math.max(...gateway.truth.filter(({ t }) => t >= from * 1000 && t < until * 1000).map(({ netExport }) => netExport));

describe('a meter behind the inverter', () => {
  it('holds the limit through steps of the load, with values as old as their host lets them be', async () => {
    const load = steps([
      [0, 3000],
      [60, 500],
      [120, 3500],
    ]);
    const gateway = await new Gateway(0, 1, { ...HOSTED, load }).until(3);
    gateway.say(LIMITED);
    await gateway.until(180);
    expect(most(gateway, 20, 59)).toBeLessThan(LIMIT_W + BAND_W);
    expect(most(gateway, 66, 119)).toBeLessThan(LIMIT_W + BAND_W);
    expect(gateway.exportAt(118)).toBeGreaterThan(0.9 * LIMIT_W);
    expect(gateway.exportAt(178)).toBeGreaterThan(0.9 * LIMIT_W);
  });

  it('is lost with its host at night: blind, and nothing to limit; in the morning it is capped before it is seen', async () => {
    const sun = steps([
      [0, RATED_W],
      [100, 0],
      [400, RATED_W],
    ]);
    const gateway = await new Gateway(500, 1, { ...HOSTED, sun, inverter: { wakes: 'keeps' } }).until(3);
    gateway.say(LIMITED);
    await gateway.until(130);
    gateway.meterFault({ silent: true });
    gateway.fault({ silent: true });
    const before = gateway.writes;
    await gateway.until(395);
    expect(gateway.writes).toBe(before);
    gateway.fault({ silent: false });
    await gateway.until(420);
    // Its host answers, the meter does not yet: no more than what holds without any load.
    expect(most(gateway, 401, 420)).toBeLessThan(LIMIT_W + BAND_W);
    expect(most(gateway, 416, 420)).toBeLessThanOrEqual(LIMIT_W - 500 + BAND_W);
    gateway.meterFault({ silent: false });
    await gateway.until(480);
    expect(most(gateway, 420, 480)).toBeLessThan(LIMIT_W + BAND_W);
    expect(gateway.exportAt(478)).toBeGreaterThan(0.9 * LIMIT_W);
  });
});

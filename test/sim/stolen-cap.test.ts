/** Another master switches the inverter's limit off: the output tells it, long before the next look at the registers would. */
import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { Gateway, says } from './modes/gateway.ts';

const LIMIT_W = 1500;
const BAND_W = 100;
const CONTROLS = 123;
/** WMaxLim_Ena, counted from the model's ID. */
const ENABLE = 9;

describe('a limit that another master takes away', () => {
  it.each([40.1, 41.7, 43.3, 45.2, 47.6, 49.4])('at %d s is inside again within 5 s', async (at) => {
    const gateway = await new Gateway(2000).until(3);
    gateway.say(says({ opModExpLimW: watts(LIMIT_W) }, null, []));
    await gateway.until(at);
    gateway.writeByHand(CONTROLS, ENABLE, 0);
    await gateway.until(75);
    const exported = (from: number, until: number): number =>
      Math.max(...gateway.truth.filter(({ t }) => t > 1000 * from && t <= 1000 * until).map(({ netExport }) => netExport));
    expect(exported(20, at)).toBeLessThan(LIMIT_W + BAND_W);
    expect(exported(at, at + 3)).toBeGreaterThan(LIMIT_W + 1000);
    expect(exported(at + 5, 75)).toBeLessThan(LIMIT_W + BAND_W);
  });
});

import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { control, Gateway, says } from './gateway.ts';

const limit = (value: number) => ({ opModExpLimW: watts(value) });

/** Within a tenth of the slope that was asked for. */
const expectSlope = (found: number, asked: number): void => {
  expect(found / asked).toBeGreaterThan(0.9);
  expect(found / asked).toBeLessThan(1.1);
};

describe('a ramp at the connection point', () => {
  it('takes the time rampTms says, falling, and setGradW back up', async () => {
    const gateway = await new Gateway().until(3);
    gateway.say(says(limit(8000), 167, [control('E', 60, 120, limit(2000), 6000)]));
    await gateway.until(260);
    expectSlope(gateway.slope(65, 115), -100);
    expect(gateway.exportAt(123)).toBeLessThan(2100);
    expectSlope(gateway.slope(185, 210), 167);
    expect(gateway.exportAt(175)).toBeLessThanOrEqual(2000);
    expect(gateway.exportAt(255)).toBeGreaterThan(7700);
  });

  it('is never over the line by more than the lag of the plant, nor over a rising one at all', async () => {
    const gateway = await new Gateway().until(3);
    gateway.say(says(limit(8000), 100, [control('E', 60, 120, limit(2000), 6000)]));
    await gateway.until(260);
    for (const { t, netExport } of gateway.truth) {
      const at = t / 1000;
      if (at > 62 && at < 180) expect(netExport).toBeLessThan(Math.max(2000, 8000 - (at - 60) * 100) + 150);
      if (at > 180 && at < 240) expect(netExport).toBeLessThan(2000 + (at - 180) * 100 + 20);
    }
  });

  it('starts at the present flow when that is below the old limit', async () => {
    const gateway = await new Gateway(6500).until(3);
    gateway.say(says(limit(8000), null, [control('E', 60, 120, limit(500), 6000)]));
    await gateway.until(130);
    expect(gateway.exportAt(59)).toBeCloseTo(3500, -2);
    expectSlope(gateway.slope(65, 115), -50);
  });

  it('follows setGradW from default to event and back for the generation limit too', async () => {
    const gateway = await new Gateway().until(3);
    gateway.say(says({}, 100, [control('E', 30, 90, { opModGenLimW: watts(4000) })]));
    await gateway.until(200);
    expectSlope(gateway.slope(35, 85), -100);
    expectSlope(gateway.slope(125, 170), 100);
    expect(gateway.generationAt(198)).toBeGreaterThan(9900);
  });

  it('is none from one event to the next, nor without a gradient', async () => {
    const gateway = await new Gateway().until(3);
    const events = [control('A', 30, 30, limit(2000)), control('B', 60, 30, limit(6000)), control('C', 90, 30, limit(1000))];
    gateway.say(says(limit(8000), 27, events.slice(1)));
    await gateway.until(20);
    gateway.say(says(limit(8000), null, events));
    await gateway.until(140);
    expect(gateway.exportAt(34)).toBeLessThanOrEqual(2000);
    expect(gateway.exportAt(75)).toBeGreaterThan(5700);
    expect(gateway.exportAt(94)).toBeLessThanOrEqual(1000);
    expect(gateway.exportAt(138)).toBeGreaterThan(7600);
  });

  it('goes from one event to the next by setGradW where the utility wants it so, and from one default to another', async () => {
    const gateway = await new Gateway().until(3);
    const events = [control('A', 30, 60, limit(3000)), control('B', 90, 60, limit(7000))];
    gateway.say(says(limit(8000), 100, events, { rampScope: 'all' }));
    await gateway.until(200);
    expectSlope(gateway.slope(35, 75), -100);
    expectSlope(gateway.slope(95, 125), 100);
    expect(gateway.exportAt(145)).toBeGreaterThan(6700);
    gateway.say(says(limit(4000), 100, events, { rampScope: 'all' }));
    await gateway.until(260);
    expectSlope(gateway.slope(205, 235), -100);
  });

  it('moves the share of setMaxW too', async () => {
    const gateway = await new Gateway().until(3);
    gateway.say(says({}, 100, [control('E', 30, 90, { opModMaxLimW: 40 }, 4000)]));
    await gateway.until(200);
    expectSlope(gateway.slope(35, 65), -150);
    expectSlope(gateway.slope(125, 170), 100);
  });

  it('back into service goes by setSoftGradW of the default', async () => {
    const gateway = await new Gateway(0).until(3);
    gateway.say(says({}, null, [control('E', 30, 30, { opModConnect: false })], { setSoftGradW: 100 }));
    await gateway.until(240);
    expect(gateway.generationAt(118)).toBeLessThan(200);
    expectSlope(gateway.slope(130, 200), 100);
    expect(gateway.generationAt(235)).toBeGreaterThan(9900);
  });

  it('goes on over a restart as if nothing had been', async () => {
    const told = async (dies: boolean): Promise<Gateway> => {
      const gateway = await new Gateway().until(3);
      gateway.say(says(limit(8000), 50, [control('E', 60, 120, limit(2000), 6000)]));
      await gateway.until(80);
      if (dies) gateway.kill().start();
      await gateway.until(200);
      if (dies) gateway.kill();
      await gateway.until(210);
      if (dies) gateway.start();
      return await gateway.until(330);
    };
    const [whole, broken] = await Promise.all([told(false), told(true)]);
    for (const at of [100, 110, 118, 150, 260, 280, 295]) {
      expect(Math.abs(broken.exportAt(at) - whole.exportAt(at))).toBeLessThan(250);
    }
    expectSlope(broken.slope(95, 118), -100);
    expectSlope(broken.slope(235, 290), 50);
  });

  it('does not delay a local limit: the blind cap holds in the middle of a ramp', async () => {
    const gateway = await new Gateway(3000).until(3);
    gateway.say(says(limit(6500), null, [control('E', 60, 200, limit(1000), 10_000)]));
    await gateway.until(70);
    gateway.unplugMeter();
    await gateway.until(80);
    expect(gateway.exportAt(69)).toBeGreaterThan(5500);
    // Without a meter no load is relied on: the limit of the moment caps the inverter itself.
    expect(gateway.generationAt(76)).toBeLessThan(6500 - 55 * 15);
    expect(gateway.generationAt(79)).toBeGreaterThan(5000);
  });
});

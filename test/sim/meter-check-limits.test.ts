import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import type { MeterCheckReport } from '#link/message.ts';
import { control, Gateway, RATED_W, says } from './modes/gateway.ts';

const highest = (gateway: Gateway, from: number, until: number): number =>
  Math.max(...gateway.truth.filter(({ t }) => t >= from * 1000 && t < until * 1000).map(({ netExport }) => netExport));

describe('the limits while the meter is checked', () => {
  it('ends where the meter falls silent, and the limiter holds what it holds without it', async () => {
    const gateway = await new Gateway(800, 1).until(3);
    gateway.say(says({ opModExpLimW: watts(4000) }, null, []));
    await gateway.until(30);
    const { lines } = gateway.install({ type: 'meter-check-request' });
    await gateway.until(45);
    gateway.unplugMeter();
    await gateway.until(80);
    const told = JSON.parse(lines.at(-1) ?? '') as MeterCheckReport;
    expect(told).toMatchObject({ done: true, text: 'the site is blind: the meter is silent' });
    expect(highest(gateway, 20, 80)).toBeLessThanOrEqual(4000);
    expect(gateway.generationAt(79)).toBeLessThanOrEqual(4000);
  });

  it('never lets an inverter have more than a limit that comes meanwhile', async () => {
    const gateway = await new Gateway(800, 1).until(3);
    gateway.say(says({ opModExpLimW: watts(RATED_W) }, null, [control('E', 40, 300, { opModExpLimW: watts(1500) })]));
    await gateway.until(20);
    gateway.install({ type: 'meter-check-request' });
    await gateway.until(80);
    expect(highest(gateway, 45, 80)).toBeLessThanOrEqual(1500);
    expect(gateway.exportAt(79)).toBeGreaterThan(1400);
  });

  it('keeps within a limit that tightens a little while an inverter is moved', async () => {
    const gateway = await new Gateway(800, 1).until(3);
    gateway.say(says({ opModExpLimW: watts(4000) }, null, [control('E', 35, 300, { opModExpLimW: watts(3900) })]));
    await gateway.until(20);
    const { lines } = gateway.install({ type: 'meter-check-request' });
    await gateway.until(80);
    expect(lines.at(-1)).toContain('"certain"');
    expect(highest(gateway, 40, 80)).toBeLessThanOrEqual(3900);
    expect(gateway.exportAt(79)).toBeGreaterThan(3800);
  });

  it('gives the inverter back when the installer leaves', async () => {
    const gateway = await new Gateway(800, 1).until(3);
    gateway.say(says({ opModExpLimW: watts(RATED_W) }, null, []));
    await gateway.until(20);
    const { hangUp } = gateway.install({ type: 'meter-check-request' });
    await gateway.until(32);
    expect(gateway.generationAt(32)).toBeLessThan(7500);
    hangUp();
    await gateway.until(50);
    expect(gateway.generationAt(49)).toBeGreaterThan(9900);
  });
});

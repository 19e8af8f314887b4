import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { control, Gateway, RATED_W, says } from './modes/gateway.ts';

const FREE = { opModExpLimW: watts(RATED_W) };

describe('the connection agreement beside the utility', () => {
  it('binds by its schedule where that is tighter, and names what binds', async () => {
    const schedule = {
      offsetMinutes: 0,
      entries: [
        { weekdays: [4], from: '08:54', until: '08:56', exportW: 2000 },
        { months: [1], from: '00:00', until: '24:00', exportW: 0 },
      ],
    };
    // The gateway's utility time begins at 2025-10-09 08:53:20, a Thursday.
    const gateway = await new Gateway(500, 1, { local: { schedule } }).until(3);
    gateway.say(says(FREE, null, [control('E', 100, 200, { opModExpLimW: watts(1500) })]));
    await gateway.until(39);
    expect(gateway.exportAt(38)).toBeGreaterThan(9000);
    await gateway.until(95);
    expect(gateway.exportAt(44)).toBeLessThanOrEqual(2000);
    expect(gateway.exportAt(90)).toBeGreaterThan(1900);
    await gateway.until(250);
    // The event is tighter, and the schedule has ended.
    expect(gateway.exportAt(140)).toBeLessThanOrEqual(1500);
    expect(gateway.exportAt(240)).toBeGreaterThan(1400);
    await gateway.until(330);
    expect(gateway.exportAt(328)).toBeGreaterThan(9000);
  });

  it('binds with all of the schedule while nobody knows the time', async () => {
    const schedule = { offsetMinutes: 0, entries: [{ from: '20:00', until: '21:00', exportW: 2500 }] };
    const gateway = new Gateway(500, 1, { local: { schedule }, hasUtility: false });
    await gateway.until(60);
    expect(gateway.exportAt(55)).toBeLessThanOrEqual(2500);
    expect(gateway.exportAt(55)).toBeGreaterThan(2300);
  });

  it('locks generation out after an excursion of a minute, through a restart, until the installer lifts it', async () => {
    const gateway = await new Gateway(500, 1, { local: { agreement: { maxExportW: 3680, kind: 'domestic' } } }).until(3);
    gateway.say(says(FREE, null, []));
    await gateway.until(30);
    expect(gateway.exportAt(28)).toBeLessThanOrEqual(3680);
    expect(gateway.exportAt(28)).toBeGreaterThan(3500);
    // The inverter acknowledges each cap and ignores it.
    gateway.fault({ ignoresLimit: true });
    gateway.restartInverter(1);
    await gateway.until(150);
    gateway.fault({ ignoresLimit: false });
    await gateway.until(200);
    expect(gateway.generationAt(198)).toBeLessThan(0.02 * RATED_W);
    gateway.kill();
    await gateway.until(201);
    gateway.start();
    await gateway.until(260);
    expect(gateway.generationAt(258)).toBeLessThan(0.02 * RATED_W);
    gateway.install({ type: 'lockout-reset' });
    await gateway.until(330);
    expect(gateway.exportAt(328)).toBeLessThanOrEqual(3680);
    expect(gateway.exportAt(328)).toBeGreaterThan(3500);
  });

  it.each([
    ['domestic', 3680, undefined],
    ['non-domestic', 0, 'the installer must'],
  ] as const)('a %s user who lifts a lock-out is heard or refused', async (kind, exportW, refused) => {
    const gateway = await new Gateway(500, 1, { local: { agreement: { maxExportW: 3680, kind } } }).until(3);
    gateway.say(says(FREE, null, []));
    await gateway.until(20);
    gateway.fault({ ignoresLimit: true });
    gateway.restartInverter(1);
    await gateway.until(120);
    gateway.fault({ ignoresLimit: false });
    await gateway.until(150);
    expect(gateway.exportAt(149)).toBeLessThanOrEqual(0);
    const { lines } = gateway.install({ type: 'lockout-reset', by: 'user' });
    await gateway.until(210);
    expect(lines.at(-1)).toContain(refused ?? '{"type":"done"}');
    expect(gateway.exportAt(209)).toBeGreaterThan(exportW - 600);
    expect(gateway.exportAt(209)).toBeLessThanOrEqual(exportW);
  });
});

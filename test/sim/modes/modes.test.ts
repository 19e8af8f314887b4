import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { control, Gateway, RATED_W, says } from './gateway.ts';

const FREE = { opModExpLimW: watts(RATED_W) };
/** Less than this at the inverter's terminals is nothing. */
const NOTHING_W = 0.02 * RATED_W;

describe('opModMaxLimW', () => {
  it('caps the generation at its per cent of setMaxW, and 100 per cent is no limit', async () => {
    const gateway = await new Gateway().until(3);
    const events = [control('half', 30, 60, { opModMaxLimW: 50 }), control('all', 120, 60, { opModMaxLimW: 100 })];
    gateway.say(says(FREE, null, events));
    await gateway.until(170);
    expect(gateway.generationAt(25)).toBeGreaterThan(0.99 * RATED_W);
    expect(gateway.generationAt(60)).toBeLessThanOrEqual(5000);
    expect(gateway.generationAt(60)).toBeGreaterThan(4900);
    expect(gateway.generationAt(165)).toBeGreaterThan(0.99 * RATED_W);
  });

  it('binds together with the other limits: the tightest in effect', async () => {
    const gateway = await new Gateway(0).until(3);
    const limits = { opModMaxLimW: 50, opModGenLimW: watts(6000), opModExpLimW: watts(3000) };
    gateway.say(
      says(FREE, null, [control('E', 30, 60, limits), control('G', 100, 60, { opModMaxLimW: 80, opModGenLimW: watts(6000) })]),
    );
    await gateway.until(150);
    expect(gateway.generationAt(60)).toBeLessThanOrEqual(3000);
    expect(gateway.generationAt(60)).toBeGreaterThan(2900);
    expect(gateway.generationAt(140)).toBeLessThanOrEqual(6000);
    expect(gateway.generationAt(140)).toBeGreaterThan(5900);
  });
});

describe.each([
  ['opModEnergize', { opModEnergize: false }, 0b011],
  ['opModConnect', { opModConnect: false }, 0b000],
] as const)('%s false', (_, modes, stoppedStatus) => {
  it('takes an inverter with a lag of 5 s to nothing within 2 s, and says so when it is so', async () => {
    const gateway = await new Gateway(500, 5).until(3);
    gateway.say(says(FREE, 27, [control('E', 60, 120, modes, 6000)]));
    await gateway.until(170);
    expect(gateway.generationAt(59)).toBeGreaterThan(0.9 * RATED_W);
    expect(gateway.connectAt(59)).toBe(0b111);
    expect(gateway.generationAt(62)).toBeLessThan(NOTHING_W);
    expect(gateway.isConnected).toBe(false);
    expect(gateway.connectAt(65)).toBe(stoppedStatus);
    expect(gateway.snapshots.at(-1)?.operationalModeStatus).toBe(2);
  });

  it('returns after 60 s at 16.67 per cent a minute', async () => {
    const gateway = await new Gateway(0).until(3);
    gateway.say(says(FREE, null, [control('E', 30, 30, modes)]));
    await gateway.until(600);
    expect(gateway.isConnected).toBe(true);
    expect(gateway.generationAt(118)).toBeLessThan(NOTHING_W);
    expect(gateway.connectAt(118)).toBe(0b011);
    const wanted = RATED_W / 360;
    expect(gateway.slope(160, 440) / wanted).toBeGreaterThan(0.9);
    expect(gateway.slope(160, 440) / wanted).toBeLessThan(1.1);
    expect(gateway.connectAt(300)).toBe(0b111);
    expect(gateway.generationAt(590)).toBeGreaterThan(0.99 * RATED_W);
  });
});

describe('a stop', () => {
  it('opens an inverter that ignores its cap, and is not said while power flows', async () => {
    const gateway = await new Gateway().until(3);
    gateway.fault({ ignoresLimit: true });
    gateway.say(says(FREE, null, [control('E', 30, 60, { opModEnergize: false })]));
    await gateway.until(40);
    expect(gateway.generationAt(32)).toBeLessThan(NOTHING_W);
    expect(
      gateway.snapshots.filter(({ at }) => at >= 30 && at < 30.3).every(({ genConnectStatus }) => genConnectStatus === 7),
    ).toBe(true);
  });

  it('survives a restart: what ended meanwhile is connected again, on the way back since its end', async () => {
    const gateway = await new Gateway(0).until(3);
    gateway.say(says(FREE, null, [control('E', 30, 60, { opModConnect: false })]));
    await gateway.until(50);
    gateway.kill();
    await gateway.until(120);
    expect(gateway.isConnected).toBe(false);
    gateway.start();
    await gateway.until(400);
    expect(gateway.isConnected).toBe(true);
    expect(gateway.generationAt(148)).toBeLessThan(NOTHING_W);
    expect(gateway.generationAt(330)).toBeCloseTo(0.5 * RATED_W, -3);
  });

  it('goes on over a restart', async () => {
    const gateway = await new Gateway(0).until(3);
    gateway.say(says(FREE, null, [control('E', 30, 600, { opModEnergize: false })]));
    await gateway.until(50);
    gateway.kill();
    await gateway.until(60);
    gateway.start();
    await gateway.until(200);
    expect(gateway.isConnected).toBe(false);
    expect(gateway.generationAt(199)).toBe(0);
    expect(gateway.connectAt(199)).toBe(0b011);
  });

  it('is told again to an inverter that forgot it', async () => {
    const gateway = await new Gateway(0).until(3);
    gateway.say(says(FREE, null, [control('E', 30, 600, { opModConnect: false })]));
    await gateway.until(50);
    gateway.restartInverter(5);
    await gateway.until(120);
    expect(gateway.isConnected).toBe(false);
    expect(gateway.generationAt(119)).toBe(0);
  });

  it('never closes what somebody else opened', async () => {
    const gateway = await new Gateway(0).until(3);
    gateway.say(says(FREE, null, [control('E', 30, 30, { opModGenLimW: watts(0) })]));
    await gateway.until(20);
    gateway.openByHand();
    await gateway.until(120);
    gateway.kill();
    gateway.start();
    await gateway.until(200);
    expect(gateway.isConnected).toBe(false);
  });
});

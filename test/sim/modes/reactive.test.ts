import { describe, expect, it } from 'vitest';
import { vars, watts } from '#base/units.ts';
import type { ControlModes } from '#control/program.ts';
import { control, Gateway, RATED_W, says } from './gateway.ts';

const FREE = { opModExpLimW: watts(RATED_W) };
const site = async (): Promise<Gateway> => await new Gateway(500, 1, { gridCodeWrites: true }).until(3);
const event = (modes: ControlModes) => says(FREE, null, [control('E', 30, 60, modes)]);

describe('where grid-code writes are allowed', () => {
  it.each<[string, ControlModes, number]>([
    ['a power factor', { opModFixedPFInjectW: { displacement: 0.95, absorbsVar: true } }, -3287],
    ['a share of setMaxW', { opModFixedVar: { percent: 20, of: 'setMaxW' } }, 2000],
    ['a share of setMaxVar', { opModFixedVar: { percent: -50, of: 'setMaxVar' } }, -2200],
    ['a reactive power', { opModTargetVar: vars(1500) }, 1500],
  ])('%s is delivered, and what was there is given back', async (_, modes, expected) => {
    const gateway = await site();
    const before = gateway.reactiveRegisters;
    expect(gateway.modes).toContain('opModFixedVar');
    gateway.say(event(modes));
    await gateway.until(40);
    expect(gateway.reactive / expected).toBeCloseTo(1, 1);
    expect(gateway.generationAt(39)).toBeGreaterThan(0.99 * RATED_W);
    await gateway.until(100);
    expect(gateway.reactive).toBe(0);
    expect(gateway.reactiveRegisters).toEqual(before);
  });

  it('gives back what somebody had set, across a kill while it was in force', async () => {
    const gateway = await site();
    gateway.setByHand(0, 90);
    gateway.setByHand(4, 1);
    const before = gateway.reactiveRegisters;
    gateway.say(event({ opModFixedVar: { percent: 20, of: 'setMaxW' } }));
    await gateway.until(40);
    expect(gateway.reactive).toBeCloseTo(2000, -1);
    gateway.kill();
    await gateway.until(60);
    expect(gateway.reactive).toBeCloseTo(2000, -1);
    gateway.start();
    await gateway.until(80);
    expect(gateway.reactive).toBeCloseTo(2000, -1);
    await gateway.until(110);
    expect(gateway.reactiveRegisters).toEqual(before);
  });

  it('gives it back also after a kill that slept through the end, and whenever it dies in between', async () => {
    for (const dies of [30.3, 30.6, 31, 32, 90.2, 90.5, 91]) {
      const gateway = await site();
      const before = gateway.reactiveRegisters;
      gateway.say(event({ opModFixedVar: { percent: -30, of: 'setMaxVar' } }));
      await gateway.until(dies);
      gateway.kill();
      await gateway.until(100);
      gateway.start();
      await gateway.until(115);
      expect(gateway.reactiveRegisters).toEqual(before);
      gateway.kill();
      gateway.start();
      gateway.setByHand(5, 7);
      await gateway.until(130);
      // Given back once: what is set afterwards is somebody else's.
      expect(gateway.reactiveRegisters[5]).toBe(7);
    }
  });

  it('tells an inverter again that forgot it', async () => {
    const gateway = await site();
    gateway.say(says(FREE, null, [control('E', 30, 300, { opModTargetVar: vars(1500) })]));
    await gateway.until(50);
    gateway.restartInverter(5);
    await gateway.until(120);
    expect(gateway.reactive).toBeCloseTo(1500, -1);
  });
});

describe('where they are not', () => {
  it('nothing is advertised and nothing written', async () => {
    const gateway = await new Gateway(500, 1).until(3);
    const before = gateway.reactiveRegisters;
    gateway.say(event({ opModFixedVar: { percent: 20, of: 'setMaxW' } }));
    await gateway.until(60);
    expect(gateway.modes).toEqual(['opModExpLimW', 'opModGenLimW', 'opModMaxLimW', 'opModEnergize', 'opModConnect']);
    expect(gateway.reactive).toBe(0);
    expect(gateway.reactiveRegisters).toEqual(before);
  });
});

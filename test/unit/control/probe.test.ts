import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { type Probe, probed } from '#control/limiter/probe.ts';
import { NOT_YET_SEEN, type SightState } from '#control/limiter/sight.ts';
import { WMAX } from './site.ts';

const IMPLAUSIBLE: SightState = { ...NOT_YET_SEEN, reason: 'implausible', lostAt: monoMs(0) };

/** Seconds for which the output is held down in the first minute of doubt, of a plant that takes `settleMs` and gives `output`. */
const triedFor = (settleMs: number, output = 4000): number => {
  let probe: Probe | null = null;
  let tried = 0;
  for (let t = 0; t < 60_000; t += 1000) {
    const site = { command: watts(4000), output: watts(output), maxPower: watts(WMAX), settleMs };
    probe = probed(probe, IMPLAUSIBLE, site, monoMs(t));
    if (probe === null) continue;
    tried += 1;
    expect(probe.cap).toBe(Math.max(0, output - 0.08 * WMAX));
  }
  return tried;
};

describe('a meter in doubt', () => {
  it('is tried for as long as the slowest inverter takes to show it', () => {
    expect(triedFor(5000)).toBe(14);
    // Of two that are not of one speed a shorter one shows a part each time, and that is no evidence.
    expect(triedFor(14_200)).toBeGreaterThanOrEqual(20);
  });

  it('is tried with whatever output can be taken away that a sound one must show', () => {
    expect(triedFor(5000, 900)).toBe(14);
    expect(triedFor(5000, 700)).toBe(0);
  });
});

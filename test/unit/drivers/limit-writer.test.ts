import { describe, expect, it } from 'vitest';
import { durationMs } from '#base/units.ts';
import type { Urgency } from '#drivers/inverter/limit-writer.ts';
import { holding, profile, setpoint } from './inverter-bench.ts';

const DELAY_MS = 300;
/** The span after which raises wait, the device's delay, a write and a read at 9600 baud behind the measurement under way. */
const BOUND_MS = 2000 + DELAY_MS + 600;

const bench = (spacingMs = 0, delayMs = DELAY_MS) => {
  const timing = { readBackDelayMs: durationMs(delayMs), spacingMs: durationMs(spacingMs) };
  const b = holding({ profile: { ...profile, control: { ...profile.control, ...timing } } });
  const { clock, session, outcomes, line, unit } = b;
  clock.runFor(1000);
  /** The longest time without a proof while each cap is wanted for `everyMs`. */
  const change = (caps: readonly number[], everyMs: number): number => {
    const proofs = () => outcomes.filter(({ kind }) => kind === 'confirmed').length;
    let [last, before, since, longest] = [5000, proofs(), 0, 0];
    for (const cap of caps) {
      const urgency: Urgency = cap < last ? 'cut' : 'raise';
      session.want(setpoint(cap), urgency);
      last = cap;
      clock.runFor(everyMs);
      since = proofs() === before ? since + everyMs : 0;
      before = proofs();
      longest = Math.max(longest, since);
    }
    return longest;
  };
  const written = () => line.writes().map(({ words }) => words[0]);
  return { ...b, change, written, unit };
};

const RAISES = Array.from({ length: 100 }, (_, index) => 5000 + 20 * (index + 1));
const UP_AND_DOWN = RAISES.map((_, index) => 5100 + 100 * (index % 3));

describe('caps that change faster than they can be proven', () => {
  it.each([
    ['raises', RAISES, 200, 0],
    ['raises and cuts', UP_AND_DOWN, 200, 0],
    ['raises of a device that takes one a second', RAISES, 200, 1000],
    ['raises and cuts of such a device', UP_AND_DOWN, 150, 1000],
  ])('%s: the newest is proven within a bound', (_, caps, everyMs, spacingMs) => {
    const { clock, session, change, outcomes } = bench(spacingMs);
    expect(change(caps, everyMs)).toBeLessThanOrEqual(BOUND_MS);
    expect(outcomes.every(({ kind }) => kind === 'confirmed')).toBe(true);
    clock.runFor(3000);
    expect(session.heldCap()).toBe(caps.at(-1));
  });

  it('a tighter cap never waits for the proof of another', () => {
    const { change, clock, capRegister } = bench(0, 600);
    change(RAISES.slice(0, 11), 190);
    change([8000], 50);
    // The raises wait by now.
    expect(capRegister()).toBeLessThan(8000);
    change([4000], 200);
    expect(capRegister()).toBe(4000);
    change([3900, 3800, 3700, 3600], 200);
    clock.runFor(1000);
    expect(capRegister()).toBe(3600);
  });

  it('what waited is written once the proof came, the newest only', () => {
    const { written, change, clock, session } = bench();
    change(RAISES.slice(0, 11), 190);
    const before = written().length;
    change([5500, 5600, 5700], 10);
    clock.runFor(2000);
    expect(written().slice(before)).toEqual([5700]);
    expect(session.heldCap()).toBe(5700);
  });

  it('the proof of a looser cap, come while a tighter one waits for its turn, proves the looser one', () => {
    const { change, clock, session, capRegister } = bench(1000);
    change([6000], 150);
    change([3000], 500);
    expect(capRegister()).toBe(6000);
    expect(session.heldCap()).toBe(6000);
    clock.runFor(1000);
    expect(session.heldCap()).toBe(3000);
  });

  it('a read-back that is under way proves nothing of the cap that went out after it', () => {
    const { change, clock, session, unit } = bench();
    change([6000], DELAY_MS + 60);
    // The device takes no more writes: 6000 stands for good.
    unit.onWrite = () => undefined;
    change([3000], 0);
    const held: (number | null)[] = [];
    for (let i = 0; i < 60; i += 1) {
      clock.runFor(100);
      held.push(session.heldCap());
    }
    expect(held.every((cap) => cap === null || cap >= 6000)).toBe(true);
  });

  it('a cap that is gone is not proven by the read-back of before', () => {
    const { change, clock, session, outcomes } = bench(1000);
    change([6000], 200);
    session.want(setpoint(6000), 'gone');
    const before = outcomes.length;
    clock.runFor(500);
    expect(outcomes.length).toBe(before);
    expect(session.heldCap()).toBe(null);
    clock.runFor(1500);
    expect(session.heldCap()).toBe(6000);
  });

  it('a device that does not let its registers be read is written all the same', () => {
    const { unit, change, clock, places } = bench();
    const tells = unit.image;
    let took = 0;
    unit.onWrite = (_, words) => {
      took = words[0] ?? 0;
    };
    tells.delete(places.controls + 5);
    change(RAISES.slice(0, 30), 200);
    clock.runFor(1000);
    expect(took).toBe(RAISES[29]);
  });
});

describe('a cap that was taken away', () => {
  const SOMEBODY = 9000;

  it('is looked at each second for a minute: who takes it away again and again gets a second each', () => {
    const { clock, capRegister, unit, places, session } = bench();
    const open = (): number => {
      unit.image.set(places.controls + 5, SOMEBODY);
      let ms = 0;
      for (; capRegister() === SOMEBODY && ms < 20_000; ms += 50) clock.runFor(50);
      return ms;
    };
    expect(open()).toBeGreaterThan(5000);
    for (let again = 0; again < 5; again += 1) {
      clock.runFor(2300);
      expect(open()).toBeLessThan(1500);
    }
    clock.runFor(62_000);
    expect(session.heldCap()).toBe(5000);
    expect(open()).toBeGreaterThan(5000);
  });

  it('is looked at as often where its output tells that it is gone', () => {
    const { clock, session, line } = bench();
    const looks = (): number => line.done.filter(({ request }) => request.kind === 'read').length;
    const before = looks();
    clock.runFor(5000);
    const usual = looks() - before;
    session.want(setpoint(5000), 'gone');
    clock.runFor(1000);
    const from = looks();
    clock.runFor(5000);
    expect(looks() - from).toBeGreaterThanOrEqual(usual + 3);
  });
});

import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { allocate, ask, type Asked, type Claim, idleOf } from '#control/allocate/allocate.ts';
import { toDeviceId } from '#site/device.ts';
import { PV, WMAX } from './site.ts';

const SECOND = toDeviceId('second');

const claim = (device: Claim['device'], maxPower: number, patch: Partial<Claim> = {}): Claim => ({
  device,
  maxPower: watts(maxPower),
  gain: 1,
  uncontrolled: null,
  onReturn: null,
  usable: null,
  least: watts(0),
  idle: false,
  ...patch,
});

const split = (allowed: number, claims: readonly Claim[]): readonly number[] => [...allocate(watts(allowed), claims).values()];

describe('the split over inverters', () => {
  it.each([
    ['one alone gets all', 4000, [claim(PV, 10_000)], [4000]],
    ['two share by rating', 3000, [claim(PV, 10_000), claim(SECOND, 5000)], [2000, 1000]],
    ['one that nothing limits gets its rating, whatever its trim', 20_000, [claim(PV, 10_000, { gain: 1.05 })], [10_000]],
    ['a trim above one lowers the cap', 4200, [claim(PV, 10_000, { gain: 1.05 })], [4000]],
    ['a trim below one raises it, not over the rating', 9900, [claim(PV, 10_000, { gain: 0.9 })], [10_000]],
    [
      'others give way to one that cannot be told',
      6000,
      [claim(PV, 10_000), claim(SECOND, 5000, { uncontrolled: watts(5000) })],
      [1000, 2000],
    ],
    [
      'one that does not answer finds what holds without a load',
      3000,
      [claim(PV, 10_000), claim(SECOND, 5000, { uncontrolled: watts(5000), onReturn: watts(700) })],
      [0, 700],
    ],
    ['down to nothing', 3000, [claim(PV, 10_000), claim(SECOND, 5000, { uncontrolled: watts(5000) })], [0, 1000]],
    ['nothing allowed', 0, [claim(PV, 10_000), claim(SECOND, 5000)], [0, 0]],
  ])('%s', (_, allowed, claims, expected) => {
    expect(split(allowed, claims).map((cap) => Math.round(cap))).toEqual(expected);
  });

  it.each([
    ['enough for both', 2000, []],
    ['too little for both: the last one stays at 0', 1000, [SECOND]],
    ['too little for one: it runs all the same', 300, [SECOND]],
  ])('two that need 600 W each, %s', (_, allowed, idle) => {
    const both = [claim(PV, 6000, { least: watts(600) }), claim(SECOND, 6000, { least: watts(600) })];
    expect([...idleOf(watts(allowed), both)]).toEqual(idle);
    const settled = both.map((one) => ({ ...one, idle: idle.includes(one.device) }));
    expect(split(allowed, settled)).toEqual(idle.length === 0 ? [allowed / 2, allowed / 2] : [allowed, 0]);
  });
});

const asked = (cap: number, patch: Partial<Asked> = {}): Asked => ({
  cap: watts(cap),
  askedAt: monoMs(0),
  raisedAt: monoMs(0),
  cutSince: false,
  trial: null,
  restMs: 10_000,
  ...patch,
});

const wish = (cap: number, ceiling = cap + 10, completes = false, arrives = false) => ({
  cap: watts(cap),
  ceiling: watts(ceiling),
  completes,
  arrives,
  swings: false,
});

/** The cap asked for at `now`, null when nothing is written. */
const capAt = (before: Asked | null, want: ReturnType<typeof wish>, now: number): number | null =>
  ask(before, want, watts(WMAX), monoMs(now))?.cap ?? null;

describe('asking an inverter', () => {
  it('writes the first cap', () => {
    expect(capAt(null, wish(4000), 100)).toBe(4000);
  });

  it.each([
    ['the cap held is above what the limits allow', wish(3000), 100, 3000],
    ['only the margin is used up', wish(3995, 4005), 100, null],
    ['only the margin is used up, but an over-cut ends', wish(3995, 4005, true), 100, 3995],
  ])('cuts at once when %s', (_, want, now, expected) => {
    expect(capAt(asked(4000), want, now)).toBe(expected);
  });

  it.each([
    ['by one per cent of WMax after ten seconds', 4100, 10_000, 4100],
    ['not before ten seconds', 9000, 9999, null],
    ['not by less than one per cent', 4099, 30_000, null],
    ['by a fifth of it after forty seconds without a write', 4020, 40_000, 4020],
    ['not by less than that', 4019, 1_000_000, null],
  ])('raises %s', (_, cap, now, expected) => {
    expect(capAt(asked(4000), wish(cap), now)).toBe(expected);
  });

  it('raises at once where an over-cut ends or the limit is new', () => {
    expect(capAt(asked(1000), wish(2500, 2510, true), 100)).toBe(2500);
  });

  it('gives what the steps of a ramp left open when the limit has come to its end', () => {
    expect(capAt(asked(2890), wish(2985, 3000, true, false), 100)).toBeNull();
    expect(capAt(asked(2890), wish(2985, 3000, true, true), 100)).toBe(2985);
    expect(capAt(asked(2970), wish(2985, 3000, true, true), 100)).toBeNull();
  });

  it('follows a load that returns after five seconds, once for each cut', () => {
    const cut = ask(asked(4000), wish(2000), watts(WMAX), monoMs(1000));
    expect(cut?.cutSince).toBe(true);
    expect(capAt(cut, wish(4000), 4999)).toBeNull();
    expect(capAt(cut, wish(4000), 5000)).toBe(4000);
  });

  /** A load that goes up and down by `swing` each 12 s, for `seconds`: the writes. */
  const writesOf = (swing: number, seconds: number): number => {
    let state = ask(null, wish(4000), watts(WMAX), monoMs(0));
    let writes = 0;
    for (let now = 1000; now < seconds * 1000; now += 1000) {
      const high = Math.floor(now / 12_000) % 2 === 1;
      const next = ask(state, wish(high ? 4000 + swing : 4000), watts(WMAX), monoMs(now));
      if (next !== null) writes += 1;
      state = next ?? state;
    }
    return writes;
  };

  it('rests longer each time that the noise of the load undoes a raise', () => {
    expect(writesOf(150, 3600)).toBeLessThan(60);
  });

  it('follows a load that comes and goes by more than noise', () => {
    expect(writesOf(2000, 3600)).toBeGreaterThan(250);
  });

  it('does not take a load that comes and goes for noise', () => {
    const raised = ask(asked(4000), { ...wish(4150), swings: true }, watts(WMAX), monoMs(20_000));
    const cut = raised === null ? null : ask(raised, wish(4000), watts(WMAX), monoMs(21_000));
    expect(cut?.restMs).toBe(10_000);
  });

  it('cuts at once however noisy the load', () => {
    const noisy = asked(4000, { restMs: 160_000, trial: { from: watts(3900), to: watts(4000) } });
    expect(capAt(noisy, wish(3900), 100)).toBe(3900);
  });

  it('rests less again when raises stand', () => {
    let state: Asked = asked(4000, { restMs: 160_000, trial: { from: watts(3900), to: watts(4000) } });
    let now = 0;
    for (let step = 1; step <= 6; step += 1) {
      now += state.restMs;
      const next = ask(state, wish(4000 + 150 * step), watts(WMAX), monoMs(now));
      expect(next?.cap).toBe(4000 + 150 * step);
      state = next ?? state;
    }
    expect(state.restMs).toBe(10_000);
  });
});

import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import {
  isBeyond,
  type LockoutState,
  NOT_LOCKED,
  resetLockout,
  restoreLockout,
  type Scheme,
  storeLockout,
  watchFlow,
} from '#control/local/lockout.ts';

const DOMESTIC: Scheme = { maxExport: watts(3680), kind: 'domestic' };
const FACTORY: Scheme = { maxExport: watts(3680), kind: 'non-domestic' };
const OVER = watts(4000);
const WITHIN = watts(3700);
const HOUR = 3600;

/** Seconds of export in turn, from `from` on; looked at each second. */
const live = (
  scheme: Scheme,
  spells: readonly (readonly [seconds: number, netExport: ReturnType<typeof watts> | null])[],
  state: LockoutState = NOT_LOCKED,
  from = 0,
): { readonly state: LockoutState; readonly now: number } => {
  let now = from;
  let current = state;
  for (const [seconds, netExport] of spells) {
    for (let passed = 0; passed < seconds; passed += 1) {
      current = watchFlow(current, scheme, netExport === null ? null : watts(0 - netExport), monoMs(now * 1000));
      now += 1;
    }
  }
  return { state: current, now };
};

describe('an export limitation scheme', () => {
  it('takes the allowance of laboratories for noise', () => {
    expect(isBeyond(DOMESTIC.maxExport, watts(3780))).toBe(false);
    expect(isBeyond(DOMESTIC.maxExport, watts(3781))).toBe(true);
    expect(isBeyond(watts(1000), watts(1041))).toBe(true);
    expect(isBeyond(watts(0), watts(1))).toBe(true);
  });

  it('does not count what is back within 15 s', () => {
    const { state } = live(FACTORY, [
      [15, OVER],
      [60, WITHIN],
      [15, OVER],
      [5, WITHIN],
    ]);
    expect(state.excursions).toEqual([]);
    expect(state.lockedAt).toBeNull();
  });

  it('locks out on one excursion of a minute', () => {
    expect(live(FACTORY, [[61, OVER]]).state.lockedAt).toBeNull();
    expect(live(FACTORY, [[62, OVER]]).state.lockedAt).toBe(61_000);
  });

  it('locks out on the second within ten minutes', () => {
    const near = live(FACTORY, [
      [20, OVER],
      [500, WITHIN],
      [20, OVER],
    ]);
    expect(near.state.lockedAt).not.toBeNull();
    const far = live(FACTORY, [
      [20, OVER],
      [700, WITHIN],
      [20, OVER],
    ]);
    expect(far.state.lockedAt).toBeNull();
    expect(far.state.excursions).toHaveLength(2);
  });

  it('locks out on the third of a day, and forgets yesterday', () => {
    const two = live(FACTORY, [
      [20, OVER],
      [700, WITHIN],
      [20, OVER],
      [700, WITHIN],
    ]);
    expect(live(FACTORY, [[20, OVER]], two.state, two.now).state.lockedAt).not.toBeNull();
    const next = live(FACTORY, [[20, OVER]], two.state, two.now + 24 * HOUR);
    expect(next.state.lockedAt).toBeNull();
  });

  it('goes on counting while nobody sees the flow', () => {
    const { state } = live(FACTORY, [
      [10, OVER],
      [60, null],
    ]);
    expect(state.lockedAt).not.toBeNull();
    expect(live(FACTORY, [[600, null]]).state).toBe(NOT_LOCKED);
  });

  it('comes back by itself after four hours, but not at home', () => {
    const locked = live(FACTORY, [[62, OVER]]);
    expect(live(FACTORY, [[4 * HOUR - 2, WITHIN]], locked.state, locked.now).state.lockedAt).not.toBeNull();
    expect(live(FACTORY, [[4 * HOUR + 2, WITHIN]], locked.state, locked.now).state.lockedAt).toBeNull();
    expect(live(DOMESTIC, [[5 * HOUR, WITHIN]], locked.state, locked.now).state.lockedAt).not.toBeNull();
  });

  it('lets a domestic user reset twice in thirty days; then the installer must come', () => {
    let { state, now } = live(DOMESTIC, [[62, OVER]]);
    for (let resets = 0; resets < 2; resets += 1) {
      const reset = resetLockout(state, DOMESTIC, 'user', monoMs(now * 1000));
      expect(reset?.lockedAt).toBeNull();
      ({ state, now } = live(DOMESTIC, [[62, OVER]], reset ?? NOT_LOCKED, now));
    }
    expect(resetLockout(state, DOMESTIC, 'user', monoMs(now * 1000))).toBeNull();
    expect(resetLockout(state, DOMESTIC, 'user', monoMs((now + 31 * 24 * HOUR) * 1000))).not.toBeNull();
    expect(resetLockout(state, FACTORY, 'user', monoMs(now * 1000))).toBeNull();
    expect(resetLockout(state, DOMESTIC, 'installer', monoMs(now * 1000))).toEqual(NOT_LOCKED);
  });

  it('survives a power cut: no time without power counts', () => {
    const locked = live(FACTORY, [
      [62, OVER],
      [HOUR, WITHIN],
    ]);
    const stored = storeLockout(locked.state, monoMs(locked.now * 1000));
    const restored = restoreLockout(JSON.parse(JSON.stringify(stored)) as typeof stored, monoMs(5000));
    expect(restored.lockedAt).toBe(5000 - (HOUR + 1) * 1000);
    expect(live(FACTORY, [[3 * HOUR - 10, WITHIN]], restored, 5).state.lockedAt).not.toBeNull();
    expect(live(FACTORY, [[3 * HOUR + 10, WITHIN]], restored, 5).state.lockedAt).toBeNull();
  });

  it('counts the import by the same rules, apart from the export; one reset lifts both', () => {
    const home: Scheme = { ...DOMESTIC, maxImport: watts(7360) };
    const drawing = watts(-8000);
    const locked = live(home, [
      [20, drawing],
      [100, WITHIN],
      [20, drawing],
    ]);
    expect(locked.state).toMatchObject({ lockedAt: null, excursions: [], importing: { lockouts: [136_000] } });
    expect(locked.state.importing?.lockedAt).not.toBeNull();
    expect(live(DOMESTIC, [[100, drawing]]).state).toBe(NOT_LOCKED);
    const both = live(home, [[62, OVER]], locked.state, locked.now);
    expect(both.state.lockedAt).not.toBeNull();
    expect(both.state.importing?.lockedAt).not.toBeNull();
    const lifted = resetLockout(both.state, home, 'user', monoMs(both.now * 1000));
    expect(lifted).toMatchObject({ lockedAt: null, importing: { lockedAt: null } });
    const third = live(home, [[62, drawing]], lifted ?? NOT_LOCKED, both.now);
    expect(resetLockout(third.state, home, 'user', monoMs(third.now * 1000))).toBeNull();
    const restored = restoreLockout(storeLockout(third.state, monoMs(third.now * 1000)), monoMs(5000));
    expect(restored.importing).toMatchObject({ lockedAt: 4000 });
    expect(restored.importing?.lockouts).toHaveLength(2);
  });
});

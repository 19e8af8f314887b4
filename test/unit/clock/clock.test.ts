import { describe, expect, test } from 'vitest';
import { monoMs, utilitySeconds, wallSeconds } from '#base/units.ts';
import { applyAnchor, clockSource, noteWall, startClock, unknownClock, utilityNow } from '#control/clock/clock.ts';
import type { ClockAnchor, ClockState, Instant } from '#control/clock/clock.ts';
import { decodeClock, encodeClock } from '#control/clock/store.ts';

const T0 = 1_700_000_000;
/** `s` seconds after boot; the wall clock is right unless told. */
const instant = (s: number, bootId = 'boot-1', wall = T0 + s): Instant => ({
  bootId,
  mono: monoMs(s * 1000),
  wall: wallSeconds(wall),
});
const anchor = (s: number, utility: number, bootId = 'boot-1'): ClockAnchor => ({
  bootId,
  mono: monoMs(s * 1000),
  utility: utilitySeconds(utility),
  error: 1,
});
const read = (state: ClockState, now: Instant): number | null => utilityNow(state, now.mono, now.bootId, now.wall);
const known = (): ClockState => applyAnchor(unknownClock(), anchor(10, T0 + 10), instant(10)).state;

describe('utility time', () => {
  test('is unknown until the first anchor, then follows the monotonic clock alone', () => {
    expect(read(unknownClock(), instant(5))).toBeNull();
    expect(read(known(), instant(100))).toBe(T0 + 100);
    expect(read(known(), instant(100, 'boot-1', T0 + 50_000))).toBe(T0 + 100);
    expect(read(known(), instant(100, 'boot-1', 0))).toBe(T0 + 100);
  });

  test('survives a restart of the process by boot id', () => {
    const decoded = decodeClock(JSON.parse(JSON.stringify(encodeClock(known()))));
    if (!decoded.ok) throw new Error(decoded.fault.problem);
    const { state, notes } = startClock(decoded.value, instant(200, 'boot-1', 0));
    expect(notes).toEqual([]);
    expect(read(state, instant(200, 'boot-1', 0))).toBe(T0 + 200);
  });

  test('survives a reboot by a plausible real-time clock, and then no longer depends on it', () => {
    const now = instant(3, 'boot-2', T0 + 5000);
    const { state } = startClock(known(), now);
    expect(read(state, now)).toBe(T0 + 5000);
    expect(clockSource(state, now)).toBe('rtc');
    expect(read(state, instant(13, 'boot-2', 99))).toBe(T0 + 5010);
  });

  test('is unknown after a reboot when the real-time clock lies before the stored time or absurdly far ahead', () => {
    for (const wall of [0, T0 + 9, T0 + 40 * 86_400]) {
      const now = instant(3, 'boot-2', wall);
      const { state, notes } = startClock(known(), now);
      expect(read(state, now)).toBeNull();
      expect(clockSource(state, now)).toBe('unknown');
      expect(notes.map((note) => note.event)).toEqual(['clock-unknown']);
    }
  });
});

describe('a new anchor', () => {
  test('corrects forward at once and backward without ever going back', () => {
    const forward = applyAnchor(known(), anchor(100, T0 + 130), instant(100)).state;
    expect(read(forward, instant(100))).toBe(T0 + 130);
    const backward = applyAnchor(known(), anchor(100, T0 + 70), instant(100)).state;
    let last = T0 + 100;
    for (let s = 100; s <= 200; s += 1) {
      const now = read(backward, instant(s)) ?? 0;
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    expect(last).toBe(T0 + 170);
  });

  test('of a slow answer does not move a clock that it bears out', () => {
    const slow = { ...anchor(100, T0 + 110), error: 15 };
    const good = known();
    expect(applyAnchor(good, slow, instant(100)).state).toBe(good);
    // Without a better one it is taken, and a better one corrects it.
    const only = applyAnchor(unknownClock(), slow, instant(100)).state;
    expect(read(only, instant(100))).toBe(T0 + 110);
    expect(read(applyAnchor(only, anchor(110, T0 + 125), instant(110)).state, instant(110))).toBe(T0 + 125);
    const contradicts = { ...anchor(100, T0 + 130), error: 15 };
    expect(read(applyAnchor(known(), contradicts, instant(100)).state, instant(100))).toBe(T0 + 130);
  });

  test('that jumps is refused until a second, other one agrees', () => {
    const wild = anchor(100, T0 + 9000);
    const first = applyAnchor(known(), wild, instant(100));
    expect(read(first.state, instant(100))).toBe(T0 + 100);
    expect(read(applyAnchor(first.state, wild, instant(101)).state, instant(101))).toBe(T0 + 101);
    const contradicted = applyAnchor(first.state, anchor(110, T0 - 9000), instant(110));
    expect(read(contradicted.state, instant(110))).toBe(T0 + 110);
    const confirmed = applyAnchor(first.state, anchor(110, T0 + 9010), instant(110));
    expect(read(confirmed.state, instant(110))).toBe(T0 + 9010);
    expect(confirmed.notes.map((note) => note.event)).toEqual(['clock-stepped']);
  });

  test('corrects what rests on a real-time clock by up to an hour', () => {
    const { state } = startClock(known(), instant(3, 'boot-2', T0 + 5000));
    const next = applyAnchor(state, anchor(5, T0 + 6000, 'boot-2'), instant(5, 'boot-2', T0 + 5002)).state;
    expect(read(next, instant(5, 'boot-2'))).toBe(T0 + 6000);
  });

  test('of another boot, from the future, or without certainty is refused', () => {
    const bad = [
      anchor(10, T0, 'other'),
      anchor(50, T0 + 50),
      { ...anchor(10, T0), error: 900 },
      { ...anchor(10, T0), error: NaN },
    ];
    for (const one of bad) expect(applyAnchor(known(), one, instant(20)).notes[0]?.event).toBe('clock-anchor-refused');
  });
});

describe('the relation to the wall clock', () => {
  test('is renewed every ten minutes and when the wall clock steps, else the state is the same object', () => {
    const state = known();
    expect(noteWall(state, instant(500))).toBe(state);
    expect(noteWall(state, instant(700)).relation).toEqual({ wall: T0 + 700, utility: T0 + 700 });
    const stepped = noteWall(state, instant(20, 'boot-1', T0 + 7220));
    const now = instant(3, 'boot-2', T0 + 7300);
    expect(read(startClock(stepped, now).state, now)).toBe(T0 + 100);
  });
});

describe('the stored clock', () => {
  test('anything else is a fault', () => {
    for (const value of [null, 7, {}, { format: 2 }, { format: 1, line: 3, relation: null }]) {
      expect(decodeClock(value)).toMatchObject({ ok: false });
    }
  });
});

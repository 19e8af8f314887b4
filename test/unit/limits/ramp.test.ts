import { describe, expect, test } from 'vitest';
import { percent, utilitySeconds, watts } from '#base/units.ts';
import { rampedTo, rampFor } from '#control/limits/ramp.ts';
import { isReturning, returnLimit, serviceAfter, type ReturnWish } from '#control/limits/service.ts';
import { powerLimits } from '#control/limits/power.ts';
import type { ActiveLimits } from '#control/limits.ts';

const at = utilitySeconds;
const span = { kind: 'span', seconds: 60 } as const;
const rate = { kind: 'rate', perSecond: 100 } as const;
const move = (from: number | null, to: number | null, flow: number | null, unlimited: number | null = 10_000) => ({
  from,
  to,
  flow,
  unlimited,
});

describe('where a ramp begins', () => {
  test.each([
    ['falling, from the old limit when the flow is above it', move(8000, 2000, 9000), 8000, 2000],
    ['falling, from the flow when that is lower', move(8000, 2000, 5000), 5000, 2000],
    ['falling, from the old limit when no flow is known', move(8000, 2000, null), 8000, 2000],
    ['falling from no limit, from the flow', move(null, 2000, 5000), 5000, 2000],
    ['falling from a limit beyond the rating, from the rating', move(20_000, 2000, null), 10_000, 2000],
    ['rising, from the old limit whatever flows', move(2000, 8000, 500), 2000, 8000],
    ['rising to no limit, towards the rating', move(2000, null, 500), 2000, 10_000],
  ] as const)('%s', (_, one, from, to) => {
    expect(rampFor(one, span, at(100))).toEqual({ from, to, start: 100, end: 160 });
    expect(rampFor(one, rate, at(100))?.end).toBe(100 + Math.abs(to - from) / 100);
  });

  test.each([
    ['nothing asks for one', move(8000, 2000, 9000), null],
    ['it takes no time', move(8000, 2000, 9000), { kind: 'span', seconds: 0 }],
    ['its rate is not limited', move(8000, 2000, 9000), { kind: 'rate', perSecond: 0 }],
    ['the flow is inside the new limit', move(8000, 2000, 1500), span],
    ['a limit comes to where nothing is known', move(null, 2000, null), span],
    ['there was no limit and there is none', move(null, null, 5000), span],
    ['a limit goes that limited nothing', move(12_000, null, 5000), span],
  ] as const)('nowhere when %s', (_, one, pace) => {
    expect(rampFor(one, pace, at(100))).toBeNull();
  });
});

describe('a limit in a ramp', () => {
  const falling = { from: 8000, to: 2000, start: at(100), end: at(160) };
  const rising = { from: 2000, to: 8000, start: at(100), end: at(160) };

  test('is at the tighter end of each second', () => {
    expect([100, 100.9, 101, 130, 159.5, 160, 1000].map((now) => rampedTo(falling, now))).toEqual([
      7900, 7900, 7800, 4900, 2000, 2000, 2000,
    ]);
    expect([100, 100.9, 101, 130, 159.5, 160, 1000].map((now) => rampedTo(rising, now))).toEqual([
      2000, 2000, 2100, 5000, 7900, 8000, 8000,
    ]);
  });

  test('before its start, by a clock that stepped back, is where it begins', () => {
    expect(rampedTo(rising, 50)).toBe(2000);
    expect(rampedTo(falling, 50)).toBe(7900);
  });

  test('goes in finer steps when it is short', () => {
    const short = { from: 0, to: 4000, start: at(0), end: at(10) };
    expect([0, 0.25, 0.5, 5].map((now) => rampedTo(short, now))).toEqual([0, 100, 200, 2000]);
  });
});

const NO_WISH = { softGradW: null, delay: null, randomDelay: null, rampTms: null, draw: null };

describe('the service', () => {
  test('remembers when it was stopped and when it came back, and nothing of a site never stopped', () => {
    expect(serviceAfter(null, false, at(5), NO_WISH)).toBeNull();
    const stopped = serviceAfter(null, true, at(5), NO_WISH);
    expect(stopped).toEqual({ stopped: true, since: 5, opened: [] });
    expect(serviceAfter(stopped, true, at(9), NO_WISH)).toBe(stopped);
    expect(serviceAfter(stopped, false, at(9), NO_WISH)).toEqual({ stopped: false, since: 9, opened: [] });
    expect(serviceAfter(stopped, false, at(9), { ...NO_WISH, softGradW: 40 })).toEqual({
      stopped: false,
      since: 9,
      opened: [],
      softGradW: 40,
    });
  });

  test('comes back after a minute, in six', () => {
    const back = { stopped: false, since: at(1000), opened: [] };
    const limit = (now: number) => returnLimit(back, now, watts(9000));
    expect([1000, 1059, 1060, 1240, 1419].map(limit)).toEqual([0, 0, 0, 4500, 8975]);
    expect(limit(1420)).toBeNull();
    expect(isReturning(back, 1419)).toBe(true);
    expect(isReturning({ ...back, stopped: true }, 1001)).toBe(false);
    // A clock that steps back makes it wait, not run.
    expect(limit(900)).toBe(0);
  });
});

describe('a return as the utility states it', () => {
  const back = (stop: Partial<ReturnWish>, wish: Partial<ReturnWish>) => {
    const service = serviceAfter(serviceAfter(null, true, at(900), { ...NO_WISH, ...stop }), false, at(1000), {
      ...NO_WISH,
      ...wish,
    });
    return (now: number) => returnLimit(service, now, watts(10_000));
  };

  test('waits for setESDelay and then rises in setESRampTms', () => {
    const limit = back({}, { delay: 30_000, rampTms: 20_000 });
    expect([1000, 1299, 1300, 1400, 1499].map(limit)).toEqual([0, 0, 0, 5000, 9950]);
    expect(limit(1500)).toBeNull();
  });

  test('at once where both are nothing; by the slower of two ramps', () => {
    expect(back({}, { delay: 0, rampTms: 0 })(1000)).toBeNull();
    // 100 hundredths of a per cent a second are 100 s to the full.
    expect(back({}, { delay: 0, rampTms: 20_000, softGradW: 100 })(1100)).toBe(5000);
    expect(back({}, { delay: 0, rampTms: 5000, softGradW: 100 })(1050)).toBe(5000);
  });

  test('by chance within setESRandomDelay: where the draw of the event that stopped it says, or at its end', () => {
    const wish = { delay: 1000, randomDelay: 10_000, rampTms: 0 };
    const drawn = back({ draw: 0.25 }, wish);
    expect([1034, 1035].map(drawn)).toEqual([0, null]);
    const none = back({}, wish);
    expect([1109, 1110].map(none)).toEqual([0, null]);
    // Without a delay of its own the chance is added to the wait of the grid code.
    const alone = back({ draw: 0.5 }, { randomDelay: 10_000, rampTms: 0 });
    expect([1109, 1110].map(alone)).toEqual([0, null]);
  });
});

describe('the limits in force as watts', () => {
  const source = { kind: 'commissioned' } as const;
  const power = (limits: ActiveLimits) => powerLimits(limits, null, 0, watts(10_000));

  test('are the tightest of those on the generation', () => {
    expect(power({ generationLimit: { value: watts(6000), source }, maxPower: { value: percent(50), source } })).toEqual({
      exportLimit: null,
      generationLimit: 5000,
    });
    expect(
      power({ generationLimit: { value: watts(4000), source }, maxPower: { value: percent(50), source } }).generationLimit,
    ).toBe(4000);
  });

  test('are none where a limit is the whole rating', () => {
    expect(power({ maxPower: { value: percent(100), source } }).generationLimit).toBeNull();
    expect(power({ generationLimit: { value: watts(20_000), source } }).generationLimit).toBeNull();
  });

  test.each(['energize', 'connect'] as const)('are nothing when %s is false, and no matter when it is true', (name) => {
    expect(power({ [name]: { value: false, source } }).generationLimit).toBe(0);
    expect(power({ [name]: { value: true, source } }).generationLimit).toBeNull();
  });
});

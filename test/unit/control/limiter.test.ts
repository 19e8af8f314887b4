import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { observeCapChange, restingOutput } from '#control/limiter/limiter.ts';
import { powersOnPhases } from '#control/limiter/phases.ts';
import { Bench, limited, PLANT, WMAX } from './site.ts';

/** Margin kept below a limit: 0.3 %, 5 to 30 W. */
const kept = (limit: number): number => limit - Math.min(30, Math.max(5, 0.003 * limit));

/** Settled: 3 kW generated under a cap of 3 kW, 1 kW of load, so 2 kW exported. */
const settled = (limit = 2000): Bench => {
  const bench = new Bench().hold(3000);
  bench.run(15_000, limited(limit), { generation: 3000, flow: -2000 });
  return bench;
};

/** The cap goes from one to another, the output resting at the first. */
const tell = (bench: Bench, from: number, to: number): void => {
  bench.hold(to);
  const change = { from: watts(from), to: watts(to), output: watts(from) };
  bench.limiter = observeCapChange(bench.limiter, bench.track, change, monoMs(bench.now));
};

describe('the limiter', () => {
  it.each([
    ['no limit at all', limited(null), WMAX],
    ['an export limit: load and limit, less the margin', limited(2000), 1000 + kept(2000)],
    ['an export limit of zero: the load alone', limited(0), 1000 - 5],
    ['a generation limit below it', limited(2000, 1500), kept(1500)],
    ['a generation limit above it', limited(2000, 6000), 1000 + kept(2000)],
    ['a limit beyond the rating', limited(50_000), WMAX],
  ])('allows with %s', (_, limits, expected) => {
    expect(settled().run(250, limits, { generation: 3000, flow: -2000 }).target).toBeCloseTo(expected, 0);
  });

  it('relies on no load before the meter was seen three times', () => {
    const bench = new Bench().hold(3000);
    const seen = [1, 2, 3].map(() => bench.run(250, limited(2000), { generation: 1000, flow: 0 }).seen);
    expect(seen).toEqual([false, false, true]);
  });

  it('is safe within two seconds and a poll of a meter that falls silent', () => {
    const bench = settled();
    expect(bench.run(1750, limited(2000), { generation: 3000, flow: null }).seen).toBe(true);
    const blind = bench.run(500, limited(2000), { generation: 3000, flow: null });
    expect(blind).toMatchObject({ seen: false, load: null });
    // as if nothing were consumed
    expect(blind.target).toBeCloseTo(kept(2000), 0);
    expect(blind.ceiling).toBe(2000);
    expect(bench.run(60_000, limited(2000), { generation: 1990, flow: null }).target).toBeCloseTo(kept(2000), 0);
  });

  it('counts what no meter of ours sees at full, blind or not', () => {
    const plant = { ...PLANT, unmeteredGeneration: watts(700) };
    const bench = settled();
    bench.run(2500, limited(2000), { generation: 3000, flow: null, plant });
    expect(bench.run(250, limited(2000), { generation: 3000, flow: null, plant }).target).toBeCloseTo(kept(2000) - 700, 0);
  });

  it('counts it on each phase that has a limit, for nobody knows where it feeds', () => {
    const phases = { exportLimit: watts(1500), feeds: new Map() };
    const blind = (unmetered: number): number => {
      const plant = { ...PLANT, phases, unmeteredGeneration: watts(unmetered) };
      return settled().run(5000, limited(null), { generation: 3000, flow: null, plant }).ceiling;
    };
    expect(blind(0)).toBe(4500);
    expect(blind(700)).toBe(2400);
  });

  it('takes what single-phase storage may give off the phase that it feeds', () => {
    const phases = { exportLimit: watts(1500), feeds: new Map() };
    const beside = (phase: 'a' | undefined) => ({
      ...{ maxDischarge: watts(900), possibleDischarge: watts(900), power: null, isSteady: true },
      possibleOnPhases: powersOnPhases([{ power: 900, phase }]),
    });
    const blind = (phase: 'a' | undefined): number => {
      const plant = { ...PLANT, phases, storage: beside(phase) };
      return settled().run(5000, limited(null), { generation: 3000, flow: null, plant }).ceiling;
    };
    expect(blind(undefined)).toBe(3 * (1500 - 300));
    expect(blind('a')).toBe(3 * (1500 - 900));
  });

  it('is safe within fifteen seconds of a meter that freezes, and polls of it prove nothing', () => {
    const bench = settled();
    expect(bench.run(9000, limited(2000), { generation: 3000, flow: -2000, fresh: false }).seen).toBe(true);
    const blind = bench.run(2000, limited(2000), { generation: 3000, flow: -2000, fresh: false });
    expect(blind.seen).toBe(false);
    expect(blind.ceiling).toBe(2000);
    expect(bench.limiter.sight.reason).toBe('frozen');
    expect(bench.run(5000, limited(2000), { generation: 3000, flow: -2000, fresh: false }).seen).toBe(false);
  });

  it('does not believe a flow that turns into its own mirror image', () => {
    const bench = settled();
    const blind = bench.run(250, limited(2000), { generation: 3000, flow: 2000 });
    expect(blind.seen).toBe(false);
    expect(bench.limiter.sight.reason).toBe('implausible');
    // three good samples do not suffice where the sign is in doubt
    expect(bench.run(5000, limited(2000), { generation: 3000, flow: 2000 }).ceiling).toBe(2000);
  });

  it('believes it where the turned sign would be more export than the site gives', () => {
    const mirrored = (unmetered: number): readonly boolean[] => {
      const bench = settled();
      const plant = { ...PLANT, unmeteredGeneration: watts(unmetered) };
      const run = (span: number, generation: number): boolean =>
        bench.run(span, limited(2000), { generation, flow: 2000, plant }).seen;
      // What the site gave in the last five seconds may be what the meter shows.
      return [run(250, 3000), run(4000, 1000), run(3000, 1000)];
    };
    expect(mirrored(0)).toEqual([false, false, true]);
    expect(mirrored(1000)).toEqual([false, false, false]);
  });

  it('of a site with storage alone, takes a small flow that turns over for what it is', () => {
    const turning = (flow: number): boolean => {
      const still = { possibleDischarge: watts(0), possibleOnPhases: powersOnPhases([]), power: watts(0), isSteady: true };
      const storage = { maxDischarge: watts(4000), ...still };
      const plant = { ...PLANT, maxPower: watts(0), minOutput: watts(0), storage };
      const bench = new Bench();
      bench.run(3000, limited(2000), { generation: 0, flow, plant });
      return bench.run(250, limited(2000), { generation: 0, flow: -flow, plant }).seen;
    };
    expect([turning(100), turning(1000)]).toEqual([true, false]);
  });

  it('does not believe it for what it said before the output fell', () => {
    const bench = settled();
    bench.run(250, limited(2000), { generation: 3000, flow: 2000 });
    bench.run(10_000, limited(2000), { generation: 500, flow: null });
    expect(bench.run(5000, limited(2000), { generation: 500, flow: 400 }).seen).toBe(false);
  });

  it.each([
    ['disbelieved', 250, { generation: 3000, flow: 2000 }],
    ['frozen', 11_000, { generation: 3000, flow: -2000, fresh: false }],
  ] as const)('keeps nothing of the load once the meter is %s', (_, span, seen) => {
    const bench = settled();
    expect(bench.limiter.load.estimate).not.toBeNull();
    expect(bench.run(span, limited(2000), seen).seen).toBe(false);
    expect(bench.limiter.load).toMatchObject({ estimate: null, refresh: null, history: [] });
  });

  it('holds a meter against an output that moves only after a dead time', () => {
    const bench = settled();
    tell(bench, 3000, 1000);
    bench.run(4000, limited(2000), { generation: 3000, flow: -2000 });
    bench.run(4000, limited(2000), { generation: 1000, flow: -2000 });
    expect(bench.limiter.sight.strikes).toBe(1);
    // A cap that moves nothing is no evidence, however long one waits.
    tell(bench, 1000, 2000);
    bench.run(20_000, limited(2000), { generation: 1000, flow: -2000 });
    expect(bench.limiter.sight).toMatchObject({ strikes: 1, witness: null });
  });

  it('holds no meter against an output on the move: flow and output would be of two ages', () => {
    const bench = settled();
    expect(restingOutput([bench.track], monoMs(bench.now))).toBe(3000);
    bench.run(500, limited(2000), { generation: 2500, flow: -2000 });
    expect(restingOutput([bench.track], monoMs(bench.now))).toBeNull();
    // No more than the sun's own unrest.
    bench.run(5000, limited(2000), { generation: 2550, flow: -1500 });
    bench.run(250, limited(2000), { generation: 2450, flow: -1500 });
    expect(restingOutput([bench.track], monoMs(bench.now))).toBe(2450);
  });

  it('holds nothing against a meter that is silent, whatever the output does meanwhile', () => {
    const bench = settled();
    bench.run(5000, limited(2000), { generation: 3000, flow: null });
    for (const from of [3000, 2000, 1000]) {
      tell(bench, from, from - 1000);
      bench.run(8000, limited(2000), { generation: from - 1000, flow: null });
    }
    expect(bench.limiter.sight.reason).toBe('silent');
    expect(bench.run(750, limited(2000), { generation: 0, flow: 1000 }).seen).toBe(true);
  });

  it('sees a meter that was silent again after three samples', () => {
    const bench = settled();
    bench.run(2500, limited(2000), { generation: 3000, flow: null });
    const regained = [1, 2, 3].map(() => bench.run(250, limited(2000), { generation: 3000, flow: -2000 }).seen);
    expect(regained).toEqual([false, false, true]);
  });

  it('over-cuts to the minimum stable output, ends it when the output arrives, and never exceeds the ceiling', () => {
    const bench = new Bench().hold(9000);
    bench.run(15_000, limited(null), { generation: 9000, flow: -8000 });
    const cut = bench.run(250, limited(1500), { generation: 9000, flow: -8000 });
    expect(cut).toMatchObject({ overcutting: true, command: PLANT.minOutput });
    expect(cut.ceiling).toBeCloseTo(2500, 0);
    bench.hold(1000);
    const arrived = bench.run(1000, limited(1500), { generation: 2400, flow: -1400 });
    expect(arrived.overcutting).toBe(false);
    expect(arrived.command).toBe(arrived.target);
  });

  it('over-cuts no deeper than the limit asks, where that is below the minimum stable output', () => {
    const bench = new Bench().hold(9000);
    bench.run(15_000, limited(null), { generation: 9000, flow: -9000 });
    const cut = bench.run(250, limited(0), { generation: 9000, flow: -9000 });
    expect(cut.command).toBe(0);
  });

  it('relies on a load that rose only after it proved itself, and on a fall at once', () => {
    const bench = settled();
    const risen = bench.run(250, limited(2000), { generation: 3000, flow: 0 });
    // one per cent of the rating at once, the rest after nine seconds
    expect(risen.target).toBeLessThan(1000 + 2000 + 0.011 * WMAX);
    expect(bench.run(10_000, limited(2000), { generation: 3000, flow: 0 }).target).toBeCloseTo(3000 + kept(2000), -1);
    expect(bench.run(250, limited(2000), { generation: 3000, flow: -2000 }).target).toBeCloseTo(1000 + kept(2000), -1);
  });

  it('does not hold it against the meter that a load of its own comes as the output rises', () => {
    const rising = (told: boolean): boolean => {
      const bench = settled();
      let seen = true;
      for (let generation = 3000; generation <= 5000; generation += 100) {
        const plant = told ? { ...PLANT, loadsToldAt: monoMs(bench.now - 1000) } : PLANT;
        seen &&= bench.run(500, limited(null), { generation, flow: generation - 5000, plant }).seen;
      }
      return seen;
    };
    expect(rising(false)).toBe(false);
    expect(rising(true)).toBe(true);
  });
});

it('runs ahead of storage that takes less and less only once the site stands above its limit for it', () => {
  const storage = { maxDischarge: watts(5000), possibleDischarge: watts(0), power: watts(-3000), isSteady: false };
  const plant = { ...PLANT, storage: { ...storage, possibleOnPhases: powersOnPhases([]) } };
  /** What is relied on after so many seconds in which the load fell by 70 W each, from 3 kW. */
  const relied = (limit: number): number => {
    const bench = new Bench().hold(5000);
    let load = 3000;
    for (; load > 2300; load -= 70) bench.run(1000, limited(limit), { generation: 5000, flow: load - 5000, plant });
    return (bench.run(250, limited(limit), { generation: 5000, flow: load - 5000, plant }).load ?? Number.NaN) - load;
  };
  expect(relied(4000)).toBeGreaterThanOrEqual(-1);
  expect(relied(2000)).toBeLessThan(-150);
});

describe('an over-cut beside storage', () => {
  /** What is commanded, at 8 kW of output, once a load of 1 kW went that had kept the site half of that below its limit; `power` of the storage. */
  const commanded = (limit: number, power: number | null): { readonly command: number; readonly target: number } => {
    const storage = { maxDischarge: watts(5000), possibleDischarge: watts(0), isSteady: true };
    const beside = { ...storage, power: power === null ? null : watts(power), possibleOnPhases: powersOnPhases([]) };
    const plant = { ...PLANT, storage: beside };
    const bench = new Bench().hold(8000);
    bench.run(15_000, limited(limit), { generation: 8000, flow: 500 - limit, plant });
    const { overcutting, command, target } = bench.run(500, limited(limit), { generation: 8000, flow: -500 - limit, plant });
    expect(overcutting).toBe(true);
    return { command, target };
  };

  it('that charges leaves it its surplus: what it let go would have to be cut as well', () => {
    const { command, target } = commanded(2000, -4000);
    expect(target - command).toBeCloseTo(kept(2000), 0);
  });

  it('goes as far below the target as there is to cut, whatever is exported there', () => {
    const { command, target } = commanded(0, -4000);
    expect(target - command).toBeCloseTo(8000 - target, 0);
  });

  it.each([
    ['gives', 1000],
    ['rests', 0],
    ['is not known', null],
  ])('that %s goes to the least that is stable', (_, power) => {
    expect(commanded(2000, power).command).toBe(1000);
  });
});

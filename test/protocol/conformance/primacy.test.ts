import { expect } from 'vitest';
import { setAssignments } from '../../rig/utility/commands.ts';
import type { Control } from '../../rig/utility/controls.ts';
import type { Modes } from '../../rig/utility/options.ts';
import { setDefault } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo } from './criteria.ts';
import { requirement, type Evidence } from './requirement.ts';

const RATED_W = 10_000;
const BAND_W = 100;
const percent = (share: number): number => (share / 100) * RATED_W;
/** 1.67 % a second: a whole step takes a minute. */
const SETTINGS = { setGradW: 167 };

/** Programs 1 to 5 of the first assignment have primacy 1, 6 to 15 of the second primacy 2; 1 and 6 have defaults. */
const PROGRAMS = Array.from({ length: 15 }, (_, index) => {
  const name = `p${index + 1}`;
  const limit = name === 'p1' ? percent(10) : name === 'p6' ? 0 : null;
  return { name, primacy: index < 5 ? 1 : 2, default: limit === null ? null : { opModExpLimW: limit }, settings: SETTINGS };
});
const NAMES = PROGRAMS.map(({ name }) => name);

class Procedure {
  readonly gateway: VirtualGateway;
  readonly #evidence: Evidence;

  constructor(gateway: VirtualGateway, evidence: Evidence) {
    this.gateway = gateway;
    this.#evidence = evidence;
  }

  /** An event from a second of the run on. */
  publish(program: string, from: number, durationSeconds: number, modes: Modes): Control {
    return this.gateway.publish({ program, startsIn: from - this.gateway.now, durationSeconds, modes });
  }

  /** Runs to `until`, at which the export must have been `limit` for the last 20 s. */
  async exports(what: string, until: number, limit: number): Promise<void> {
    await this.gateway.until(until);
    this.#evidence.site(what, this.gateway.truth.mostExport(until - 20, until), {
      least: Math.min(limit, percent(95)) - 300,
      most: limit + BAND_W,
    });
  }

  said(event: Control, statuses: readonly number[]): void {
    expect(answersTo(this.gateway, event)).toEqual(statuses);
  }
}

requirement(['GEN-10'], 'primacy per mode through 15 programs of two assignments', async (evidence) => {
  const gateway = new VirtualGateway({ scenario: { programs: PROGRAMS } });
  setAssignments(gateway.state, [NAMES.slice(0, 5), NAMES.slice(5)]);
  const run = new Procedure(await gateway.start().until(60), evidence);
  await run.exports('the best default', 80, percent(10));
  setDefault(gateway.state, 'p1', { opModExpLimW: percent(30) });
  await run.exports('raised to 30 %', 200, percent(30));

  const worse = run.publish('p6', 260, 300, { opModExpLimW: percent(200) });
  await run.exports('an event of the worse program', 320, percent(95));
  const better = run.publish('p1', 320, 420, { opModExpLimW: 0 });
  await run.exports('a better one takes over', 480, 0);
  await run.exports('and what it took does not come back', 735, 0);
  run.said(worse, [1, 2, 7]);
  await run.exports('the default after it', 850, percent(30));
  run.said(better, [1, 2, 3]);

  const again = run.publish('p6', 920, 150, { opModExpLimW: percent(200) });
  await run.exports('a later event of the worse program runs', 1040, percent(95));
  await run.exports('and gives way to the better default', 1150, percent(30));
  run.said(again, [1, 2, 3]);

  const shut = run.publish('p1', 1220, 120, { opModGenLimW: 0, opModConnect: false });
  const open = run.publish('p6', 1220, 480, { opModExpLimW: percent(200) });
  await gateway.until(1330);
  for (const event of [shut, open]) run.said(event, [1, 2]);
  await gateway.until(1480);
  run.said(shut, [1, 2, 3]);
  evidence.site('no output while it is disconnected and waits', gateway.truth.mostGeneration(1240, 1395), { most: 100 });
  // 16.67 % a minute.
  evidence.site('watts a second on the way back', gateway.truth.slope(1420, 1475), { least: 25, most: 31 });

  const newer = run.publish('p6', 1560, 140, { opModExpLimW: percent(200) });
  await gateway.until(1640);
  run.said(open, [1, 2, 7]);
  run.said(newer, [1, 2]);

  const zero = run.publish('p1', 1760, 120, { opModExpLimW: 0 });
  const both = run.publish('p6', 1760, 120, { opModExpLimW: percent(50), opModGenLimW: percent(30) });
  await run.exports('the better export limit', 1860, 0);
  for (const event of [zero, both]) run.said(event, [1, 2]);
  const half = run.publish('p1', 1940, 120, { opModGenLimW: percent(50) });
  const fifth = run.publish('p6', 1940, 120, { opModExpLimW: percent(20) });
  await run.exports('the tightest of two modes', 2055, percent(20));
  for (const event of [half, fifth]) run.said(event, [1, 2]);

  setDefault(gateway.state, 'p1', { opModExpLimW: percent(50) });
  setDefault(gateway.state, 'p6', { opModExpLimW: percent(20) });
  await run.exports('the better default, though looser', 2220, percent(50));
  for (const event of [zero, both, half, fifth]) run.said(event, [1, 2, 3]);
  evidence.requests(gateway, 'answers 7 to both', answered(7));
  evidence.requests(gateway, 'completes the rest', answered(3));
});

requirement(['ALL-22'], 'starts are drawn once and spread; chained events leave no gap', async (evidence) => {
  const offsets: number[] = [];
  for (const seed of [1, 2]) {
    const gateway = await new VirtualGateway({ seed }).start().until(60);
    const publish = (from: number): Control =>
      gateway.publish({
        program: 'site',
        startsIn: from - 60,
        durationSeconds: 120,
        randomizeStart: 60,
        modes: { opModExpLimW: 4000 },
      });
    const chain = [180, 300, 420, 540, 660].map(publish);
    const apart = [960, 1200].map(publish);
    await gateway.until(1440);
    for (const event of [...chain, ...apart]) expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
    for (const from of [180, 960, 1200]) {
      const start = gateway.truth.firstAbove(from, 2000) ?? Number.NaN;
      evidence.site(`the start of an event of ${from} s in its window`, start, { least: from, most: from + 75 });
      offsets.push(Math.round(start - from));
    }
    const first = gateway.truth.firstAbove(180, 2000) ?? Number.NaN;
    // From the first start to the last end without a gap.
    evidence.site('export throughout the chain', gateway.truth.leastExport(first + 20, first + 580), { least: 3700 });
    evidence.requests(gateway, 'each completes', answered(3));
  }
  const spread = Math.max(...offsets) - Math.min(...offsets);
  expect(new Set(offsets).size, offsets.join(', ')).toBeGreaterThan(3);
  evidence.site('seconds over which the starts spread', spread, { least: 15, most: 75 });
});

requirement(['CORE-021'], 'start and duration randomised by 0, 30 and -30 s', async (evidence) => {
  const gateway = await new VirtualGateway({ seed: 4 }).start().until(60);
  const cases = [
    [240, 0, 0],
    [480, 30, 0],
    [720, -30, 0],
    [960, 0, 30],
    [1200, 0, -30],
  ] as const;
  const events = cases.map(([from, randomizeStart, randomizeDuration]) =>
    gateway.publish({
      program: 'site',
      startsIn: from - 60,
      durationSeconds: 120,
      randomizeStart,
      randomizeDuration,
      modes: { opModExpLimW: 4000 },
    }),
  );
  await gateway.until(1440);
  const { truth } = gateway;
  /** Until the site has moved. */
  const lag = 15;
  for (const [index, [from, ofStart, ofDuration]] of cases.entries()) {
    const title = `start ${ofStart} s, duration ${ofDuration} s`;
    const start = truth.firstAbove(from - 60, 2000) ?? Number.NaN;
    evidence.site(`${title}: begins`, start - from, { least: Math.min(0, ofStart), most: Math.max(0, ofStart) + lag });
    const end = truth.firstBelow(from + 60, 2000) ?? Number.NaN;
    const late = end - (from + 120);
    const [least, most] = [Math.min(0, ofStart) + Math.min(0, ofDuration), Math.max(0, ofStart) + Math.max(0, ofDuration)];
    evidence.site(`${title}: ends`, late, { least, most: most + lag });
    expect(answersTo(gateway, events[index] ?? expect.fail())).toEqual([1, 2, 3]);
  }
  evidence.requests(gateway, 'completes each', answered(3));
});

import { SeededRandom } from '#base/random.ts';
import { durationMs, type MonoMs, monoMs, type Watts, watts } from '#base/units.ts';
import { allocate, ask, type Asked } from '#control/allocate/allocate.ts';
import { type GenerationTrack, newTrack, withHeldCap, withReading } from '#control/limiter/generation.ts';
import {
  type Decision,
  decide,
  gainOf,
  type LimiterState,
  newLimiter,
  observeCapChange,
  observeGeneration,
  observeMeter,
  type Plant,
} from '#control/limiter/limiter.ts';
import { toDeviceId } from '#site/device.ts';

export interface LoopOptions {
  readonly seed: number;
  readonly lag: number;
  readonly dead: number;
  /** Fraction of WMax a second. */
  readonly slew: number;
  readonly gain: number;
  readonly quantum: number;
  readonly sun: (t: number) => number;
  readonly load: (t: number) => number;
  readonly limit: (t: number) => number | null;
  readonly readingDelay: number;
  readonly meterAlive: (t: number) => boolean;
  readonly meterSign: (t: number) => number;
}

export const LOOP: LoopOptions = {
  seed: 1,
  lag: 1,
  dead: 0,
  slew: 10,
  gain: 1,
  quantum: 1,
  sun: () => 10_000,
  load: () => 1000,
  limit: () => 5000,
  readingDelay: 0,
  meterAlive: () => true,
  meterSign: () => 1,
};

export interface Truth {
  readonly t: number;
  readonly generation: number;
  readonly netExport: number;
  readonly cap: number;
}

const WMAX = 10_000;
const STEP = 0.01;

/** The limiter alone around an ideal plant, 10 ms steps: polls, write latency and lag, but no bytes. */
export const runLoop = (
  options: LoopOptions,
  until: number,
): { truth: Truth[]; writes: number; decisions: Decision[]; state: LimiterState } => {
  const random = new SeededRandom(options.seed, 'loop');
  const device = toDeviceId('pv');
  const plant: Plant = {
    maxPower: watts(WMAX),
    minOutput: watts(1000),
    unmeteredGeneration: watts(0),
    readingAge: durationMs(150),
  };
  let state = newLimiter();
  let track: GenerationTrack = newTrack(device, watts(WMAX));
  let asked: Asked | null = null;
  const refreshPhase = random.fraction();
  const pollPhase = random.fraction() * 0.3;
  let output = options.sun(0);
  const capLog: { at: number; cap: number }[] = [{ at: -100, cap: WMAX }];
  let pendingWrite: { at: number; cap: Watts } | null = null;
  let meterValue = 0;
  let fingerprint = 0;
  let nextRefresh = refreshPhase;
  let nextMeter = pollPhase;
  let nextInverter = 0.1;
  let attendUntil = 0;
  let previousLimit: number | null = -1;
  let wasOvercut = false;
  let writes = 0;
  const outputs: number[] = [];
  const truth: Truth[] = [];
  const decisions: Decision[] = [];
  for (let step = 0; step * STEP < until; step += 1) {
    const t = step * STEP;
    const now: MonoMs = monoMs(t * 1000);
    const effective = capLog.findLast((entry) => entry.at <= t - options.dead)?.cap ?? WMAX;
    const goal = Math.min(options.sun(t), effective * options.gain);
    const lagged = options.lag === 0 ? goal : output + (goal - output) * (1 - Math.exp(-STEP / options.lag));
    const bound = options.slew * WMAX * STEP;
    output += Math.min(bound, Math.max(-bound, lagged - output));
    outputs.push(output);
    const net = options.load(t) - output;
    if (step % 10 === 0) truth.push({ t, generation: output, netExport: -net, cap: effective });
    if (t >= nextRefresh) {
      meterValue = net * options.meterSign(t);
      fingerprint += 1;
      nextRefresh += 1;
    }
    let changed = false;
    if (t >= nextMeter) {
      nextMeter += 0.3;
      if (options.meterAlive(t)) {
        const none = { a: null, b: null, c: null };
        state = observeMeter(
          state,
          {
            kind: 'meter',
            device,
            takenAt: now,
            netImport: watts(meterValue),
            netImportPerPhase: none,
            reactiveImport: null,
            voltage: none,
            frequency: null,
            importedEnergy: null,
            exportedEnergy: null,
            fingerprint,
          },
          plant,
        );
      }
      changed = true;
    }
    if (t >= nextInverter) {
      nextInverter += t < attendUntil ? 0.35 : 1;
      const read = outputs.at(-1 - Math.round(options.readingDelay / STEP)) ?? output;
      const none = { a: null, b: null, c: null };
      track = withReading(track, {
        kind: 'inverter',
        device,
        takenAt: now,
        generation: watts(Math.round(read)),
        reactive: null,
        apparent: null,
        current: null,
        voltage: none,
        frequency: null,
        lifetimeEnergy: null,
        state: options.sun(t) > effective ? 'throttled' : 'producing',
      });
      state = observeGeneration(state, track, now);
      changed = true;
    }
    if (pendingWrite !== null && t >= pendingWrite.at) {
      const cap = watts(Math.floor(pendingWrite.cap / options.quantum) * options.quantum);
      const from = track.heldCap ?? watts(WMAX);
      capLog.push({ at: t, cap });
      track = withHeldCap(track, cap, now);
      state = observeCapChange(state, track, from, cap, now);
      pendingWrite = null;
      writes += 1;
      changed = true;
    }
    if (!changed && step % 25 !== 0) continue;
    const exportLimit = options.limit(t);
    const result = decide(
      state,
      { exportLimit: exportLimit === null ? null : watts(exportLimit), generationLimit: null },
      [track],
      plant,
      now,
    );
    state = result.state;
    const { decision } = result;
    decisions.push(decision);
    if (decision.moving) attendUntil = t + 1;
    const claim = { device, maxPower: watts(WMAX), gain: gainOf(state, device).gain, uncontrolled: null };
    const cap = allocate(decision.command, [claim]).get(device) ?? watts(0);
    const ceiling = allocate(decision.ceiling, [claim]).get(device) ?? watts(0);
    const completes = decision.overcutting || (wasOvercut && !decision.overcutting) || exportLimit !== previousLimit;
    const next = ask(asked, { cap, ceiling, completes }, watts(WMAX), now);
    if (next !== null) {
      asked = next;
      if (pendingWrite === null) pendingWrite = { at: t + 0.15, cap: next.cap };
      else pendingWrite = { at: pendingWrite.at, cap: next.cap };
      attendUntil = t + 3;
    }
    wasOvercut = decision.overcutting;
    previousLimit = exportLimit;
  }
  return { truth, writes, decisions, state };
};

/** Seconds from `since` until the export stays at or below limit + band to the end of the run. */
export const settledAfter = (
  truth: readonly Truth[],
  since: number,
  limit: number,
  band: number,
  until = Number.POSITIVE_INFINITY,
): number => {
  const over = truth.findLast((point) => point.t >= since && point.t < until && point.netExport > limit + band);
  return over === undefined ? 0 : over.t - since + 0.1;
};

import { SeededRandom } from '#base/random.ts';
import { durationMs, type MonoMs, monoMs, type Watts, watts } from '#base/units.ts';
import { allocate, ask, type Asked } from '#control/allocate/allocate.ts';
import { type GenerationTrack, newTrack, withAskedCap, withHeldCap, withReading } from '#control/limiter/generation.ts';
import {
  decide,
  gainOf,
  newLimiter,
  observeCapChange,
  observeGeneration,
  observeMeter,
  restingOutput,
} from '#control/limiter/limiter.ts';
import type { Plant } from '#control/limiter/plant.ts';
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
  /** Seconds between two refreshes of the meter's registers. */
  readonly refresh: number;
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
  refresh: 1,
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
/** Nobody gives way to it, and it to nobody. */
const ALONE = { uncontrolled: null, onReturn: null, usable: null, least: watts(0), idle: false };

const NONE = { a: null, b: null, c: null };
const DEVICE = toDeviceId('pv');
const PLANT: Plant = {
  maxPower: watts(WMAX),
  minOutput: watts(1000),
  unmeteredGeneration: watts(0),
  readingAge: durationMs(150),
};

/** An ideal inverter: dead time, lag, slew and gain, 10 ms steps. */
class Inverter {
  readonly #options: LoopOptions;
  readonly #caps: { at: number; cap: number }[] = [{ at: -100, cap: WMAX }];
  readonly #outputs: number[] = [];
  output: number;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.output = options.sun(0);
  }

  give(t: number, cap: number): void {
    this.#caps.push({ at: t, cap });
  }

  capAt(t: number): number {
    return this.#caps.findLast((entry) => entry.at <= t - this.#options.dead)?.cap ?? WMAX;
  }

  step(t: number): void {
    const { lag, slew, gain, sun } = this.#options;
    const goal = Math.min(sun(t), this.capAt(t) * gain);
    const lagged = lag === 0 ? goal : this.output + (goal - this.output) * (1 - Math.exp(-STEP / lag));
    const bound = slew * WMAX * STEP;
    this.output += Math.min(bound, Math.max(-bound, lagged - this.output));
    this.#outputs.push(this.output);
  }

  read(): number {
    return Math.round(this.#outputs.at(-1 - Math.round(this.#options.readingDelay / STEP)) ?? this.output);
  }
}

/** The limiter with what stands around it in the tick: track, split and write budget. */
class Controller {
  readonly #options: LoopOptions;
  #state = newLimiter();
  #track: GenerationTrack = newTrack(DEVICE, watts(WMAX));
  #asked: Asked | null = null;
  #limit: number | null = -1;
  #forced = false;
  #pending: { at: number; cap: Watts } | null = null;
  attendUntil = 0;
  writes = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  onMeter(now: MonoMs, netImport: number, fingerprint: number): void {
    this.#state = observeMeter(
      this.#state,
      {
        kind: 'meter',
        device: DEVICE,
        takenAt: now,
        netImport: watts(netImport),
        netImportPerPhase: NONE,
        reactiveImport: null,
        voltage: NONE,
        frequency: null,
        importedEnergy: null,
        exportedEnergy: null,
        fingerprint,
      },
      PLANT,
    );
  }

  onInverter(now: MonoMs, generation: number, state: 'throttled' | 'producing'): void {
    const empty = { reactive: null, apparent: null, current: null, voltage: NONE, frequency: null, lifetimeEnergy: null };
    const sample = { kind: 'inverter', device: DEVICE, takenAt: now, generation: watts(generation), state, ...empty } as const;
    this.#track = withReading(this.#track, sample);
    this.#state = observeGeneration(this.#state, this.#track, now);
  }

  /** The write that reaches the inverter now, if one does; 150 ms after it was asked for. */
  writeDue(t: number): number | null {
    if (this.#pending === null || t < this.#pending.at) return null;
    const cap = watts(Math.floor(this.#pending.cap / this.#options.quantum) * this.#options.quantum);
    const from = this.#track.heldCap ?? watts(WMAX);
    const now = monoMs(t * 1000);
    this.#track = withHeldCap(this.#track, cap, now);
    this.#state = observeCapChange(this.#state, this.#track, { from, to: cap, output: restingOutput([this.#track], now) }, now);
    this.#pending = null;
    this.writes += 1;
    return cap;
  }

  tick(t: number): void {
    const now = monoMs(t * 1000);
    const limit = this.#options.limit(t);
    const limits = { exportLimit: limit === null ? null : watts(limit), generationLimit: null };
    const { state, decision } = decide(this.#state, limits, [this.#track], { plant: PLANT, now, uncontrolled: new Map() });
    this.#state = state;
    const claim = { device: DEVICE, maxPower: watts(WMAX), gain: gainOf(state, DEVICE).gain, ...ALONE };
    const cap = allocate(decision.command, [claim]).get(DEVICE) ?? watts(0);
    const ceiling = allocate(decision.ceiling, [claim]).get(DEVICE) ?? watts(0);
    const forced = decision.overcutting || decision.probing;
    const completes = forced || this.#forced || limit !== this.#limit;
    const wish = { cap, ceiling, completes, arrives: limit !== this.#limit, swings: false, slack: decision.slack ?? 0 };
    const next = ask(this.#asked, wish, watts(WMAX), now);
    if (next !== null) {
      this.#asked = next;
      this.#track = withAskedCap(this.#track, next.cap, now);
      this.#pending = { at: this.#pending?.at ?? t + 0.15, cap: next.cap };
      this.attendUntil = t + 3;
    }
    if (decision.moving) this.attendUntil = t + 1;
    this.#forced = forced;
    this.#limit = limit;
  }
}

/** The limiter alone around an ideal plant: polls, write latency and lag, but no bytes. */
export const runLoop = (options: LoopOptions, until: number): { readonly truth: readonly Truth[]; readonly writes: number } => {
  const random = new SeededRandom(options.seed, 'loop');
  const inverter = new Inverter(options);
  const controller = new Controller(options);
  const meter = { value: 0, fingerprint: 0, nextRefresh: random.fraction() * options.refresh };
  let nextMeter = random.fraction() * 0.3;
  let nextInverter = 0.1;
  const truth: Truth[] = [];
  for (let step = 0; step * STEP < until; step += 1) {
    const t = step * STEP;
    const now = monoMs(t * 1000);
    const written = controller.writeDue(t);
    if (written !== null) inverter.give(t, written);
    inverter.step(t);
    const netImport = options.load(t) - inverter.output;
    if (step % 10 === 0) truth.push({ t, generation: inverter.output, netExport: -netImport, cap: inverter.capAt(t) });
    if (t >= meter.nextRefresh) {
      meter.value = netImport * options.meterSign(t);
      meter.fingerprint += 1;
      meter.nextRefresh += options.refresh;
    }
    const polls = t >= nextMeter;
    if (polls) {
      nextMeter += 0.3;
      if (options.meterAlive(t)) controller.onMeter(now, meter.value, meter.fingerprint);
    }
    const reads = t >= nextInverter;
    if (reads) {
      nextInverter += t < controller.attendUntil ? 0.35 : 1;
      controller.onInverter(now, inverter.read(), options.sun(t) > inverter.capAt(t) ? 'throttled' : 'producing');
    }
    if (polls || reads || written !== null || step % 25 === 0) controller.tick(t);
  }
  return { truth, writes: controller.writes };
};

/** Seconds from `since` until the export stays at or below limit + band to the end of the run. */
export const settledAfter = (truth: readonly Truth[], since: number, limit: number, band: number): number => {
  const over = truth.findLast((point) => point.t >= since && point.netExport > limit + band);
  return over === undefined ? 0 : over.t - since + 0.1;
};

/** How often the generation turned round by more than `swing` watts after `since`. */
export const reversals = (truth: readonly Truth[], since: number, swing: number): number => {
  let count = 0;
  let direction = 0;
  let high = Number.NEGATIVE_INFINITY;
  let low = Number.POSITIVE_INFINITY;
  for (const { t, generation } of truth) {
    if (t < since) continue;
    high = Math.max(high, generation);
    low = Math.min(low, generation);
    const turn = direction !== 1 && generation > low + swing ? 1 : direction !== -1 && generation < high - swing ? -1 : 0;
    if (turn === 0) continue;
    if (direction !== 0) count += 1;
    direction = turn;
    high = generation;
    low = generation;
  }
  return count;
};

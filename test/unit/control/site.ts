/** Words for the tests of control: samples, tracks and a plant as the tables of the tests need them. */
import { durationMs, monoMs, watts } from '#base/units.ts';
import { type GenerationTrack, newTrack, withHeldCap, withReading } from '#control/limiter/generation.ts';
import {
  type Decision,
  decide,
  type LimiterState,
  newLimiter,
  observeGeneration,
  observeMeter,
  type PowerLimits,
} from '#control/limiter/limiter.ts';
import type { Plant } from '#control/limiter/plant.ts';
import { toDeviceId } from '#site/device.ts';
import type { InverterSample, InverterState, MeterSample } from '#site/sample.ts';

export const PV = toDeviceId('pv');
export const METER = toDeviceId('grid');
export const WMAX = 10_000;

export const PLANT: Plant = {
  maxPower: watts(WMAX),
  minOutput: watts(1000),
  unmeteredGeneration: watts(0),
  readingAge: durationMs(0),
};

const PHASES = { a: null, b: null, c: null };

export const meterSample = (t: number, netImport: number | null, fingerprint = t): MeterSample => ({
  kind: 'meter',
  device: METER,
  takenAt: monoMs(t),
  netImport: netImport === null ? null : watts(netImport),
  netImportPerPhase: PHASES,
  reactiveImport: null,
  voltage: PHASES,
  frequency: null,
  importedEnergy: null,
  exportedEnergy: null,
  fingerprint,
});

export const inverterSample = (t: number, generation: number | null, state: InverterState = 'throttled'): InverterSample => ({
  kind: 'inverter',
  device: PV,
  takenAt: monoMs(t),
  generation: generation === null ? null : watts(generation),
  reactive: null,
  apparent: null,
  current: null,
  voltage: PHASES,
  frequency: null,
  lifetimeEnergy: null,
  state,
});

export const limited = (exportLimit: number | null, generationLimit: number | null = null): PowerLimits => ({
  exportLimit: exportLimit === null ? null : watts(exportLimit),
  generationLimit: generationLimit === null ? null : watts(generationLimit),
});

/**
 * A limiter beside one inverter, both polled every 250 ms. What the site does is given as functions of time in milliseconds;
 * `flow` null: the meter does not answer; `fresh` false: it answers with the same block as before.
 */
export class Bench {
  limiter: LimiterState = newLimiter();
  track: GenerationTrack = newTrack(PV, watts(WMAX));
  now = 0;
  #fingerprint = 0;

  hold(cap: number | null): this {
    this.track = withHeldCap(this.track, cap === null ? null : watts(cap), monoMs(this.now));
    return this;
  }

  /** Runs `span` milliseconds; returns what is decided at their end. */
  run(
    span: number,
    limits: PowerLimits,
    site: { readonly generation: number; readonly flow: number | null; readonly fresh?: boolean; readonly plant?: Plant },
  ): Decision {
    const plant = site.plant ?? PLANT;
    const until = this.now + span;
    let decision: Decision | null = null;
    while (this.now < until) {
      this.now += 250;
      this.track = withReading(this.track, inverterSample(this.now, site.generation));
      this.limiter = observeGeneration(this.limiter, this.track, monoMs(this.now));
      if (site.flow !== null) {
        if (site.fresh !== false) this.#fingerprint += 1;
        this.limiter = observeMeter(this.limiter, meterSample(this.now, site.flow, this.#fingerprint), plant);
      }
      const step = decide(this.limiter, limits, [this.track], { plant, now: monoMs(this.now), uncontrolled: new Map() });
      this.limiter = step.state;
      decision = step.decision;
    }
    if (decision === null) throw new Error('run for at least one poll');
    return decision;
  }
}

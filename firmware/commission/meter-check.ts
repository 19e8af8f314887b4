import { type MonoMs, type Watts, watts } from '#base/units.ts';
import type { DeviceId } from '#site/device.ts';
import type { DeviceStanding, PerPhase, Sample } from '#site/sample.ts';
import { type InverterFinding, judgeInverter, judgeSite, type SiteFinding, type Transition, untested } from './meter-verdict.ts';

/** Averages are taken over so long, with at least so many refreshes of the meter and readings of each inverter. */
const WINDOW_MS = 4000;
const REFRESHES_MIN = 3;
const READINGS_MIN = 2;
const WINDOW_MS_MAX = 30_000;
/** From a command until its effect is looked for, and the longest wait for it: a raise waits for its turn. */
const SETTLE_MS = 3000;
const SETTLE_MS_MAX = 40_000;
/** After the output stands still the meter may be so late. */
const METER_LAG_MS = 2000;
/** Readings this close together, as a share of WMax, stand still. */
const STILL_FRACTION = 0.02;
/** Changes wanted of each inverter, and the most that are tried. */
const CHANGES_WANTED = 4;
const STEPS_MAX = 6;
/** A step is at least this large: a share of WMax, watts, multiples of the load's noise. */
const STEP_FRACTION_MIN = 0.05;
const STEP_W_MIN = 200;
const STEP_NOISES = 4;
/** And at most this share of WMax, and of the output. */
const STEP_FRACTION_MAX = 0.3;
const STEP_SHARE_MAX = 0.5;
/** The whole check ends then, whatever is left to do. */
const CHECK_MS_MAX = 600_000;
/** Samples kept of a window. */
const SAMPLES_MAX = 256;

/** What the check must know of an inverter. */
export interface CheckedInverter {
  readonly maxPower: Watts | null;
  /** Minimum stable output, watts. */
  readonly least: Watts;
  readonly standing: DeviceStanding;
  /** The cap it was last asked to keep; null: none yet. */
  readonly asked: Watts | null;
}

/** What one tick of the control saw and did. */
export interface Look {
  readonly now: MonoMs;
  readonly samples: readonly Sample[];
  readonly inverters: ReadonlyMap<DeviceId, CheckedInverter>;
  /** Null: the connection point is seen; else why it is not. */
  readonly blind: string | null;
  /** Import limit in force, watts; null: none. */
  readonly importLimit: Watts | null;
  /** The limiter is cutting now. */
  readonly cutting: boolean;
  /** Generation is stopped or locked out. */
  readonly stopped: boolean;
}

export interface CheckReport {
  readonly done: boolean;
  /** What it does now, or why it ended early; empty: it ended as it should. */
  readonly text: string;
  readonly inverters: readonly InverterFinding[];
  /** Null: not done. */
  readonly site: SiteFinding | null;
}

interface Level {
  readonly flow: number;
  readonly noise: number;
  readonly phases: PerPhase<number>;
  readonly outputs: ReadonlyMap<DeviceId, number>;
}

interface MeterPoint {
  readonly fingerprint: number;
  readonly flow: number;
  readonly phases: PerPhase<number>;
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

/** Means of the flow and of each output over one window. */
class Window {
  readonly #from: MonoMs;
  readonly #meter: MeterPoint[] = [];
  readonly #outputs = new Map<DeviceId, number[]>();

  constructor(from: MonoMs) {
    this.#from = from;
  }

  take(samples: readonly Sample[]): void {
    for (const sample of samples) {
      if (sample.takenAt < this.#from || this.#meter.length >= SAMPLES_MAX) continue;
      if (sample.kind === 'inverter' && sample.generation !== null)
        this.#outputs.set(sample.device, [...(this.#outputs.get(sample.device) ?? []), sample.generation]);
      if (sample.kind !== 'meter' || sample.netImport === null || this.#meter.at(-1)?.fingerprint === sample.fingerprint)
        continue;
      this.#meter.push({ fingerprint: sample.fingerprint, flow: sample.netImport, phases: sample.netImportPerPhase });
    }
  }

  /** Null: not enough yet. `wanted`: the inverters that must have been read. */
  level(now: MonoMs, wanted: readonly DeviceId[]): Level | null {
    if (now - this.#from < WINDOW_MS || this.#meter.length < REFRESHES_MIN) return null;
    if (wanted.some((device) => (this.#outputs.get(device) ?? []).length < READINGS_MIN)) return null;
    const flows = this.#meter.map(({ flow }) => flow);
    const flow = mean(flows);
    const phase = (name: 'a' | 'b' | 'c'): number | null => {
      const values = this.#meter.map(({ phases }) => phases[name]).filter((value) => value !== null);
      return values.length === flows.length ? mean(values) : null;
    };
    return {
      flow,
      noise: Math.sqrt(mean(flows.map((one) => (one - flow) ** 2))),
      phases: { a: phase('a'), b: phase('b'), c: phase('c') },
      outputs: new Map([...this.#outputs].map(([device, values]) => [device, mean(values)])),
    };
  }

  expired(now: MonoMs): boolean {
    return now - this.#from > WINDOW_MS_MAX;
  }
}

type Stage =
  | { readonly kind: 'measuring'; readonly window: Window }
  | { readonly kind: 'settling'; readonly since: MonoMs; readonly raises: boolean };

const difference = (after: number | null, before: number | null): number | null =>
  after === null || before === null ? null : after - before;

/** What happened between two levels. */
const transitionOf = (device: DeviceId, before: Level, after: Level): Transition => {
  const change = (one: DeviceId): number => (after.outputs.get(one) ?? 0) - (before.outputs.get(one) ?? 0);
  const others = [...after.outputs.keys()].filter((one) => one !== device);
  return {
    output: change(device),
    others: others.reduce((sum, one) => sum + change(one), 0),
    flow: after.flow - before.flow,
    phases: {
      a: difference(after.phases.a, before.phases.a),
      b: difference(after.phases.b, before.phases.b),
      c: difference(after.phases.c, before.phases.c),
    },
  };
};

/**
 * Is the meter where and how the configuration says? Each inverter in turn is told to deliver less, and back, and the meter is watched.
 * It only ever lowers caps (`ceilings`): the limiter goes on deciding, and has them back the moment the check ends. Bounded: two cycles
 * an inverter, ten minutes in all. A meter found implausible does not end it: that is what it is there to explain.
 */
export class MeterCheck {
  readonly #sign: 1 | -1;
  readonly #findings: InverterFinding[] = [];
  #queue: DeviceId[] = [];
  #pins = new Map<DeviceId, Watts>();
  #began: MonoMs | null = null;
  #stage: Stage | null = null;
  #before: Level | null = null;
  #low: Watts | null = null;
  #ceilings: ReadonlyMap<DeviceId, Watts> = new Map();
  #least = 0;
  #steps = 0;
  #changes: Transition[] = [];
  #readings: number[] = [];
  #flow = 0;
  #ended: string | null = null;

  /** `sign`: of the meter as configured. */
  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  /** None of these inverters may be asked for more than this; empty once it ended. */
  get ceilings(): ReadonlyMap<DeviceId, Watts> {
    return this.#ceilings;
  }

  get report(): CheckReport {
    const done = this.#ended !== null;
    const doing = `moves ${this.#queue[0] ?? 'nothing'}, ${this.#changes.length} of ${CHANGES_WANTED} changes seen`;
    return {
      done,
      text: this.#ended ?? doing,
      inverters: this.#findings,
      site: done ? judgeSite(this.#findings, this.#sign) : null,
    };
  }

  /** Ends it; what was seen so far is judged. */
  abort(why: string): void {
    if (this.#ended !== null) return;
    const [device] = this.#queue;
    if (device !== undefined) this.#conclude(device, why);
    for (const one of this.#queue) this.#findings.push(untested(one, why));
    this.#queue = [];
    this.#end(why);
  }

  /** Each tick. */
  take(look: Look): void {
    if (this.#ended !== null) return;
    this.#hear(look);
    const why = this.#forbidden(look);
    if (why !== null) {
      this.abort(why);
      return;
    }
    if (this.#began === null) {
      this.#begin(look);
      return;
    }
    if (look.now - this.#began > CHECK_MS_MAX) {
      this.abort('it took too long');
      return;
    }
    const [device] = this.#queue;
    if (device === undefined || this.#stage === null) return;
    if (look.inverters.get(device)?.standing !== 'answering') {
      this.#next(look, 'the inverter does not answer or sleeps');
      return;
    }
    if (this.#stage.kind === 'settling') this.#settle(look, this.#stage, device);
    else this.#measure(look, this.#stage.window, device);
  }

  /** Why it may not go on; null: it may. */
  #forbidden({ blind, importLimit, cutting, stopped }: Look): string | null {
    if (stopped) return 'generation is stopped';
    if (blind !== null) return `the site is blind: the meter is ${blind}`;
    // Whichever way the meter reads.
    if (this.#low !== null && importLimit !== null && Math.abs(this.#flow) > importLimit) return 'the import limit is reached';
    return cutting && this.#began !== null ? 'a limit had to be kept' : null;
  }

  #begin(look: Look): void {
    const pins = new Map<DeviceId, Watts>();
    for (const [device, { asked, maxPower }] of look.inverters) {
      if (asked !== null && maxPower !== null) pins.set(device, asked);
      else this.#findings.push(untested(device, 'it was not met yet'));
    }
    this.#pins = pins;
    this.#ceilings = pins;
    this.#queue = [...pins.keys()];
    this.#began = look.now;
    this.#stage = { kind: 'measuring', window: new Window(look.now) };
    if (this.#queue.length === 0) this.abort('no inverter is controlled yet');
  }

  #hear({ samples }: Look): void {
    for (const sample of samples) {
      if (sample.kind === 'inverter' && sample.device === this.#queue[0] && sample.generation !== null)
        this.#readings = [...this.#readings.slice(-1), sample.generation];
      if (sample.kind === 'meter' && sample.netImport !== null) this.#flow = sample.netImport;
    }
    if (this.#stage?.kind === 'measuring') this.#stage.window.take(samples);
  }

  #settle(look: Look, { since, raises }: Extract<Stage, { readonly kind: 'settling' }>, device: DeviceId): void {
    const waited = look.now - since;
    if (waited > SETTLE_MS_MAX) {
      this.#next(look, 'the inverter does not follow what it is told');
      return;
    }
    if (waited < SETTLE_MS || !this.#arrived(look, device, raises)) return;
    // A raise waits for its turn, and the sun may have less to give.
    const risen = (this.#readings.at(-1) ?? 0) >= (this.#before?.outputs.get(device) ?? 0) + this.#least / 2;
    if (raises && !risen && waited < SETTLE_MS_MAX / 2) return;
    this.#stage = { kind: 'measuring', window: new Window((look.now + METER_LAG_MS) as MonoMs) };
  }

  /** It was told, and its output stands still. */
  #arrived(look: Look, device: DeviceId, raises: boolean): boolean {
    const { maxPower, asked } = look.inverters.get(device) as CheckedInverter;
    const still = STILL_FRACTION * (maxPower ?? 0);
    const [earlier, latest] = this.#readings;
    if (earlier === undefined || latest === undefined || Math.abs(latest - earlier) > still) return false;
    return raises ? (asked ?? 0) >= (this.#pins.get(device) ?? 0) - still : latest <= (this.#low ?? 0) + still;
  }

  #measure(look: Look, window: Window, device: DeviceId): void {
    const wanted = [...look.inverters].filter(([, { standing }]) => standing === 'answering').map(([one]) => one);
    const level = window.level(look.now, wanted);
    if (level === null) {
      if (window.expired(look.now)) this.#next(look, 'meter or inverters were read too rarely');
      return;
    }
    if (this.#before === null) {
      const why = this.#fit(level, look, device);
      if (why !== null) {
        this.#next(look, why);
        return;
      }
    } else {
      const change = transitionOf(device, this.#before, level);
      if (Math.abs(change.output) >= this.#least / 2) this.#changes.push(change);
    }
    this.#before = level;
    if (this.#changes.length >= CHANGES_WANTED || this.#steps >= STEPS_MAX) {
      this.#next(look, 'its output did not move enough');
      return;
    }
    this.#step(look, level, device);
  }

  /** Is there power enough to be seen? Null: yes. */
  #fit(level: Level, look: Look, device: DeviceId): string | null {
    const { maxPower } = look.inverters.get(device) as CheckedInverter;
    this.#least = Math.max(STEP_FRACTION_MIN * (maxPower ?? 0), STEP_W_MIN, STEP_NOISES * level.noise);
    const step = this.#stepOf(level, look, device);
    if (step >= this.#least) return null;
    const output = Math.round(level.outputs.get(device) ?? 0);
    const noise = Math.round(level.noise);
    return `not enough power: it gives ${output} W; a change of ${Math.round(this.#least)} W is needed beside a load that moves by ${noise} W`;
  }

  #stepOf(level: Level, { inverters, importLimit }: Look, device: DeviceId): number {
    const { maxPower, least } = inverters.get(device) as CheckedInverter;
    const output = level.outputs.get(device) ?? 0;
    const room = importLimit === null ? Infinity : importLimit - Math.abs(level.flow);
    return Math.min(STEP_FRACTION_MAX * (maxPower ?? 0), STEP_SHARE_MAX * output, output - least, room);
  }

  #step(look: Look, level: Level, device: DeviceId): void {
    const raises = this.#low !== null;
    if (raises) this.#hold(device, null);
    else {
      const step = this.#stepOf(level, look, device);
      if (step < this.#least) {
        this.#next(look, 'the sun went');
        return;
      }
      const cap = watts(Math.min(this.#pins.get(device) ?? 0, (level.outputs.get(device) ?? 0) - step));
      this.#hold(device, cap);
    }
    this.#steps += 1;
    this.#readings = [];
    this.#stage = { kind: 'settling', since: look.now, raises };
  }

  #conclude(device: DeviceId, why: string): void {
    this.#findings.push(this.#changes.length === 0 ? untested(device, why) : judgeInverter(device, this.#changes));
    this.#queue = this.#queue.slice(1);
  }

  /** On to the next inverter; `why`: what to say of this one where nothing was seen. */
  #next(look: Look, why: string): void {
    const [device] = this.#queue;
    if (device !== undefined) {
      this.#conclude(device, why);
      this.#hold(device, null);
    }
    this.#changes = [];
    this.#steps = 0;
    this.#before = null;
    this.#readings = [];
    this.#stage = { kind: 'measuring', window: new Window((look.now + METER_LAG_MS) as MonoMs) };
    if (this.#queue.length === 0) this.#end('');
  }

  #end(why: string): void {
    this.#ended = why;
    this.#ceilings = new Map();
  }

  /** Lowers the inverter in turn, or lets it go as high as it was. */
  #hold(device: DeviceId, low: Watts | null): void {
    this.#low = low;
    this.#ceilings = low === null ? this.#pins : new Map(this.#pins).set(device, low);
  }
}

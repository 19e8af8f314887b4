/** The whole tick beside sun, a battery and a load of their own physics: what the rooms of control do together. */
import { monoMs, percent, utilitySeconds, wallSeconds, watts } from '#base/units.ts';
import { unknownClock } from '#control/clock/clock.ts';
import { INVERTER_MODES, STORAGE_MODES } from '#control/modes.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import type { ControlModes } from '#control/program.ts';
import type { RecordBody } from '#control/record.ts';
import type { LoadFacts, StorageFacts } from '#control/storage/facts.ts';
import { type ControlState, type SiteFacts, startState } from '#control/tick/state.ts';
import { controlTick } from '#control/tick/tick.ts';
import type { Band, DeviceId } from '#site/device.ts';
import type { Sample, StorageSample } from '#site/sample.ts';
import { inverterSample, METER, meterSample, PV, WMAX } from '../control/site.ts';
import { BATTERY, CHARGE_W, DISCHARGE_W, storageFacts } from './site.ts';

const STEP_MS = 50;
const READ_MS = 500;
const WRITE_MS = 250;
const EPOCH = 1_800_000_000;
const PHASES = { a: null, b: null, c: null };

const storageSample = (at: number, discharge: number, charge: number): StorageSample => ({
  kind: 'storage',
  device: BATTERY,
  takenAt: monoMs(at),
  discharge: watts(discharge),
  stateOfCharge: percent(charge),
  stored: null,
  mode: charge >= 100 ? 'full' : 'unknown',
  voltage: PHASES,
  frequency: null,
});

interface Options {
  readonly load: (t: number) => number;
  /** What the inverter could make. */
  readonly sun: (t: number) => number;
  /** What the battery does by itself, given the flow at the connection point without it (positive: import). */
  readonly automatic?: (net: number, t: number) => number;
  readonly facts?: Partial<StorageFacts>;
  readonly site?: Partial<SiteFacts>;
  readonly loads?: readonly LoadFacts[];
  readonly charge?: number;
  readonly meter?: (t: number) => boolean;
  /** Acknowledges each band and does as it likes. */
  readonly ignores?: (t: number) => boolean;
  /** Of the battery, first order. */
  readonly lagMs?: number;
  /** False: what it was told is never read back. */
  readonly proves?: boolean;
  /** Modes of one event that runs from 30 s on; none: the commissioned limit alone. */
  readonly event?: ControlModes;
  readonly until?: number;
}

interface Look {
  readonly t: number;
  readonly net: number;
  readonly generation: number;
  readonly storage: number;
}

export class TickSite {
  readonly #options: Options;
  readonly #facts: SiteFacts;
  state: ControlState;
  readonly looks: Look[] = [];
  readonly records: RecordBody[] = [];
  readonly bands: { readonly t: number; readonly band: Band }[] = [];
  readonly on = new Map<DeviceId, number>();
  #now = 0;
  #generation = 0;
  #storage = 0;
  #cap: number | null = null;
  #band: Band | null = null;
  readonly #coming: { readonly at: number; readonly act: () => void }[] = [];
  #told = false;

  constructor(options: Options) {
    this.#options = options;
    this.state = startState({ plan: emptyPlan(), clock: unknownClock() });
    for (const { device, maxPower } of options.loads ?? []) this.on.set(device, maxPower);
    this.#facts = {
      meter: METER,
      inverters: [{ device: PV, maxPower: watts(WMAX), minOutputFraction: 0.05, onSilence: { kind: 'holds' } }],
      commissioned: { exportW: watts(1500), generationW: null },
      local: { schedule: null, scheme: null },
      fallback: { exportW: watts(WMAX), importW: null },
      unmeteredGeneration: watts(0),
      returnsByItself: false,
      executable: [...INVERTER_MODES, ...STORAGE_MODES],
      readingAgeMs: 0,
      seed: 'seed',
      storages: [storageFacts(options.facts)],
      loads: options.loads ?? [],
      ...options.site,
    };
  }

  run(seconds: number): this {
    const end = this.#now + seconds * 1000;
    while (this.#now < end) {
      this.#now += STEP_MS;
      this.#move();
      if (this.#now % 250 === 0) this.#tick();
    }
    return this;
  }

  mean(of: 'net' | 'generation' | 'storage', from: number, to: number): number {
    const seen = this.looks.filter(({ t }) => t >= from && t < to);
    return seen.reduce((sum, look) => sum + look[of], 0) / seen.length;
  }

  most(of: 'import' | 'export', from: number, to = this.#now / 1000): number {
    const sign = of === 'import' ? 1 : -1;
    return Math.max(...this.looks.filter(({ t }) => t >= from && t <= to).map(({ net }) => sign * net));
  }

  #move(): void {
    const t = this.#now / 1000;
    while (this.#coming[0] !== undefined && this.#coming[0].at <= this.#now) this.#coming.shift()?.act();
    const { load, sun, automatic, ignores, charge = 60 } = this.#options;
    const towards = (from: number, to: number, lag: number): number => from + (to - from) * Math.min(1, STEP_MS / lag);
    this.#generation = towards(this.#generation, Math.min(sun(t), this.#cap ?? WMAX), 700);
    const consumption = [...this.on.values()].reduce((sum, one) => sum + one, 0);
    const beside = load(t) + consumption - this.#generation;
    const free = automatic?.(beside, t) ?? 0;
    const open = this.#band === null || ignores?.(t) === true;
    const { least, most } = open || this.#band === null ? { least: 0 - CHARGE_W, most: DISCHARGE_W } : this.#band;
    const goal = Math.min(Math.max(free, least), most);
    const full = charge >= 100 ? Math.max(0, goal) : goal;
    this.#storage = towards(this.#storage, full, this.#options.lagMs ?? 400);
    this.looks.push({ t, net: beside - this.#storage, generation: this.#generation, storage: this.#storage });
  }

  #samples(): readonly Sample[] {
    const t = this.#now / 1000;
    const samples: Sample[] = [];
    if (this.#now % READ_MS === 0) {
      const state = this.#generation > (this.#cap ?? WMAX) - 60 ? 'throttled' : 'producing';
      samples.push(inverterSample(this.#now, this.#generation, state));
      samples.push(storageSample(this.#now, this.#storage, this.#options.charge ?? 60));
    }
    const net = this.looks.at(-1)?.net ?? 0;
    if (this.#now % 1000 === 250 && this.#options.meter?.(t) !== false) samples.push(meterSample(this.#now, net));
    return samples;
  }

  #tick(): void {
    const t = this.#now / 1000;
    const { event, until = 600 } = this.#options;
    const says = event !== undefined && !this.#told && t >= 5;
    if (says) this.#told = true;
    const result = controlTick(this.state, this.#facts, {
      now: monoMs(this.#now),
      bootId: 'boot',
      wall: wallSeconds(EPOCH),
      samples: this.#samples(),
      held: new Map([[PV, this.#cap === null ? null : watts(this.#cap)]]),
      connections: new Map([[PV, 'connected']]),
      heldBands: new Map([[BATTERY, this.#options.proves === false ? null : this.#band]]),
      heldLoads: new Map([...this.on].map(([device, power]) => [device, watts(power)])),
      standings: new Map([
        [PV, 'answering'],
        [BATTERY, 'answering'],
      ]),
      programSets: says
        ? [
            {
              server: 'utility',
              policy: { vanished: 'keep', noDefault: 'siteCap' },
              programs: [
                {
                  id: 'P',
                  primacy: 1,
                  read: 'read',
                  defaultControl: null,
                  events: [
                    {
                      mRID: 'E1',
                      creationTime: utilitySeconds(EPOCH),
                      start: utilitySeconds(EPOCH + 30),
                      duration: until - 30,
                      randomizeStart: null,
                      randomizeDuration: null,
                      status: 'scheduled',
                      statusAt: utilitySeconds(EPOCH),
                      potentiallySuperseded: false,
                      responseRequired: 3,
                      replyTo: '/rsp',
                      modes: event,
                      rampTms: null,
                    },
                  ],
                },
              ],
            },
          ]
        : [],
      anchors: t === 0.25 ? [{ bootId: 'boot', mono: monoMs(0), utility: utilitySeconds(EPOCH), error: 0 }] : [],
      lockoutReset: false,
    });
    this.state = result.state;
    this.records.push(...result.records);
    for (const { setpoint } of result.commands) {
      const { command } = setpoint;
      if (command.kind === 'cap') this.#later(() => (this.#cap = command.cap));
      if (command.kind === 'band') {
        const band = { least: command.least, most: command.most };
        this.bands.push({ t, band });
        this.#later(() => (this.#band = band));
      }
      if (command.kind === 'consume') this.#later(() => this.on.set(setpoint.device, command.most));
    }
  }

  #later(act: () => void): void {
    this.#coming.push({ at: this.#now + WRITE_MS, act });
  }
}

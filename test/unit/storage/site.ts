/** A site with a battery, loads and sun of its own physics, for the tests of the storage room: nothing of the product decides in it. */
import { monoMs, percent, type Watts, watts } from '#base/units.ts';
import type { StorageLimits } from '#control/storage/bounds.ts';
import type { LoadFacts, StorageFacts } from '#control/storage/facts.ts';
import { decideStorage, NO_STORAGE, observeStorage, type StorageState, storageBeside } from '#control/storage/storage.ts';
import { type Band, toDeviceId } from '#site/device.ts';
import { meterSample } from '../control/site.ts';

export const BATTERY = toDeviceId('battery');
export const CHARGE_W = 5000;
export const DISCHARGE_W = 5000;
const STEP_MS = 50;
const TICK_MS = 250;

export const storageFacts = (more: Partial<StorageFacts> = {}): StorageFacts => ({
  device: BATTERY,
  rating: { maxCharge: watts(CHARGE_W), maxDischarge: watts(DISCHARGE_W) },
  onSilence: { kind: 'holds' },
  reserve: percent(20),
  gridCharge: true,
  behind: null,
  ...more,
});

export const relay = (name: string, maxPower: number): LoadFacts => ({
  device: toDeviceId(name),
  maxPower: watts(maxPower),
  steps: 'relay',
  normallyOn: true,
});

export const NO_LIMITS: StorageLimits = { exportLimit: null, importLimit: null, generationLimit: null, loadLimit: null };

export const limitsOf = (some: Partial<Record<keyof StorageLimits, number | undefined>>): StorageLimits => {
  const limit = (name: keyof StorageLimits): Watts | null => {
    const value = some[name];
    return value === undefined ? null : watts(value);
  };
  return {
    exportLimit: limit('exportLimit'),
    importLimit: limit('importLimit'),
    generationLimit: limit('generationLimit'),
    loadLimit: limit('loadLimit'),
  };
};

interface Options {
  /** Watts that the site takes beside its devices, less its sun, at a time in seconds. */
  readonly residual: (t: number) => number;
  /** What the battery would do by itself. */
  readonly automatic?: (t: number) => number;
  readonly limits: (t: number) => StorageLimits;
  readonly target?: (t: number) => number | null;
  readonly seen?: (t: number) => boolean;
  readonly loads?: readonly LoadFacts[];
  readonly facts?: Partial<StorageFacts>;
  readonly charge?: (t: number) => number;
  readonly lagMs?: number;
  /** From a command to its effect; the read-back is then there too. */
  readonly deadMs?: number;
  /** Acknowledges every band and does as it likes. */
  readonly ignores?: boolean;
}

/** One look at the site each 50 ms; positive net is import. */
export interface Look {
  readonly t: number;
  readonly net: number;
  readonly power: number;
  readonly consumption: number;
}

/** Runs a site in virtual time: meter and battery are read once a second, half a second apart. */
export class StorageSite {
  readonly #options: Options;
  readonly facts: StorageFacts;
  state: StorageState = NO_STORAGE;
  power = 0;
  band: Band | null = null;
  readonly bands: { readonly t: number; readonly band: Band }[] = [];
  readonly switched: { readonly t: number; readonly device: string; readonly most: number }[] = [];
  readonly looks: Look[] = [];
  #now = 0;
  readonly #on = new Map<string, number>();
  readonly #coming: { readonly at: number; readonly act: () => void }[] = [];

  constructor(options: Options) {
    this.#options = options;
    this.facts = storageFacts(options.facts);
    this.power = options.automatic?.(0) ?? 0;
    for (const { device, maxPower } of options.loads ?? []) this.#on.set(device, maxPower);
  }

  get #consumption(): number {
    return [...this.#on.values()].reduce((sum, one) => sum + one, 0);
  }

  run(seconds: number): this {
    const end = this.#now + seconds * 1000;
    while (this.#now < end) {
      this.#now += STEP_MS;
      this.#move();
      if (this.#now % TICK_MS === 0) this.#tick();
    }
    return this;
  }

  /** The most imported (or exported) between two times. */
  most(flow: 'import' | 'export', from: number, to = this.#now / 1000): number {
    const sign = flow === 'import' ? 1 : -1;
    return Math.max(...this.looks.filter(({ t }) => t >= from && t <= to).map(({ net }) => sign * net));
  }

  #move(): void {
    const t = this.#now / 1000;
    while (this.#coming[0] !== undefined && this.#coming[0].at <= this.#now) this.#coming.shift()?.act();
    const { automatic, ignores = false, lagMs = 400 } = this.#options;
    const free = automatic?.(t) ?? 0;
    const { least, most } = this.band === null || ignores ? { least: 0 - CHARGE_W, most: DISCHARGE_W } : this.band;
    // A window forces one way by the rate of the other, which ends at its rating.
    const { takes, rating } = this.facts;
    const forced = takes === 'power' ? DISCHARGE_W : (rating?.maxCharge ?? 0);
    const goal = Math.min(Math.max(free, Math.min(least, forced)), most);
    this.power += (goal - this.power) * Math.min(1, STEP_MS / lagMs);
    this.looks.push({ t, net: this.#net(t), power: this.power, consumption: this.#consumption });
  }

  #net(t: number): number {
    return this.#options.residual(t) + this.#consumption - this.power;
  }

  #tick(): void {
    const { limits, loads = [], seen = () => true, target = () => null, deadMs = 200, charge = () => 60 } = this.#options;
    const [now, t] = [monoMs(this.#now), this.#now / 1000];
    const meter = this.#now % 1000 === 0 && seen(t) ? [meterSample(this.#now, this.#net(t))] : [];
    const sight = { takenAt: now, discharge: watts(this.power), stateOfCharge: percent(charge(t)), mode: 'unknown' };
    const sights = this.#now % 1000 === 500 ? [sight] : [];
    const storages = [this.facts];
    const observed = observeStorage(this.state, storages, { held: () => this.band, sights: () => sights, meter, now });
    const wanted = target(t);
    const asking = decideStorage(observed, {
      storages,
      loads,
      limits: limits(t),
      seen: seen(t),
      generation: { now: watts(0), left: watts(0) },
      target: wanted === null ? null : watts(wanted),
      sun: { wanted: false, heldBack: false, export: null },
      heldLoad: (device) => watts(this.#on.get(device) ?? 0),
      now,
    });
    this.state = asking.state;
    for (const { band } of asking.bands) {
      this.bands.push({ t, band });
      this.#later(deadMs, () => (this.band = band));
    }
    for (const { device, most } of asking.consumes) {
      this.switched.push({ t, device, most });
      this.#later(deadMs, () => this.#on.set(device, most));
    }
  }

  #later(span: number, act: () => void): void {
    this.#coming.push({ at: this.#now + span, act });
  }

  get possibleDischarge(): number {
    return storageBeside(this.state, [this.facts], monoMs(this.#now))?.possibleDischarge ?? 0;
  }
}

import { Plant, type PlantSettings } from '../../rig/site/plant.ts';

/** SunSpec 123 of the specification, registers from the model's ID. */
export const CONTROLS = { id: 123, address: 100, length: 24 } as const;
const CONN_TIMER = 3;
const CONN = 4;
const LIMIT = 5;
const TIMER = 7;
const ENABLED = 9;
const SCALE = 23;
const FULL_PERCENT = 100;
/** It sleeps below so much sun, wakes above, and answers for a while after it fell asleep. */
const SLEEPS_W = 20;
const WAKES_W = 60;
const DOZES_MS = 10_000;

export interface DeviceSettings {
  readonly plant: PlantSettings;
  /** WMaxLimPct_SF: 0 or -2. */
  readonly limitScale: number;
  /** What it answers with is as old as this, milliseconds. */
  readonly readingAgeMs: number;
  /** WMaxLim_Ena counts; else the limit does by itself. */
  readonly switched: boolean;
  /** After a restart: without its cap, or with it. */
  readonly wakes: 'uncapped' | 'keeps';
}

export interface DeviceFaults {
  silent: boolean;
  /** Takes a cap, reads it back, goes on as before. */
  ignores: boolean;
  /** Exception to writes; 0: none. */
  refuses: number;
  /** Answers this much later, milliseconds. */
  late: number;
  /** Share of writes that it carries out without an answer, and as many that it never hears. */
  unsure: number;
}

/** One inverter as its registers and its power show it. Time in milliseconds of the site. */
export class InverterDevice {
  readonly settings: DeviceSettings;
  readonly plant: Plant;
  readonly faults: DeviceFaults = { silent: false, ignores: false, refuses: 0, late: 0, unsure: 0 };
  readonly #words = new Uint16Array(CONTROLS.length + 2);
  #darkUntil = -Infinity;
  #asleep = false;
  #dozesSince = Infinity;
  #available = 0;
  #generation = 0;
  #revertsAt = Infinity;

  constructor(settings: DeviceSettings) {
    this.settings = settings;
    this.plant = new Plant(settings.plant, ({ generation, available }) => {
      this.#generation = generation;
      this.#available = available;
    });
    this.#words[0] = CONTROLS.id;
    this.#words[1] = CONTROLS.length;
    this.#words[SCALE] = settings.limitScale & 0xffff;
    this.#default();
    this.plant.begin(true);
  }

  /** What the sun offers it, and what it gave, at the last truth. */
  get available(): number {
    return this.#available;
  }

  get generation(): number {
    return this.#generation;
  }

  /** It has too little sun; soon it answers no more. */
  get isDozing(): boolean {
    return this.#dozesSince !== Infinity;
  }

  /** It answers at all. */
  isHeard(at: number): boolean {
    return !this.faults.silent && !this.#asleep && at >= this.#darkUntil;
  }

  /** The cap that it would obey, watts; null: none. */
  get cap(): number | null {
    return this.settings.switched && this.#words[ENABLED] !== 1 ? null : this.told;
  }

  /** The cap in its register, in force or not. */
  get told(): number {
    const percent = (this.#words[LIMIT] ?? 0) * 10 ** this.settings.limitScale;
    return (percent / FULL_PERCENT) * this.settings.plant.ratedW;
  }

  read(address: number, count: number): Uint16Array {
    return this.#words.slice(address - CONTROLS.address, address - CONTROLS.address + count);
  }

  /** True: its limit is among them. */
  write(at: number, address: number, words: readonly number[]): boolean {
    this.#words.set(words, address - CONTROLS.address);
    const timer = this.#words[TIMER] ?? 0;
    this.#revertsAt = timer === 0 ? Infinity : at + timer * 1000;
    this.#words[CONN_TIMER] = 0;
    this.#obey(at);
    const first = address - CONTROLS.address;
    return first <= LIMIT && first + words.length > LIMIT;
  }

  /** Power as its registers show it, or as it was `age` ago. */
  reading(at: number, age = this.settings.readingAgeMs): number {
    this.plant.advance(at);
    return this.plant.generationAt(at - age);
  }

  get state(): 'producing' | 'throttled' | 'off' {
    if (this.#words[CONN] === 0) return 'off';
    return (this.cap ?? Infinity) < this.#available ? 'throttled' : 'producing';
  }

  /** Time passes: a timer runs out, night falls, a dark one wakes. */
  advance(at: number): void {
    this.plant.advance(at);
    if (at >= this.#revertsAt) {
      this.#revertsAt = Infinity;
      this.#words[ENABLED] = 0;
      this.#obey(at);
    }
    this.#doze(at);
  }

  /** It wakes with a little more sun than it falls asleep with. */
  #doze(at: number): void {
    const dozes = this.#available <= (this.isDozing ? WAKES_W : SLEEPS_W);
    if (dozes) this.#asleep ||= at - this.#dozesSince > DOZES_MS;
    if (dozes === this.isDozing || at < this.#darkUntil) return;
    this.#dozesSince = dozes ? at : Infinity;
    const woke = this.#asleep;
    this.#asleep = false;
    if (woke) this.#wake(at);
    else this.#turn(at);
  }

  /** Off for a while; then it wakes as its settings say. */
  restart(at: number, seconds: number): void {
    this.#darkUntil = at + seconds * 1000;
    this.#turn(at);
  }

  /** Ends the dark of a restart, when its time has come. */
  light(at: number): void {
    if (at < this.#darkUntil) return;
    this.#wake(at);
  }

  /** The cap is gone, as if it had never been written. */
  forget(at: number): void {
    this.#default();
    this.plant.forget(at, null);
  }

  /** Somebody else tells it to give all it can. */
  openByOther(at: number): void {
    this.#words[LIMIT] = FULL_PERCENT / 10 ** this.settings.limitScale;
    this.#words[ENABLED] = 1;
    this.#obey(at);
  }

  #wake(at: number): void {
    if (this.settings.wakes === 'uncapped') this.forget(at);
    this.#turn(at);
  }

  #turn(at: number): void {
    this.plant.switch(at, !this.isDozing && at >= this.#darkUntil, this.#words[CONN] !== 0);
  }

  #default(): void {
    this.#words[CONN] = 1;
    this.#words[LIMIT] = FULL_PERCENT / 10 ** this.settings.limitScale;
    this.#words[ENABLED] = 0;
    this.#words[TIMER] = 0;
    this.#revertsAt = Infinity;
  }

  #obey(at: number): void {
    if (this.faults.ignores) return;
    this.plant.command(at, this.cap);
    this.#turn(at);
  }

  /** After a while of ignoring: what it was told meanwhile counts. */
  obeyAgain(at: number): void {
    this.faults.ignores = false;
    this.#obey(at);
  }
}

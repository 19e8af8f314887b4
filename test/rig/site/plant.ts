import type { Window } from './battery-stage.ts';
import { type Profile } from './profile.ts';
import { stageAt, type StageDynamics, type Stretch } from './power-stage.ts';

/** What the inverter does when told less than it can do. */
export interface MinimumOutput {
  /** Per cent of rating below which it cannot run. */
  readonly percent: number;
  /** `floor`: it stays at its minimum; `standby`: it drops to zero and needs `restartSeconds` after the cap is raised. */
  readonly below: 'floor' | 'standby';
  readonly restartSeconds: number;
}

export interface PlantSettings {
  readonly ratedW: number;
  /** Power the sun offers, and what the site uses. */
  readonly sun: Profile;
  readonly load: Profile;
  readonly lagSeconds: number;
  /** From a command to the first movement, seconds, 0-5. */
  readonly deadSeconds: number;
  /** Per cent of rating a second; Infinity for none. */
  readonly slewPercentPerSecond: number;
  /** The inverter gives cap x (1 + this / 100). */
  readonly gainErrorPercent: number;
  readonly minimumOutput: MinimumOutput | null;
  /** Spacing of the truth log, milliseconds; sun is held for as long. */
  readonly truthMs: number;
}

/** What a perfect instrument at the connection point sees. Watts; `t` in milliseconds since the start. */
export interface Truth {
  readonly t: number;
  readonly generation: number;
  readonly load: number;
  /** Positive: out of the site. */
  readonly netExport: number;
  /** What the inverter was last told, null: no limit. */
  readonly cap: number | null;
  /** What the sun offers. */
  readonly available: number;
  /** What batteries give, negative while they charge; absent: there are none. `load` then holds the switched loads too. */
  readonly discharge?: number;
  /** Each battery, in their order: what it gives, state of charge in per cent, and the window it was told; null: none. */
  readonly stored?: readonly { readonly discharge: number; readonly charge: number; readonly told: Window | null }[];
  /** What each switched load takes. */
  readonly switched?: readonly number[];
  /** Of a site with several inverters: each one's own truth, in their order; `cap` is then the sum, null while any has none. */
  readonly parts?: readonly Truth[];
}

interface Command {
  readonly at: number;
  readonly cap: number | null;
  /** Watts a second asked for with this command; Infinity for none. */
  readonly slew: number;
}

/** Stretches kept, so that instruments may show the past. */
const STRETCHES_KEPT = 256;
/** Commands still on their way through the dead time. */
const COMMANDS_HELD = 64;

/**
 * The power side of the site: sun, load, an inverter's output stage, the flow at the connection point.
 * State changes only on a fixed grid and at commands, everything between is closed form:
 * the outcome is the same to the last bit whatever steps `advance` is called in.
 */
export class Plant {
  readonly settings: PlantSettings;
  readonly #onTruth: (truth: Truth) => void;
  readonly #dynamics: StageDynamics;
  readonly #past: Stretch[] = [];
  #commands: Command[] = [];
  #stretch: Stretch;
  #cellEnd: number;
  #cap: number | null = null;
  #commandSlew = Infinity;
  #told: number | null = null;
  #running = true;
  #connected = true;
  #restartAt: number | null = null;
  #generatedWs = 0;
  #importedWs = 0;
  #exportedWs = 0;

  constructor(settings: PlantSettings, onTruth: (truth: Truth) => void) {
    this.settings = settings;
    this.#onTruth = onTruth;
    this.#dynamics = {
      lagSeconds: settings.lagSeconds,
      slewWattsPerSecond: (settings.slewPercentPerSecond * settings.ratedW) / 100,
    };
    this.#cellEnd = settings.truthMs;
    this.#stretch = { from: 0, reference: 0, output: 0, target: 0, slew: Infinity };
  }

  /** Puts the stage where it would have been for long, and writes the first truth. Call once, before anything else. */
  begin(running: boolean): void {
    this.#running = running;
    const available = this.availableAt(0);
    const target = this.#target(0, available);
    const load = this.settings.load(0);
    this.#stretch = { from: 0, reference: target, output: target, target, slew: this.#slew() };
    this.#onTruth({ t: 0, generation: target, load, netExport: target - load, cap: null, available });
  }

  /** Brings the plant to `to`; times before the present do nothing. */
  advance(to: number): void {
    for (;;) {
      const command = this.#commands[0];
      if (command !== undefined && command.at <= Math.min(to, this.#cellEnd)) {
        this.#commands.shift();
        this.#cap = command.cap;
        this.#commandSlew = command.slew;
        this.#turn(command.at);
      } else if (this.#cellEnd <= to) this.#closeCell();
      else return;
    }
  }

  /** A new cap for the output stage, acting after the dead time. `rampSeconds` spreads the change. */
  command(at: number, cap: number | null, rampSeconds = 0): void {
    this.advance(at);
    const full = this.settings.ratedW;
    const distance = Math.abs((cap ?? full) - (this.#told ?? full));
    this.#told = cap;
    const slew = rampSeconds === 0 ? Infinity : Math.max(distance, 1) / rampSeconds;
    if (this.#commands.length >= COMMANDS_HELD) this.#commands.shift();
    this.#commands.push({ at: at + this.settings.deadSeconds * 1000, cap, slew });
    this.advance(at);
  }

  /** Awake or not, and the grid contactor: both act at once. A stopped stage starts from zero. */
  switch(at: number, running: boolean, connected: boolean): void {
    this.advance(at);
    if (running === this.#running && connected === this.#connected) return;
    this.#running = running;
    this.#connected = connected;
    this.#turn(at);
  }

  /** Restart of the device: every command on its way is forgotten, the cap is gone. */
  forget(at: number, cap: number | null): void {
    this.advance(at);
    this.#commands = [];
    this.#cap = cap;
    this.#told = cap;
    this.#commandSlew = Infinity;
    this.#turn(at);
  }

  /** Output at `t`, at most a few seconds before the present and not after it. */
  generationAt(t: number): number {
    let stretch = this.#stretch;
    for (let i = this.#past.length - 1; stretch.from > t && i >= 0; i -= 1) stretch = this.#past[i] as Stretch;
    return stageAt(stretch, this.#dynamics.lagSeconds, t).output;
  }

  loadAt(t: number): number {
    return this.settings.load(t);
  }

  availableAt(t: number): number {
    return Math.min(this.settings.ratedW, Math.max(0, this.settings.sun(t)));
  }

  /** Watt-hours since the start, up to the last grid point. */
  energy(): { readonly generated: number; readonly imported: number; readonly exported: number } {
    return { generated: this.#generatedWs / 3600, imported: this.#importedWs / 3600, exported: this.#exportedWs / 3600 };
  }

  #closeCell(): void {
    const at = this.#cellEnd;
    const seconds = this.settings.truthMs / 1000;
    const available = this.availableAt(at);
    const target = this.#target(at, available);
    const { target: aimed, reference, output } = this.#stretch;
    // a stretch goes on unbroken while nothing about it changes
    if (target !== aimed || Math.max(reference, aimed) > available) this.#turn(at);
    const settled = this.#stretch.target === this.#stretch.reference && output === this.#stretch.output && output === target;
    const generation = settled ? output : stageAt(this.#stretch, this.#dynamics.lagSeconds, at).output;
    const load = this.settings.load(at);
    this.#generatedWs += generation * seconds;
    this.#exportedWs += Math.max(0, generation - load) * seconds;
    this.#importedWs += Math.max(0, load - generation) * seconds;
    this.#cellEnd = at + this.settings.truthMs;
    this.#onTruth({ t: at, generation, load, netExport: generation - load, cap: this.#told, available });
  }

  /** Ends the stretch at `at` and starts the next one with the target of that instant. */
  #turn(at: number): void {
    const ended = this.#stretch;
    const now = stageAt(ended, this.#dynamics.lagSeconds, at);
    if (at > ended.from) {
      this.#past.push(ended);
      if (this.#past.length > STRETCHES_KEPT) this.#past.shift();
    }
    if (!this.#running || !this.#connected) {
      this.#stretch = { from: at, reference: 0, output: 0, target: 0, slew: Infinity };
      return;
    }
    // the sun takes power away at once, whatever slew was set: the internal setpoint never lies above what there is
    const available = this.availableAt(at);
    const reference = Math.min(now.reference, available);
    this.#stretch = { from: at, reference, output: now.output, target: this.#target(at, available), slew: this.#slew() };
  }

  #slew(): number {
    return Math.min(this.#dynamics.slewWattsPerSecond, this.#commandSlew);
  }

  #target(at: number, available: number): number {
    if (!this.#running || !this.#connected) return 0;
    const { ratedW, gainErrorPercent, minimumOutput } = this.settings;
    if (this.#cap === null) return this.#afterStandby(at, available);
    const asked = Math.min(this.#cap, ratedW);
    const floor = minimumOutput === null ? 0 : (minimumOutput.percent * ratedW) / 100;
    if (minimumOutput !== null && asked < floor) {
      if (minimumOutput.below === 'floor') return Math.min(available, floor);
      this.#restartAt = Infinity;
      return 0;
    }
    return this.#afterStandby(at, Math.min(available, asked * (1 + gainErrorPercent / 100)));
  }

  /** `watts`, or zero while the restart delay after a standby runs. */
  #afterStandby(at: number, watts: number): number {
    if (this.#restartAt === null) return watts;
    if (this.#restartAt === Infinity) this.#restartAt = at + (this.settings.minimumOutput?.restartSeconds ?? 0) * 1000;
    if (at < this.#restartAt) return 0;
    this.#restartAt = null;
    return watts;
  }
}

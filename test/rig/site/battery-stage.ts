/** What a battery with its inverter is, on its AC side. */
export interface StageSettings {
  /** Positive numbers, watts. */
  readonly maxChargeW: number;
  readonly maxDischargeW: number;
  readonly capacityWh: number;
  /** State of charge at the start, per cent. */
  readonly chargePercent: number;
  /** One way, 0-1. */
  readonly efficiency: number;
  readonly lagSeconds: number;
  /** From a command to the first movement. */
  readonly deadSeconds: number;
}

/** What its AC power has to stay between; positive discharges. Null: it does what it likes. */
export interface Window {
  readonly least: number;
  readonly most: number;
}

/** Near full and near empty it takes and gives less, per cent of charge. */
const TAPER_PERCENT = 4;
const LOOKS_KEPT = 128;
const COMMANDS_HELD = 64;

/** The power side of a battery: moved along the site's own grid of time, in closed form within a step. */
export class BatteryStage {
  readonly #settings: StageSettings;
  readonly #looks: { readonly t: number; readonly power: number }[] = [];
  #commands: { readonly at: number; readonly window: Window | null }[] = [];
  #window: Window | null = null;
  #storedWh: number;
  #power = 0;

  constructor(settings: StageSettings) {
    this.#settings = settings;
    this.#storedWh = (settings.capacityWh * settings.chargePercent) / 100;
  }

  /** State of charge, per cent. */
  get charge(): number {
    return (100 * this.#storedWh) / this.#settings.capacityWh;
  }

  get storedWh(): number {
    return this.#storedWh;
  }

  /** What it was told, once that acts; null: nothing. */
  get told(): Window | null {
    return this.#window;
  }

  /** Its own count of the charge was wrong, and is put right: per cent. */
  recount(chargePercent: number): void {
    this.#storedWh = (this.#settings.capacityWh * chargePercent) / 100;
  }

  /** Least and most it can do as full as it is. */
  reach(): Window {
    const { maxChargeW, maxDischargeW } = this.#settings;
    const part = (percent: number): number => Math.min(1, Math.max(0, percent / TAPER_PERCENT));
    return { least: 0 - maxChargeW * part(100 - this.charge), most: maxDischargeW * part(this.charge) };
  }

  /** Acts after the dead time. */
  command(at: number, window: Window | null): void {
    if (this.#commands.length >= COMMANDS_HELD) this.#commands.shift();
    this.#commands.push({ at: at + this.#settings.deadSeconds * 1000, window });
  }

  /** Restart: whatever it was told is gone. */
  forget(): void {
    this.#commands = [];
    this.#window = null;
  }

  /** From the last step to `t`; `wish`: what it would do by itself; `mostCharge`: what there is to charge from, watts. */
  step(t: number, seconds: number, wish: number, mostCharge = Infinity): void {
    for (let next = this.#commands[0]; next !== undefined && next.at <= t; next = this.#commands[0]) {
      this.#window = next.window;
      this.#commands.shift();
    }
    const { lagSeconds, efficiency, capacityWh } = this.#settings;
    const reach = this.reach();
    const { least, most } = this.#window ?? reach;
    // a window turned inside out is no command
    const asked = least > most ? 0 : Math.min(Math.max(wish, least), most);
    const goal = Math.max(Math.min(Math.max(asked, reach.least), reach.most), 0 - mostCharge);
    const before = this.#power;
    this.#power = lagSeconds === 0 ? goal : goal + (before - goal) * Math.exp(-seconds / lagSeconds);
    const mean = (before + this.#power) / 2;
    const dc = mean > 0 ? mean / efficiency : mean * efficiency;
    this.#storedWh = Math.min(capacityWh, Math.max(0, this.#storedWh - (dc * seconds) / 3600));
    this.#looks.push({ t, power: this.#power });
    if (this.#looks.length > LOOKS_KEPT) this.#looks.shift();
  }

  /** Power at `t`, not later than the last step; between two steps along a line. */
  powerAt(t: number): number {
    const after = this.#looks.findIndex((look) => look.t >= t);
    const later = this.#looks[after];
    if (later === undefined) return this.#power;
    const earlier = this.#looks[after - 1];
    if (earlier === undefined) return later.power;
    return earlier.power + ((later.power - earlier.power) * (t - earlier.t)) / (later.t - earlier.t);
  }
}

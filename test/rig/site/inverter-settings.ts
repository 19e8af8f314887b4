import type { Profile } from './profile.ts';

/** One inverter of the rig. */
export interface InverterSettings {
  readonly unitId: number;
  readonly serial: string;
  /** -2: hundredths of a per cent; 0: whole per cents only. */
  readonly limitScale: -2 | 0;
  /** Measured registers are renewed this often, and show the past by `readingAgeMs`. Milliseconds. */
  readonly refreshMs: number;
  readonly readingAgeMs: number;
  /** Asleep when the sun offers less than this, watts. */
  readonly sleepBelowW: number;
  /** After the night: `uncapped` forgets the limit, `keeps` has it still. */
  readonly wakes: 'uncapped' | 'keeps';
  /** Between restart and the first output after waking or a restart, seconds. */
  readonly startSeconds: number;
  /** Models that hold curves, at the end of its map; it follows what is in force there. */
  readonly curves: readonly number[];
  /** The grid at its terminals: per cent of nominal voltage, and hertz. */
  readonly gridVolts: Profile;
  readonly gridHertz: Profile;
}

export const INVERTER_DEFAULTS: InverterSettings = {
  unitId: 1,
  serial: 'RIG-INV-0001',
  limitScale: -2,
  refreshMs: 200,
  readingAgeMs: 0,
  sleepBelowW: 60,
  wakes: 'uncapped',
  startSeconds: 2,
  curves: [],
  gridVolts: () => 100,
  gridHertz: () => 50,
};

/** What can be wrong with it; several may hold at once. */
export interface InverterFaults {
  readonly silent: boolean;
  /** Acknowledges and reads back a limit, and goes on as before. */
  readonly ignoresLimit: boolean;
  /** Every reply this much later, milliseconds. */
  readonly lateMs: number;
  /** Exception code of every reply; 0: none. */
  readonly exception: number;
  readonly corruptCrc: boolean;
  /** Answers under the next unit id. */
  readonly wrongUnit: boolean;
  /** Model 103 Evt1, as it stands in the register. */
  readonly events: number;
}

/** Nothing is wrong with it. */
export const SOUND: InverterFaults = {
  silent: false,
  ignoresLimit: false,
  lateMs: 0,
  exception: 0,
  corruptCrc: false,
  wrongUnit: false,
  events: 0,
};

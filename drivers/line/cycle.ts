import { durationMs, type DurationMs } from '#base/units.ts';
import type { SerialSettings } from './port.ts';
import type { Request } from './transaction.ts';
import { transactionTime } from './wire-time.ts';

/** A device's turnaround and the host's share of a transaction where nothing was measured yet, milliseconds. */
const TURNAROUND_MS = 35;
/** Registers: of the power alone, of a whole reading, of the block that proves a cap, of a meter's reading. */
const POWER_REGISTERS = 2;
const WHOLE_REGISTERS = 42;
const PROOF_REGISTERS = 10;
const METER_REGISTERS = 33;
/** Of a meter's whole reading, with its energies. */
const METER_WHOLE_REGISTERS = 55;
const CAP_WORDS = [0, 0, 0, 0, 0];
const RATE_WORDS = [0, 0, 0, 0];
const STORAGE_REGISTERS = 26;

/** What one transaction of each kind takes on this line with its turnaround, milliseconds (SunSpec 103, 123, 203). */
interface TransactionTimes {
  readonly power: number;
  readonly whole: number;
  readonly cap: number;
  readonly proof: number;
  readonly meter: number;
  readonly meterWhole: number;
  /** What storage takes: rates and mode, and their proof (124). */
  readonly band: number;
  /** A relay or a power register, and its proof. */
  readonly load: number;
}

export const transactionTimes = (serial: SerialSettings): TransactionTimes => {
  const time = (request: Request): number => transactionTime(request, serial) + TURNAROUND_MS;
  const write = (words: readonly number[]): number => time({ kind: 'write', unitId: 1, address: 0, words });
  const read = (count: number): number => time({ kind: 'read', unitId: 1, address: 0, count });
  return {
    power: read(POWER_REGISTERS),
    whole: read(WHOLE_REGISTERS),
    cap: write(CAP_WORDS),
    proof: read(PROOF_REGISTERS),
    meter: read(METER_REGISTERS),
    meterWhole: read(METER_WHOLE_REGISTERS),
    band: write(RATE_WORDS) + write([0]) + read(STORAGE_REGISTERS),
    load: write([0]) + read(1),
  };
};

/** How the inverters of a line are polled that whole readings of all would fill. */
export interface Pace {
  /** Between two readings of one inverter while nothing happens. */
  readonly everyMs: DurationMs;
  /** A whole reading this often; between them the power alone is read. */
  readonly wholeEveryMs: DurationMs;
}

const USUAL_MS = 1000;
const USUAL_WHOLE_MS = 10_000;
/** Whole readings each second may take this part of the line; beyond it the power alone is read between them. */
const WHOLE_PART = 0.35;
/** Parts of the line for the power alone and for whole readings: with meter and proofs about 60 % (design section 5). */
const POWER_PART = 0.3;
const SLOW_PART = 0.1;

/** Null: few enough, each is read whole as its profile says. */
export const paceOf = (serial: SerialSettings, inverters: number): Pace | null => {
  const { power, whole } = transactionTimes(serial);
  if (inverters * whole <= WHOLE_PART * USUAL_MS) return null;
  return {
    everyMs: durationMs(Math.max(USUAL_MS, (inverters * power) / POWER_PART)),
    wholeEveryMs: durationMs(Math.max(USUAL_WHOLE_MS, (inverters * whole) / SLOW_PART)),
  };
};

/**
 * How old a reading of the meter may be before the next one is there, though all is well, milliseconds: a whole reading of it, one of
 * an inverter that goes between, and the next. Beyond two seconds at 1200 baud alone.
 */
export const sightSpan = (serial: SerialSettings): number => {
  const { whole, meter, meterWhole } = transactionTimes(serial);
  return meterWhole + whole + meter;
};

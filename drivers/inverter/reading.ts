import { amperes, hertz, vars, voltAmperes, volts, wattHours, watts } from '#base/units.ts';
import type { MonoMs, Watts } from '#base/units.ts';
import { fail, ok } from '#base/result.ts';
import type { Result } from '#base/result.ts';
import type { DeviceId, ModelPlace } from '#site/device.ts';
import type { InverterSample, InverterState } from '#site/sample.ts';
import { decodeModel } from '../sunspec/codec.ts';
import type { BlockFault } from '../sunspec/codec.ts';
import { inverterModel } from '../sunspec/models/inverter.ts';
import { spanTo } from '../sunspec/points.ts';
import type { ModelValues } from '../sunspec/points.ts';

/** Model 103 from its ID to St: all a sample holds, in one read that identifies itself. */
export const INVERTER_READ = spanTo(inverterModel, 'St');

/** SunSpec 103 St counts from 1. */
const STATES: readonly InverterState[] = [
  'off',
  'sleeping',
  'starting',
  'producing',
  'throttled',
  'shutting-down',
  'fault',
  'standby',
];

const inverterState = (st: number | null): InverterState => (st === null ? 'unknown' : (STATES[st - 1] ?? 'unknown'));

/** Output beyond this multiple of the rating is no measurement (sunspec.md 2.3). */
const PLAUSIBLE_RATING = 1.5;

type ReadingFault =
  | BlockFault
  /** All zeros with St 0 or 7: a known null frame of some inverters, not a measurement. */
  | { readonly kind: 'null-frame' };

interface InverterReading {
  readonly sample: InverterSample;
  /** What was thrown out of the block: scale factors out of range, implausible output. */
  readonly rejected: readonly string[];
}

const map = <T>(value: number | null, unit: (value: number) => T): T | null => (value === null ? null : unit(value));

/** Makes a sample of the registers of model 101-103, read from its ID. */
export const readInverter = (
  words: Uint16Array,
  place: ModelPlace,
  about: { readonly device: DeviceId; readonly takenAt: MonoMs; readonly rating: Watts },
): Result<InverterReading, ReadingFault> => {
  const decoded = decodeModel(inverterModel, words, place);
  if (!decoded.ok) return decoded;
  const { values, badScales } = decoded.value;
  if (isNullFrame(values)) return fail({ kind: 'null-frame' });
  const plausible = values.W === null || Math.abs(values.W) <= PLAUSIBLE_RATING * about.rating;
  const sample: InverterSample = {
    kind: 'inverter',
    device: about.device,
    takenAt: about.takenAt,
    generation: plausible ? map(values.W, watts) : null,
    reactive: map(values.VAr, vars),
    apparent: map(values.VA, voltAmperes),
    current: map(values.A, amperes),
    voltage: { a: map(values.PhVphA, volts), b: map(values.PhVphB, volts), c: map(values.PhVphC, volts) },
    frequency: map(values.Hz, hertz),
    lifetimeEnergy: map(values.WH, wattHours),
    state: inverterState(values.St),
  };
  return ok({ sample, rejected: plausible ? badScales : [...badScales, 'W'] });
};

const isNullFrame = (values: ModelValues<typeof inverterModel.points>): boolean => {
  const measured = [values.W, values.PhVphA, values.PhVphB, values.PhVphC, values.Hz, values.A];
  return (values.St === null || values.St === 0 || values.St === 7) && measured.every((value) => value === null || value === 0);
};

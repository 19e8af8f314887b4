import { hertz, vars, volts, wattHours, watts } from '#base/units.ts';
import type { MonoMs, Watts } from '#base/units.ts';
import { ok } from '#base/result.ts';
import type { Result } from '#base/result.ts';
import type { DeviceId, ModelPlace } from '#site/device.ts';
import type { MeterSample } from '#site/sample.ts';
import { decodeModel } from '../sunspec/codec.ts';
import type { BlockFault } from '../sunspec/codec.ts';
import { meterFloatModel } from '../sunspec/models/meter-float.ts';
import { meterModel, singlePhaseMeterModel } from '../sunspec/models/meter.ts';
import { HEADER_REGISTERS, spanTo } from '../sunspec/points.ts';

/** Registers of one reading, from the model's ID. */
interface Extent {
  /** The shortest read that identifies itself and holds power, voltages and frequency. */
  readonly fast: number;
  /** Reactive power besides: averages want it each second. */
  readonly reactive: number;
  /** Energies besides. */
  readonly slow: number;
}

const INTEGER_READ: Extent = {
  fast: spanTo(meterModel, 'W_SF'),
  reactive: spanTo(meterModel, 'VAR_SF'),
  slow: spanTo(meterModel, 'TotWh_SF'),
};
const FLOAT_READ: Extent = {
  fast: spanTo(meterFloatModel, 'WphC'),
  reactive: spanTo(meterFloatModel, 'VAR'),
  slow: spanTo(meterFloatModel, 'TotWhImp'),
};

/** What is read of the meter model at `place`. */
export const meterRead = (place: ModelPlace): Extent => (meterFloatModel.ids.includes(place.id) ? FLOAT_READ : INTEGER_READ);

/** How the meter is built in: from the configuration. */
export interface MeterFitting {
  /** 1: the meter counts import positive; -1: export. The standard leaves it open; commissioning finds out. */
  readonly sign: 1 | -1;
  /** More than this through the connection point, either way, is no measurement. */
  readonly plausiblePower: Watts;
}

/** Values that are read seldom; kept between the fast reads. */
export interface SlowMeterValues {
  readonly importedEnergy: MeterSample['importedEnergy'];
  readonly exportedEnergy: MeterSample['exportedEnergy'];
}

export const NO_SLOW_VALUES: SlowMeterValues = { importedEnergy: null, exportedEnergy: null };

interface MeterReading {
  readonly sample: MeterSample;
  readonly slow: SlowMeterValues;
  /** What was thrown out of the block. */
  readonly rejected: readonly string[];
}

const map = <T>(value: number | null, unit: (value: number) => T): T | null => (value === null ? null : unit(value));

/** What any meter measures, in the words of model 203; energies in watt-hours. */
export interface MeterValues {
  readonly W: number | null;
  readonly WphA: number | null;
  readonly WphB: number | null;
  readonly WphC: number | null;
  readonly VAR: number | null;
  readonly PhV: number | null;
  readonly PhVphA: number | null;
  readonly PhVphB: number | null;
  readonly PhVphC: number | null;
  readonly Hz: number | null;
  readonly TotWhImp: number | null;
  readonly TotWhExp: number | null;
}

export interface About {
  readonly device: DeviceId;
  readonly takenAt: MonoMs;
  readonly fitting: MeterFitting;
}

/**
 * Makes a sample of what a meter measured. `netImport` is null where W is not implemented, it exceeds what the connection can carry, or
 * everything is zero (a null frame: no voltage, no frequency, no power). `moving`: the registers that every read holds.
 */
export const meterSample = (values: MeterValues, about: About, slow: SlowMeterValues, moving: Uint16Array): MeterSample => {
  const { sign, plausiblePower } = about.fitting;
  const dead = [values.PhVphA, values.PhVphB, values.PhVphC, values.PhV, values.Hz, values.W].every((v) => v === null || v === 0);
  const believed = (power: number | null): Watts | null =>
    power === null || dead || Math.abs(power) > plausiblePower ? null : watts(signed(power, sign));
  return {
    kind: 'meter',
    device: about.device,
    takenAt: about.takenAt,
    netImport: believed(values.W),
    netImportPerPhase: { a: believed(values.WphA), b: believed(values.WphB), c: believed(values.WphC) },
    reactiveImport: values.VAR === null ? null : vars(signed(values.VAR, sign)),
    ...slow,
    voltage: { a: map(values.PhVphA, volts), b: map(values.PhVphB, volts), c: map(values.PhVphC, volts) },
    frequency: map(values.Hz, hertz),
    fingerprint: fingerprint(moving),
  };
};

/** Makes a sample of the registers of model 201-204 or 211-214, read from its ID: of a fast or of a slow read. A scale that is missing or out of range makes its values null. */
export const readMeter = (
  words: Uint16Array,
  place: ModelPlace,
  about: About & { readonly slow: SlowMeterValues },
): Result<MeterReading, BlockFault> => {
  const decoded = decodeFamily(words, place);
  if (!decoded.ok) return decoded;
  const { values, badScales } = decoded.value;
  const extent = meterRead(place);
  const slow = words.length >= extent.slow ? slowValues(values, about.fitting.sign) : about.slow;
  const sample = meterSample(values, about, slow, words.subarray(HEADER_REGISTERS, extent.fast));
  const unbelieved = values.W !== null && sample.netImport === null ? ['W'] : [];
  return ok({ sample, slow, rejected: [...badScales, ...unbelieved] });
};

// 201 differs from 203 only in the names of line voltages, which no sample holds.
const singlePhase = { ...meterModel, ids: singlePhaseMeterModel.ids };

const decodeFamily = (words: Uint16Array, place: ModelPlace) => {
  if (meterFloatModel.ids.includes(place.id)) return decodeModel(meterFloatModel, words, place);
  return decodeModel(singlePhase.ids.includes(place.id) ? singlePhase : meterModel, words, place);
};

/** Turns to import positive, without a negative zero. */
const signed = (value: number, sign: 1 | -1): number => (value === 0 ? 0 : sign * value);

/** The values of a slow read, turned to the site's sign. */
export const slowValues = (
  values: { readonly TotWhImp: number | null; readonly TotWhExp: number | null },
  sign: 1 | -1,
): SlowMeterValues => {
  const [imported, exported] = sign === 1 ? [values.TotWhImp, values.TotWhExp] : [values.TotWhExp, values.TotWhImp];
  return {
    importedEnergy: map(imported, wattHours),
    exportedEnergy: map(exported, wattHours),
  };
};

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a over the registers that every read holds, so that fast and slow reads compare. */
const fingerprint = (words: Uint16Array): number => {
  let hash = FNV_OFFSET;
  for (const word of words) {
    hash = Math.imul(hash ^ (word & 0xff), FNV_PRIME);
    hash = Math.imul(hash ^ (word >> 8), FNV_PRIME);
  }
  return hash >>> 0;
};

import { amperes, hertz, vars, voltAmperes, volts, wattHours, watts } from '#base/units.ts';
import type { MonoMs, Watts } from '#base/units.ts';
import { fail, ok } from '#base/result.ts';
import type { Result } from '#base/result.ts';
import type { DeviceId, ModelPlace, Nameplate } from '#site/device.ts';
import type { InverterSample, InverterState } from '#site/sample.ts';
import { decodeModel } from '../sunspec/codec.ts';
import type { BlockFault } from '../sunspec/codec.ts';
import { type AlarmBasis, alarmsIn, type VendorEvent } from '../sunspec/events.ts';
import { derMeasureModel } from '../sunspec/models/der-measure.ts';
import { inverterFloatModel } from '../sunspec/models/inverter-float.ts';
import { inverterModel } from '../sunspec/models/inverter.ts';
import { spanTo } from '../sunspec/points.ts';

/** Registers of one reading, from the model's ID. */
interface Extent {
  /** The read of every poll: identifies itself and holds power and state. */
  readonly fast: number;
  /** The read that holds the scale factors too, where the fast one does not: they are `static` in the standard and kept. */
  readonly whole: number | null;
}

const INTEGER_READ: Extent = { fast: spanTo(inverterModel, 'Evt1'), whole: null };
const FLOAT_READ: Extent = { fast: spanTo(inverterFloatModel, 'Evt1'), whole: null };
const INTEGER_VENDOR: Extent = { fast: spanTo(inverterModel, 'EvtVnd4'), whole: null };
const FLOAT_VENDOR: Extent = { fast: spanTo(inverterFloatModel, 'EvtVnd4'), whole: null };
const DER_READ: Extent = { fast: spanTo(derMeasureModel, 'Hz'), whole: spanTo(derMeasureModel, 'Tmp_SF') };

/** What is read of the measurement model at `place`; `vendor`: the maker's event bits too. */
export const inverterRead = (place: ModelPlace, vendor: boolean): Extent => {
  if (derMeasureModel.ids.includes(place.id)) return DER_READ;
  if (inverterFloatModel.ids.includes(place.id)) return vendor ? FLOAT_VENDOR : FLOAT_READ;
  return vendor ? INTEGER_VENDOR : INTEGER_READ;
};

/** SunSpec 103 St counts from 1; 701 InvSt has the same states from 0. */
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
const FIRST_ST = 1;

const inverterState = (st: number | null): InverterState => (st === null ? 'unknown' : (STATES[st - FIRST_ST] ?? 'unknown'));

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

/** What every family measures, in the words of model 103. */
interface Measured {
  readonly W: number | null;
  readonly VAr: number | null;
  readonly VA: number | null;
  readonly A: number | null;
  readonly PhVphA: number | null;
  readonly PhVphB: number | null;
  readonly PhVphC: number | null;
  readonly Hz: number | null;
  readonly WH: number | null;
  readonly St: number | null;
  readonly AphA: number | null;
  readonly AphB: number | null;
  readonly AphC: number | null;
  readonly Evt1: number | null;
  readonly EvtVnd1?: number | null;
  readonly EvtVnd2?: number | null;
  readonly EvtVnd3?: number | null;
  readonly EvtVnd4?: number | null;
}

interface Decoded {
  readonly values: Measured;
  readonly badScales: readonly string[];
}

const map = <T>(value: number | null, unit: (value: number) => T): T | null => (value === null ? null : unit(value));

/** Model 701: a fast read is laid over the last whole one, whose scale factors and slow values go on. */
const decodeDer = (words: Uint16Array, place: ModelPlace, whole: Uint16Array | null): Result<Decoded, BlockFault> => {
  let block = words;
  if (whole !== null && whole.length > words.length) {
    block = whole.slice();
    block.set(words);
  }
  const decoded = decodeModel(derMeasureModel, block, place);
  if (!decoded.ok) return decoded;
  const { values, badScales } = decoded.value;
  const { W, Var, VA, A, Hz, VL1, VL2, VL3, LNV, TotWhInj, InvSt, AL1, AL2, AL3, Alrm } = values;
  const St = InvSt === null ? null : InvSt + FIRST_ST;
  return ok({
    values: {
      ...{ W, VAr: Var, VA, A, PhVphA: VL1 ?? LNV, PhVphB: VL2, PhVphC: VL3, Hz, WH: TotWhInj, St },
      ...{ AphA: AL1, AphB: AL2, AphC: AL3, Evt1: Alrm },
    },
    badScales,
  });
};

const decodeFamily = (words: Uint16Array, place: ModelPlace, whole: Uint16Array | null): Result<Decoded, BlockFault> => {
  if (derMeasureModel.ids.includes(place.id)) return decodeDer(words, place, whole);
  return inverterFloatModel.ids.includes(place.id)
    ? decodeModel(inverterFloatModel, words, place)
    : decodeModel(inverterModel, words, place);
};

/** Makes a sample of the registers of a measurement model (101-103, 111-113, 701), read from its ID. `whole`: the last whole read of 701. */
export const readInverter = (
  words: Uint16Array,
  place: ModelPlace,
  about: {
    readonly device: DeviceId;
    readonly takenAt: MonoMs;
    readonly rating: Watts;
    readonly whole?: Uint16Array | null;
    /** What alarms are measured against; absent or null: not known. */
    readonly nameplate?: Nameplate | null;
    /** The maker's bits of the device profile. */
    readonly vendorEvents?: readonly VendorEvent[];
  },
): Result<InverterReading, ReadingFault> => {
  const decoded = decodeFamily(words, place, about.whole ?? null);
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
    alarms: alarmsIn(basisOf(values), about.nameplate ?? null, about.vendorEvents ?? []),
  };
  return ok({ sample, rejected: plausible ? badScales : [...badScales, 'W'] });
};

const basisOf = (values: Measured): AlarmBasis => ({
  events: values.Evt1,
  vendor: values,
  current: values.A,
  currents: [values.AphA, values.AphB, values.AphC],
  voltages: [values.PhVphA, values.PhVphB, values.PhVphC],
  frequency: values.Hz,
});

const isNullFrame = (values: Measured): boolean => {
  const measured = [values.W, values.PhVphA, values.PhVphB, values.PhVphC, values.Hz, values.A];
  return (values.St === null || values.St === 0 || values.St === 7) && measured.every((value) => value === null || value === 0);
};

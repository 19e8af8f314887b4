import type { ReadingRecord } from '#control/record.ts';
import type { Lfdi } from '../identity/fingerprint.ts';
import { meterReadingMrid, usagePointMrid } from '../identity/mrid.ts';
import { INT48 } from '../wire/quantity.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';
import type { MirrorQuantity, MirrorRole } from './quantity.ts';
import { ROLE_BYTE, ROLE_FLAGS, quantitiesOf } from './quantity.ts';

/** Whose mirrors they are. */
export interface MirrorContext {
  readonly lfdi: Lfdi;
  /** IANA private enterprise number of the gateway's maker. */
  readonly pen: number;
}

/** ReadingType: average over the interval. */
const QUALIFIER_AVERAGE = 2;
/** ReadingType kind power, which CSIP-AUS also wants for volts and hertz. */
const KIND_POWER = 37;
const ACCUMULATION_INSTANTANEOUS = 12;
const COMMODITY_ELECTRICITY = 1;
const PHASE_WHOLE = 0;

const QUALITY_VALID = '0001';
/** Bit 4: the interval was not measured throughout. */
const QUALITY_QUESTIONABLE = '0010';

const MINUTE = 60;

export const mirrorMrid = (role: MirrorRole, context: MirrorContext): string =>
  usagePointMrid(context.lfdi, ROLE_BYTE[role], context.pen);

const readingMrid = (quantity: MirrorQuantity, context: MirrorContext): string =>
  meterReadingMrid(context.lfdi, ROLE_BYTE[quantity.role], quantity.key, context.pen);

/** The MirrorUsagePoint to create, with all its readings and their types: an empty one is refused by GE, Jemena, SAPN. `interval` in seconds. */
export const mirrorUsagePoint = (role: MirrorRole, interval: number, context: MirrorContext): ResourceOf<'MirrorUsagePoint'> => ({
  mRID: mirrorMrid(role, context),
  description: role === 'site' ? 'Site' : 'DER',
  roleFlags: ROLE_FLAGS[role],
  serviceCategoryKind: 0,
  status: 1,
  deviceLFDI: context.lfdi,
  MirrorMeterReading: quantitiesOf(role).map((quantity) => ({
    mRID: readingMrid(quantity, context),
    description: quantity.description,
    MirrorReadingSet: [],
    ReadingType: {
      accumulationBehaviour: ACCUMULATION_INSTANTANEOUS,
      commodity: COMMODITY_ELECTRICITY,
      dataQualifier: QUALIFIER_AVERAGE,
      flowDirection: quantity.flowDirection,
      intervalLength: interval,
      kind: KIND_POWER,
      phase: PHASE_WHOLE,
      powerOfTenMultiplier: quantity.powerOfTenMultiplier,
      uom: quantity.uom,
    },
  })),
  postRate: interval,
});

/**
 * The readings of one interval for one usage point, or null when nothing of it was measured: an unknown value is left out,
 * never sent as 0. Null too for an interval that is not on whole minutes, which servers refuse.
 */
export const mirrorReadings = (
  role: MirrorRole,
  record: ReadingRecord,
  context: MirrorContext,
): ResourceOf<'MirrorMeterReadingList'> | null => {
  if (record.start % MINUTE !== 0 || record.duration <= 0 || record.duration % MINUTE !== 0) return null;
  const readings = quantitiesOf(role).flatMap((quantity) => {
    const value = valueOf(quantity, record);
    return value === null ? [] : [meterReading(quantity, value, record, context)];
  });
  return readings.length === 0 ? null : { all: readings.length, results: readings.length, MirrorMeterReading: readings };
};

const valueOf = (quantity: MirrorQuantity, record: ReadingRecord): number | null => {
  const spread = quantity.of(record);
  if (spread === null || !Number.isFinite(spread.mean)) return null;
  const value = Math.round(spread.mean * 10 ** -quantity.powerOfTenMultiplier);
  if (value < INT48.low || value > INT48.high) return null;
  return value === 0 ? 0 : value;
};

const meterReading = (
  quantity: MirrorQuantity,
  value: number,
  record: ReadingRecord,
  context: MirrorContext,
): ResourceOf<'MirrorMeterReading'> => ({
  mRID: readingMrid(quantity, context),
  description: quantity.description,
  // The end of the interval: mandatory at GE, harmless elsewhere.
  lastUpdateTime: record.start + record.duration,
  MirrorReadingSet: [],
  Reading: {
    qualityFlags: record.coverage < 1 ? QUALITY_QUESTIONABLE : QUALITY_VALID,
    timePeriod: { duration: record.duration, start: record.start },
    value,
  },
});

import type { ReadingRecord } from '#control/record.ts';
import type { Lfdi } from '../identity/fingerprint.ts';
import { meterReadingMrid, usagePointMrid } from '../identity/mrid.ts';
import { INT48 } from '../wire/quantity.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';
import type { MirrorQuantity, MirrorRole, MirrorWishes, Statistic } from './quantity.ts';
import { ROLE_BYTE, ROLE_FLAGS, quantitiesOf } from './quantity.ts';

/** Whose mirrors they are. */
export interface MirrorContext {
  readonly lfdi: Lfdi;
  /** IANA private enterprise number of the gateway's maker. */
  readonly pen: number;
}

/** ReadingType.dataQualifier. */
const QUALIFIER: Readonly<Record<Statistic, number>> = { mean: 2, max: 8, min: 9, last: 0 };
const ACCUMULATION_INSTANTANEOUS = 12;
const COMMODITY_ELECTRICITY = 1;

const QUALITY_VALID = '0001';
/** Bit 4: the interval was not measured throughout. */
const QUALITY_QUESTIONABLE = '0010';

const MINUTE = 60;

/** One MirrorUsagePoint of ours: all readings of a role, or one of them where the utility wants one a point (SAPN). */
export interface MirrorPoint {
  /** Names it here: the role, or role and quantity. */
  readonly key: string;
  readonly role: MirrorRole;
  readonly mRID: string;
  readonly quantities: readonly MirrorQuantity[];
}

export interface MirrorShape extends MirrorWishes {
  readonly grouping: 'role' | 'quantity';
}

/** The usage points of a role as one utility wants them. */
export const mirrorPoints = (role: MirrorRole, shape: MirrorShape, context: MirrorContext): readonly MirrorPoint[] => {
  const quantities = quantitiesOf(role, shape);
  if (shape.grouping === 'role') {
    return [{ key: role, role, mRID: usagePointMrid(context.lfdi, ROLE_BYTE[role], context.pen), quantities }];
  }
  return quantities.map((quantity) => ({
    key: `${role}|${quantity.key}`,
    role,
    mRID: meterReadingMrid(context.lfdi, ROLE_BYTE[role], `point|${quantity.key}`, context.pen),
    quantities: [quantity],
  }));
};

const readingMrid = (quantity: MirrorQuantity, context: MirrorContext): string =>
  meterReadingMrid(context.lfdi, ROLE_BYTE[quantity.role], quantity.key, context.pen);

/** The MirrorUsagePoint to create, with all its readings and their types: an empty one is refused by GE, Jemena, SAPN. Seconds. */
export const mirrorUsagePoint = (
  point: MirrorPoint,
  rates: { readonly interval: number; readonly postRate: number },
  context: MirrorContext,
): ResourceOf<'MirrorUsagePoint'> => ({
  mRID: point.mRID,
  description: descriptionOf(point),
  roleFlags: ROLE_FLAGS[point.role],
  serviceCategoryKind: 0,
  status: 1,
  deviceLFDI: context.lfdi,
  MirrorMeterReading: point.quantities.map((quantity) => ({
    mRID: readingMrid(quantity, context),
    description: quantity.description,
    MirrorReadingSet: [],
    ReadingType: {
      accumulationBehaviour: ACCUMULATION_INSTANTANEOUS,
      commodity: COMMODITY_ELECTRICITY,
      dataQualifier: QUALIFIER[quantity.statistic],
      flowDirection: quantity.flowDirection,
      intervalLength: rates.interval,
      kind: quantity.kind,
      phase: quantity.phase,
      powerOfTenMultiplier: quantity.powerOfTenMultiplier,
      uom: quantity.uom,
    },
  })),
  postRate: rates.postRate,
});

const descriptionOf = ({ role, quantities }: MirrorPoint): string => {
  const [only] = quantities;
  if (only !== undefined && quantities.length === 1) return only.description;
  return role === 'site' ? 'Site' : 'DER';
};

/**
 * The readings of some intervals for one usage point, oldest first: one interval as Readings, several as sets of them. Null when
 * nothing of it was measured: an unknown value is left out, never sent as 0. An interval that is not on whole minutes is left out too,
 * because servers refuse it.
 */
export const mirrorReadings = (
  point: MirrorPoint,
  records: readonly ReadingRecord[],
  context: MirrorContext,
): ResourceOf<'MirrorMeterReadingList'> | null => {
  const whole = records.filter(isWhole);
  const readings = point.quantities.flatMap((quantity) => {
    const told = whole.flatMap((record) => {
      const value = valueOf(quantity, record);
      return value === null ? [] : [{ record, value }];
    });
    return told.length === 0 ? [] : [meterReading(quantity, told, context)];
  });
  return readings.length === 0 ? null : { all: readings.length, results: readings.length, MirrorMeterReading: readings };
};

const isWhole = (record: ReadingRecord): boolean =>
  record.start % MINUTE === 0 && record.duration > 0 && record.duration % MINUTE === 0;

const valueOf = (quantity: MirrorQuantity, record: ReadingRecord): number | null => {
  const told = quantity.of(record)?.[quantity.statistic];
  if (told === undefined || told === null || !Number.isFinite(told)) return null;
  const value = Math.round(told * 10 ** -quantity.powerOfTenMultiplier);
  if (value < INT48.low || value > INT48.high) return null;
  return value === 0 ? 0 : value;
};

interface Told {
  readonly record: ReadingRecord;
  readonly value: number;
}

const meterReading = (
  quantity: MirrorQuantity,
  told: readonly Told[],
  context: MirrorContext,
): ResourceOf<'MirrorMeterReading'> => {
  const mRID = readingMrid(quantity, context);
  const start = Math.min(...told.map(({ record }) => record.start));
  const end = Math.max(...told.map(({ record }) => record.start + record.duration));
  const [only] = told;
  return {
    mRID,
    description: quantity.description,
    // The end of the newest interval: mandatory at GE, harmless elsewhere.
    lastUpdateTime: end,
    ...(only !== undefined && told.length === 1
      ? { MirrorReadingSet: [], Reading: readingOf(quantity, only) }
      : { MirrorReadingSet: [readingSet(quantity, told, start, end, context)] }),
  };
};

/** Several intervals of one quantity; its mRID follows from the first, so that a repeated post is the same set. */
const readingSet = (
  quantity: MirrorQuantity,
  told: readonly Told[],
  start: number,
  end: number,
  context: MirrorContext,
): ResourceOf<'MirrorMeterReading'>['MirrorReadingSet'][number] => ({
  mRID: meterReadingMrid(context.lfdi, ROLE_BYTE[quantity.role], `${quantity.key}|set|${start}`, context.pen),
  timePeriod: { duration: end - start, start },
  Reading: told.map((one, index) => ({
    ...readingOf(quantity, one),
    localID: (index + 1).toString(16).toUpperCase().padStart(4, '0'),
  })),
});

/** An instantaneous value is of the end of the interval alone, so a gap before it is no doubt about it. */
const readingOf = ({ statistic }: MirrorQuantity, { record, value }: Told) =>
  statistic === 'last'
    ? { qualityFlags: QUALITY_VALID, timePeriod: { duration: 0, start: record.start + record.duration }, value }
    : {
        qualityFlags: record.coverage < 1 ? QUALITY_QUESTIONABLE : QUALITY_VALID,
        timePeriod: { duration: record.duration, start: record.start },
        value,
      };

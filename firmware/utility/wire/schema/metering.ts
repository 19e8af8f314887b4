/** The metering mirror: usage points, readings and their types. Element order and types: IEEE 2030.5-2018 schema, with the CSIP-AUS additions last. */
import { one, optional, many, structure } from './grammar.ts';
import {
  uInt8,
  uInt32,
  uInt48,
  int48,
  time,
  powerOfTen,
  hexBinary16,
  hexBinary160,
  boolean,
  RESOURCE,
  SUBSCRIBABLE,
  LIST,
  POLL_RATE,
  IDENTIFIED,
  unitValue,
  dateTimeInterval,
} from './values.ts';

/** ReadingType */
export const readingType = structure(
  [
    optional('accumulationBehaviour', uInt8),
    optional('calorificValue', unitValue),
    optional('commodity', uInt8),
    optional('conversionFactor', unitValue),
    optional('dataQualifier', uInt8),
    optional('flowDirection', uInt8),
    optional('intervalLength', uInt32),
    optional('kind', uInt8),
    optional('maxNumberOfIntervals', uInt8),
    optional('numberOfConsumptionBlocks', uInt8),
    optional('numberOfTouTiers', uInt8),
    optional('phase', uInt8),
    optional('powerOfTenMultiplier', powerOfTen),
    optional('subIntervalLength', uInt32),
    optional('supplyLimit', uInt48),
    optional('tieredConsumptionBlocks', boolean),
    optional('uom', uInt8),
  ],
  RESOURCE,
);

/** Reading */
export const reading = structure(
  [
    optional('consumptionBlock', uInt8),
    optional('qualityFlags', hexBinary16),
    optional('timePeriod', dateTimeInterval),
    optional('touTier', uInt8),
    optional('value', int48),
    optional('localID', hexBinary16),
  ],
  SUBSCRIBABLE,
);

/** MirrorReadingSet */
export const mirrorReadingSet = structure(
  [...IDENTIFIED, one('timePeriod', dateTimeInterval), many('Reading', reading)],
  RESOURCE,
);

/** MirrorMeterReading */
export const mirrorMeterReading = structure(
  [
    ...IDENTIFIED,
    optional('lastUpdateTime', time),
    many('MirrorReadingSet', mirrorReadingSet),
    optional('nextUpdateTime', time),
    optional('Reading', reading),
    optional('ReadingType', readingType),
  ],
  RESOURCE,
);

/** MirrorMeterReadingList */
export const mirrorMeterReadingList = structure([many('MirrorMeterReading', mirrorMeterReading)], LIST);

/** MirrorUsagePoint */
export const mirrorUsagePoint = structure(
  [
    ...IDENTIFIED,
    one('roleFlags', hexBinary16),
    one('serviceCategoryKind', uInt8),
    one('status', uInt8),
    one('deviceLFDI', hexBinary160),
    many('MirrorMeterReading', mirrorMeterReading),
    optional('postRate', uInt32),
  ],
  RESOURCE,
);

/** MirrorUsagePointList */
export const mirrorUsagePointList = structure([many('MirrorUsagePoint', mirrorUsagePoint)], [...LIST, POLL_RATE]);

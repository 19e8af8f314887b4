/** DER programs, controls, defaults and curves. Element order and types: IEEE 2030.5-2018 schema, with the CSIP-AUS additions last. */
import { one, optional, many, attribute, structure } from './grammar.ts';
import {
  uInt8,
  uInt16,
  uInt32,
  int16,
  int32,
  time,
  powerOfTen,
  oneHour,
  perCent,
  signedPerCent,
  hexBinary8,
  hexBinary32,
  string192,
  anyUri,
  boolean,
  RESOURCE,
  SUBSCRIBABLE,
  LIST,
  SUBSCRIBABLE_LIST,
  POLL_RATE,
  IDENTIFIED,
  link,
  listLink,
  activePower,
  reactivePower,
  powerFactorWithExcitation,
  dateTimeInterval,
} from './values.ts';

/** EventStatus */
export const eventStatus = structure([
  one('currentStatus', uInt8),
  one('dateTime', time),
  one('potentiallySuperseded', boolean),
  optional('potentiallySupersededTime', time),
  optional('reason', string192),
]);

/** FixedVar */
export const fixedVar = structure([one('refType', uInt8), one('value', signedPerCent)]);

/** FreqDroopType */
export const freqDroop = structure([
  one('dBOF', uInt32),
  one('dBUF', uInt32),
  one('kOF', uInt16),
  one('kUF', uInt16),
  one('openLoopTms', uInt16),
]);

/** DERControlBase */
export const derControlBase = structure([
  optional('opModConnect', boolean),
  optional('opModEnergize', boolean),
  optional('opModFixedPFAbsorbW', powerFactorWithExcitation),
  optional('opModFixedPFInjectW', powerFactorWithExcitation),
  optional('opModFixedVar', fixedVar),
  optional('opModFixedW', signedPerCent),
  optional('opModFreqDroop', freqDroop),
  optional('opModFreqWatt', link),
  optional('opModHFRTMayTrip', link),
  optional('opModHFRTMustTrip', link),
  optional('opModHVRTMayTrip', link),
  optional('opModHVRTMomentaryCessation', link),
  optional('opModHVRTMustTrip', link),
  optional('opModLFRTMayTrip', link),
  optional('opModLFRTMustTrip', link),
  optional('opModLVRTMayTrip', link),
  optional('opModLVRTMomentaryCessation', link),
  optional('opModLVRTMustTrip', link),
  optional('opModMaxLimW', perCent),
  optional('opModTargetVar', reactivePower),
  optional('opModTargetW', activePower),
  optional('opModVoltVar', link),
  optional('opModVoltWatt', link),
  optional('opModWattPF', link),
  optional('opModWattVar', link),
  optional('rampTms', uInt16),
  optional('opModImpLimW', activePower, 'csipaus-1.2'),
  optional('opModExpLimW', activePower, 'csipaus-1.2'),
  optional('opModGenLimW', activePower, 'csipaus-1.2'),
  optional('opModLoadLimW', activePower, 'csipaus-1.2'),
  optional('opModStorageTargetW', activePower, 'csipaus-1.3'),
]);

/** DERControl */
export const derControl = structure(
  [
    ...IDENTIFIED,
    one('creationTime', time),
    one('EventStatus', eventStatus),
    one('interval', dateTimeInterval),
    optional('randomizeDuration', oneHour),
    optional('randomizeStart', oneHour),
    one('DERControlBase', derControlBase),
    optional('deviceCategory', hexBinary32),
  ],
  [...SUBSCRIBABLE, attribute('replyTo', anyUri), attribute('responseRequired', hexBinary8)],
);

/** DERControlList */
export const derControlList = structure([many('DERControl', derControl)], SUBSCRIBABLE_LIST);

/** DefaultDERControl */
export const defaultDERControl = structure(
  [
    ...IDENTIFIED,
    one('DERControlBase', derControlBase),
    optional('setESDelay', uInt32),
    optional('setESHighFreq', uInt16),
    optional('setESHighVolt', int16),
    optional('setESLowFreq', uInt16),
    optional('setESLowVolt', int16),
    optional('setESRampTms', uInt32),
    optional('setESRandomDelay', uInt32),
    optional('setGradW', uInt16),
    optional('setSoftGradW', uInt16),
  ],
  SUBSCRIBABLE,
);

/** DERProgram */
export const derProgram = structure(
  [
    ...IDENTIFIED,
    optional('ActiveDERControlListLink', listLink),
    optional('DefaultDERControlLink', link),
    optional('DERControlListLink', listLink),
    optional('DERCurveListLink', listLink),
    one('primacy', uInt8),
  ],
  SUBSCRIBABLE,
);

/** DERProgramList */
export const derProgramList = structure([many('DERProgram', derProgram)], [...SUBSCRIBABLE_LIST, POLL_RATE]);

/** CurveData */
export const curveData = structure([optional('excitation', boolean), one('xvalue', int32), one('yvalue', int32)]);

/** DERCurve */
export const derCurve = structure(
  [
    ...IDENTIFIED,
    optional('autonomousVRefEnable', boolean),
    optional('autonomousVRefTimeConstant', uInt32),
    one('creationTime', time),
    many('CurveData', curveData, 10),
    one('curveType', uInt8),
    optional('openLoopTms', uInt16),
    optional('rampDecTms', uInt16),
    optional('rampIncTms', uInt16),
    optional('rampPT1Tms', uInt16),
    optional('vRef', perCent),
    one('xMultiplier', powerOfTen),
    one('yMultiplier', powerOfTen),
    one('yRefType', uInt8),
  ],
  RESOURCE,
);

/** DERCurveList */
export const derCurveList = structure([many('DERCurve', derCurve)], LIST);

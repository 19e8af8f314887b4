/** What the client tells of its DER: ratings, settings, status, availability. Element order and types: IEEE 2030.5-2018 schema, with the CSIP-AUS additions last. */
import { one, optional, many, structure } from './grammar.ts';
import {
  uInt8,
  uInt16,
  uInt32,
  int16,
  time,
  perCent,
  hexBinary8,
  hexBinary32,
  string6,
  RESOURCE,
  SUBSCRIBABLE,
  LIST,
  POLL_RATE,
  link,
  listLink,
  activePower,
  reactivePower,
  apparentPower,
  voltageRms,
  currentRms,
  wattHour,
  ampereHour,
  reactiveSusceptance,
  powerFactor,
} from './values.ts';

/** DER */
export const der = structure(
  [
    optional('AssociatedDERProgramListLink', listLink),
    optional('AssociatedUsagePointLink', link),
    optional('CurrentDERProgramLink', link),
    optional('DERAvailabilityLink', link),
    optional('DERCapabilityLink', link),
    optional('DERSettingsLink', link),
    optional('DERStatusLink', link),
  ],
  SUBSCRIBABLE,
);

/** DERList */
export const derList = structure([many('DER', der)], [...LIST, POLL_RATE]);

/** DERCapability */
export const derCapability = structure(
  [
    one('modesSupported', hexBinary32),
    optional('rtgAbnormalCategory', uInt8),
    optional('rtgMaxA', currentRms),
    optional('rtgMaxAh', ampereHour),
    optional('rtgMaxChargeRateVA', apparentPower),
    optional('rtgMaxChargeRateW', activePower),
    optional('rtgMaxDischargeRateVA', apparentPower),
    optional('rtgMaxDischargeRateW', activePower),
    optional('rtgMaxV', voltageRms),
    optional('rtgMaxVA', apparentPower),
    optional('rtgMaxVar', reactivePower),
    optional('rtgMaxVarNeg', reactivePower),
    one('rtgMaxW', activePower),
    optional('rtgMaxWh', wattHour),
    optional('rtgMinPFOverExcited', powerFactor),
    optional('rtgMinPFUnderExcited', powerFactor),
    optional('rtgMinV', voltageRms),
    optional('rtgNormalCategory', uInt8),
    optional('rtgOverExcitedPF', powerFactor),
    optional('rtgOverExcitedW', activePower),
    optional('rtgReactiveSusceptance', reactiveSusceptance),
    optional('rtgUnderExcitedPF', powerFactor),
    optional('rtgUnderExcitedW', activePower),
    optional('rtgVNom', voltageRms),
    one('type', uInt8),
    one('doeModesSupported', hexBinary8, 'csipaus-1.2'),
    optional('vppModesSupported', hexBinary8, 'csipaus-1.3'),
  ],
  RESOURCE,
);

/** DERSettings */
export const derSettings = structure(
  [
    optional('modesEnabled', hexBinary32),
    optional('setESDelay', uInt32),
    optional('setESHighFreq', uInt16),
    optional('setESHighVolt', int16),
    optional('setESLowFreq', uInt16),
    optional('setESLowVolt', int16),
    optional('setESRampTms', uInt32),
    optional('setESRandomDelay', uInt32),
    one('setGradW', uInt16),
    optional('setMaxA', currentRms),
    optional('setMaxAh', ampereHour),
    optional('setMaxChargeRateVA', apparentPower),
    optional('setMaxChargeRateW', activePower),
    optional('setMaxDischargeRateVA', apparentPower),
    optional('setMaxDischargeRateW', activePower),
    optional('setMaxV', voltageRms),
    optional('setMaxVA', apparentPower),
    optional('setMaxVar', reactivePower),
    optional('setMaxVarNeg', reactivePower),
    one('setMaxW', activePower),
    optional('setMaxWh', wattHour),
    optional('setMinPFOverExcited', powerFactor),
    optional('setMinPFUnderExcited', powerFactor),
    optional('setMinV', voltageRms),
    optional('setSoftGradW', uInt16),
    optional('setVNom', voltageRms),
    optional('setVRef', voltageRms),
    optional('setVRefOfs', voltageRms),
    one('updatedTime', time),
    optional('doeModesEnabled', hexBinary8, 'csipaus-1.2'),
    optional('vppModesEnabled', hexBinary8, 'csipaus-1.3'),
    optional('setMinWh', wattHour, 'csipaus-1.3'),
  ],
  SUBSCRIBABLE,
);

/** ConnectStatusType */
export const connectStatus = structure([one('dateTime', time), one('value', hexBinary8)]);

/** InverterStatusType */
export const inverterStatus = structure([one('dateTime', time), one('value', uInt8)]);

/** LocalControlModeStatusType */
export const localControlModeStatus = structure([one('dateTime', time), one('value', uInt8)]);

/** ManufacturerStatusType */
export const manufacturerStatus = structure([one('dateTime', time), one('value', string6)]);

/** OperationalModeStatusType */
export const operationalModeStatus = structure([one('dateTime', time), one('value', uInt8)]);

/** StateOfChargeStatusType */
export const stateOfChargeStatus = structure([one('dateTime', time), one('value', perCent)]);

/** StorageModeStatusType */
export const storageModeStatus = structure([one('dateTime', time), one('value', uInt8)]);

/** DERStatus */
export const derStatus = structure(
  [
    optional('alarmStatus', hexBinary32),
    optional('genConnectStatus', connectStatus),
    optional('inverterStatus', inverterStatus),
    optional('localControlModeStatus', localControlModeStatus),
    optional('manufacturerStatus', manufacturerStatus),
    optional('operationalModeStatus', operationalModeStatus),
    one('readingTime', time),
    optional('stateOfChargeStatus', stateOfChargeStatus),
    optional('storageModeStatus', storageModeStatus),
    optional('storConnectStatus', connectStatus),
  ],
  SUBSCRIBABLE,
);

/** DERAvailability */
export const derAvailability = structure(
  [
    optional('availabilityDuration', uInt32),
    optional('maxChargeDuration', uInt32),
    one('readingTime', time),
    optional('reserveChargePercent', perCent),
    optional('reservePercent', perCent),
    optional('statVarAvail', reactivePower),
    optional('statWAvail', activePower),
  ],
  SUBSCRIBABLE,
);

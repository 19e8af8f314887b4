/** Resources of discovery and registration. Element order and types: IEEE 2030.5-2018 schema, with the CSIP-AUS additions last. */
import { one, optional, many, structure } from './grammar.ts';
import {
  uInt8,
  uInt16,
  uInt32,
  int32,
  time,
  pin,
  sfdi,
  hexBinary32,
  hexBinary160,
  mRID,
  string32,
  boolean,
  RESOURCE,
  SUBSCRIBABLE,
  SUBSCRIBABLE_LIST,
  POLL_RATE,
  link,
  listLink,
} from './values.ts';

/** DeviceCapability */
export const deviceCapability = structure(
  [
    optional('CustomerAccountListLink', listLink),
    optional('DemandResponseProgramListLink', listLink),
    optional('DERProgramListLink', listLink),
    optional('FileListLink', listLink),
    optional('MessagingProgramListLink', listLink),
    optional('PrepaymentListLink', listLink),
    optional('ResponseSetListLink', listLink),
    optional('TariffProfileListLink', listLink),
    optional('TimeLink', link),
    optional('UsagePointListLink', listLink),
    optional('EndDeviceListLink', listLink),
    optional('MirrorUsagePointListLink', listLink),
    optional('SelfDeviceLink', link),
  ],
  [...RESOURCE, POLL_RATE],
);

/** Time */
export const timeResource = structure(
  [
    one('currentTime', time),
    one('dstEndTime', time),
    one('dstOffset', int32),
    one('dstStartTime', time),
    optional('localTime', time),
    one('quality', uInt8),
    one('tzOffset', int32),
  ],
  [...RESOURCE, POLL_RATE],
);

/** EndDevice */
export const endDevice = structure(
  [
    optional('ConfigurationLink', link),
    optional('DERListLink', listLink),
    optional('deviceCategory', hexBinary32),
    optional('DeviceInformationLink', link),
    optional('DeviceStatusLink', link),
    optional('FileStatusLink', link),
    optional('IPInterfaceListLink', listLink),
    optional('lFDI', hexBinary160),
    optional('LoadShedAvailabilityListLink', listLink),
    optional('LogEventListLink', listLink),
    optional('PowerStatusLink', link),
    one('sFDI', sfdi),
    one('changedTime', time),
    optional('enabled', boolean),
    optional('FlowReservationRequestListLink', listLink),
    optional('FlowReservationResponseListLink', listLink),
    optional('FunctionSetAssignmentsListLink', listLink),
    optional('postRate', uInt32),
    optional('RegistrationLink', link),
    optional('SubscriptionListLink', listLink),
    optional('ConnectionPointLink', link, 'csipaus-1.2'),
  ],
  SUBSCRIBABLE,
);

/** EndDeviceList */
export const endDeviceList = structure([many('EndDevice', endDevice)], [...SUBSCRIBABLE_LIST, POLL_RATE]);

/** Registration */
export const registration = structure([one('dateTimeRegistered', time), one('pIN', pin)], [...RESOURCE, POLL_RATE]);

/** FunctionSetAssignments */
export const functionSetAssignments = structure(
  [
    optional('CustomerAccountListLink', listLink),
    optional('DemandResponseProgramListLink', listLink),
    optional('DERProgramListLink', listLink),
    optional('FileListLink', listLink),
    optional('MessagingProgramListLink', listLink),
    optional('PrepaymentListLink', listLink),
    optional('ResponseSetListLink', listLink),
    optional('TariffProfileListLink', listLink),
    optional('TimeLink', link),
    optional('UsagePointListLink', listLink),
    one('mRID', mRID),
    optional('description', string32),
    optional('version', uInt16),
  ],
  SUBSCRIBABLE,
);

/** FunctionSetAssignmentsList */
export const functionSetAssignmentsList = structure(
  [many('FunctionSetAssignments', functionSetAssignments)],
  [...SUBSCRIBABLE_LIST, POLL_RATE],
);

/** Error */
export const error = structure([optional('maxRetryDuration', uInt16), one('reasonCode', uInt16)]);

/** ConnectionPoint of CSIP-AUS, the NMI. All of it lives in the extension namespace. */
export const connectionPoint = structure([one('connectionPointId', string32, 'csipaus-1.2')], RESOURCE);

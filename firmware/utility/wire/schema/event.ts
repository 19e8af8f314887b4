/** Responses to events and alarms of the client. Element order and types: IEEE 2030.5-2018 schema, with the CSIP-AUS additions last. */
import { one, optional, structure } from './grammar.ts';
import { uInt8, uInt16, uInt32, time, hexBinary160, mRID, string32, RESOURCE } from './values.ts';

/** DERControlResponse */
export const derControlResponse = structure(
  [optional('createdDateTime', time), one('endDeviceLFDI', hexBinary160), optional('status', uInt8), one('subject', mRID)],
  RESOURCE,
);

/** LogEvent */
export const logEvent = structure(
  [
    one('createdDateTime', time),
    optional('details', string32),
    optional('extendedData', uInt32),
    one('functionSet', uInt8),
    one('logEventCode', uInt8),
    one('logEventID', uInt16),
    one('logEventPEN', uInt32),
    one('profileID', uInt8),
  ],
  RESOURCE,
);

import type { DeviceRecord, ModelPlace } from '#site/device.ts';
import { decodeModel } from './codec.ts';
import { commonModel } from './models/common.ts';
import { spanTo } from './points.ts';

/** Who a device says it is (SunSpec model 1). Empty: the device does not say. */
export interface CommonStrings {
  readonly manufacturer: string;
  readonly model: string;
  readonly firmwareVersion: string;
  readonly serialNumber: string;
}

/** Registers of the common model up to the serial number: one read that identifies itself. */
export const IDENTITY_REGISTERS = spanTo(commonModel, 'SN');

/** Null: the registers are not the common model. */
export const decodeCommon = (words: Uint16Array, place: ModelPlace): CommonStrings | null => {
  const decoded = decodeModel(commonModel, words, place);
  if (!decoded.ok || words.length < IDENTITY_REGISTERS) return null;
  const { Mn, Md, Vr, SN } = decoded.value.values;
  return { manufacturer: Mn ?? '', model: Md ?? '', firmwareVersion: Vr ?? '', serialNumber: SN ?? '' };
};

/** Is this the recorded device? By serial number; where the device has none, by manufacturer and model. */
export const isSameDevice = (record: DeviceRecord, found: CommonStrings): boolean =>
  record.serialNumber === found.serialNumber &&
  (found.serialNumber !== '' || (record.manufacturer === found.manufacturer && record.model === found.model));

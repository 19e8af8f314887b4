import type { UtilitySeconds } from '#base/units.ts';
import type { ResourceOf } from '#utility/wire/schema/resources.ts';
import { writeResource } from '#utility/wire/write.ts';
import type { WalkSettings } from './settings.ts';

/** The EndDevice that an in-band registration POSTs; links are the server's to make (reference 3.2). */
export const registrationBody = (settings: WalkSettings, now: UtilitySeconds): string =>
  writeResource('EndDevice', { lFDI: settings.lfdi, sFDI: settings.sfdi, changedTime: now, enabled: true });

/** The own entry of an EndDeviceList: by LFDI whatever its case, else by SFDI; never by position. */
export const ownDevice = (
  devices: readonly ResourceOf<'EndDevice'>[],
  settings: Pick<WalkSettings, 'lfdi' | 'sfdi'>,
): ResourceOf<'EndDevice'> | null => {
  const byLfdi = devices.find((device) => device.lFDI?.toUpperCase() === settings.lfdi.toUpperCase());
  return byLfdi ?? devices.find((device) => device.lFDI === undefined && device.sFDI === settings.sfdi) ?? null;
};

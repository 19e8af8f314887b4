import { watts } from '#base/units.ts';
import { GRID_CODE_MODES, INVERTER_MODES } from '#control/modes.ts';
import type { ControlMode } from '#control/program.ts';
import type { SiteFacts } from '#control/tick/state.ts';
import { onSilenceOf } from '#drivers/profile/profile.ts';
import { inverterProfileNamed } from '#drivers/profile/catalogue.ts';
import type { DeviceId, DeviceRecord } from '#site/device.ts';
import { assert } from '#base/assert.ts';
import type { Configuration } from '../config/configuration.ts';

/** Registers of an inverter may be this old when read; a device profile of a slower one will say so (issue on devices). */
const READING_AGE_MS = 150;
/** SunSpec 123, immediate controls. */
const CONTROLS_MODEL = 123;

/** What the site's devices can carry out. Grid-code settings only where the commissioned site allows them and every inverter takes them. */
export const executableModes = ({ gridCodeWrites, devices }: Configuration): readonly ControlMode[] => {
  const inverters = devices.filter((device) => device.role === 'inverter');
  const takes = inverters.every(({ profile }) => inverterProfileNamed(profile)?.control.model === CONTROLS_MODEL);
  return gridCodeWrites && takes ? [...INVERTER_MODES, ...GRID_CODE_MODES] : INVERTER_MODES;
};

/** The site as the tick knows it, from the configuration and the devices met so far. */
export const siteFacts = (
  configuration: Configuration,
  seed: string,
  record: (device: DeviceId) => DeviceRecord | null,
): SiteFacts => {
  const meter = configuration.devices.find((device) => device.role === 'meter');
  assert(meter !== undefined, 'an accepted configuration has a meter at the connection point');
  const inverters = configuration.devices
    .filter((device) => device.role === 'inverter')
    .map((device) => {
      const profile = inverterProfileNamed(device.profile);
      assert(profile !== null, 'an accepted configuration names profiles of this release');
      const maxPower = record(device.device)?.nameplate?.maxPower ?? null;
      return {
        device: device.device,
        maxPower,
        minOutputFraction: profile.minimumStableOutput,
        onSilence: onSilenceOf(profile, maxPower),
      };
    });
  const returnsByItself = configuration.devices.every(
    (device) => device.role !== 'inverter' || inverterProfileNamed(device.profile)?.connection.returnsByItself === true,
  );
  const { commissioned, fallback, local } = configuration.limits;
  return {
    meter: meter.device,
    inverters,
    commissioned: { exportW: commissioned.exportLimit, generationW: commissioned.generationLimit },
    fallback: { exportW: fallback.exportLimit, importW: fallback.importLimit },
    local,
    unmeteredGeneration: watts(0),
    returnsByItself,
    executable: executableModes(configuration),
    readingAgeMs: READING_AGE_MS,
    seed,
  };
};

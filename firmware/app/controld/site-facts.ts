import { watts } from '#base/units.ts';
import { GRID_CODE_MODES, INVERTER_MODES, LOAD_MODES, STORAGE_MODES } from '#control/modes.ts';
import type { ControlMode } from '#control/program.ts';
import { METER_STALE_MS } from '#control/limiter/sight.ts';
import { modesFollowed } from '#control/tick/curves.ts';
import type { LoadFacts, StorageFacts } from '#control/storage/facts.ts';
import type { SiteFacts } from '#control/tick/state.ts';
import { followable } from '#drivers/inverter/curves.ts';
import { type Pace, paceOf, sightSpan } from '#drivers/line/cycle.ts';
import { onSilenceOf } from '#drivers/profile/profile.ts';
import {
  anyInverterProfileNamed,
  inverterProfileNamed,
  loadProfileNamed,
  storageProfileNamed,
} from '#drivers/profile/catalogue.ts';
import { stepsOf, storageSilenceOf } from '#drivers/profile/storage-profile.ts';
import { CURVE_FUNCTIONS, type CurveFunction } from '#site/curve.ts';
import type { DeviceId, DeviceRecord } from '#site/device.ts';
import { assert } from '#base/assert.ts';
import type { Configuration, DeviceConfiguration } from '../config/configuration.ts';

type RecordOf = (device: DeviceId) => DeviceRecord | null;

/** Registers of an inverter may be this old when read; a device profile of a slower one will say so (issue on devices). */
const READING_AGE_MS = 150;
/** SunSpec 123, immediate controls. */
const CONTROLS_MODEL = 123;

/** What every inverter met can follow; one that was not met yet can follow nothing. */
const followedByAll = (inverters: readonly DeviceConfiguration[], record: RecordOf): readonly CurveFunction[] => {
  const each = inverters.map(({ device }) => {
    const met = record(device);
    return met === null ? [] : followable(met);
  });
  return CURVE_FUNCTIONS.filter((one) => each.length > 0 && each.every((able) => able.includes(one)));
};

/** What the site's devices can carry out: import and load limits need storage or a load, a power to hold needs storage. Grid-code settings only where the commissioned site allows them and every inverter takes them. */
export const executableModes = ({ gridCodeWrites, devices }: Configuration, record: RecordOf): readonly ControlMode[] => {
  const stored = devices.some(({ role }) => role === 'storage') ? STORAGE_MODES : [];
  const shed = stored.length === 0 && devices.some(({ role }) => role === 'load') ? LOAD_MODES : [];
  const powers = [...INVERTER_MODES, ...stored, ...shed];
  if (!gridCodeWrites) return powers;
  const inverters = devices.filter((device) => device.role === 'inverter');
  const takes =
    inverters.length > 0 && inverters.every(({ profile }) => inverterProfileNamed(profile)?.control.model === CONTROLS_MODEL);
  return [...powers, ...(takes ? GRID_CODE_MODES : []), ...modesFollowed(followedByAll(inverters, record))];
};

/** How the inverters of this line are polled; null: each as its profile says. */
export const paceIn = ({ lines, devices }: Configuration, name: string): Pace | null => {
  const line = lines.find((one) => one.name === name);
  // Storage is read as an inverter is.
  const inverters = devices.filter(({ role, line: on }) => (role === 'inverter' || role === 'storage') && on === name).length;
  return line === undefined || line.tcp !== null ? null : paceOf(line, inverters);
};

/** A meter that is read over a slow line is heard seldom; null: often enough. */
const staleIn = ({ lines }: Configuration, name: string): number | null => {
  const line = lines.find((one) => one.name === name);
  const span = line === undefined || line.tcp !== null ? 0 : sightSpan(line);
  return span > METER_STALE_MS ? span : null;
};

const storageFacts = ({ devices }: Configuration, record: RecordOf): readonly StorageFacts[] =>
  devices.flatMap(({ device, profile: name, phase, storage }) => {
    if (storage === null) return [];
    const profile = storageProfileNamed(name);
    assert(profile !== null, 'an accepted configuration names profiles of this release');
    const { reserve, gridCharge, hybridOf: behind } = storage;
    const rating = record(device)?.storage ?? null;
    const feeds = phase === undefined ? {} : { phase };
    const takes = profile.control.model === 704 ? { takes: 'power' as const } : {};
    return [{ device, rating, onSilence: storageSilenceOf(profile), reserve, gridCharge, behind, ...feeds, ...takes }];
  });

const loadFacts = ({ devices }: Configuration): readonly LoadFacts[] =>
  devices.flatMap(({ device, profile: name, load }) => {
    if (load === null) return [];
    const profile = loadProfileNamed(name);
    assert(profile !== null, 'an accepted configuration names profiles of this release');
    return [{ device, ...load, steps: stepsOf(profile) }];
  });

/** Does all that generates wait and ramp by itself after a stop? Storage of its own output is only told 0 W: it does not. */
const returnsByItself = ({ devices }: Configuration): boolean =>
  devices.every(({ role, profile, storage }) =>
    role === 'inverter'
      ? inverterProfileNamed(profile)?.connection.returnsByItself === true
      : storage === null || storage.hybridOf !== null,
  );

/** The site as the tick knows it, from the configuration and the devices met so far. */
export const siteFacts = (configuration: Configuration, seed: string, record: RecordOf): SiteFacts => {
  const meter = configuration.devices.find((device) => device.role === 'meter');
  assert(meter !== undefined, 'an accepted configuration has a meter at the connection point');
  const inverters = configuration.devices
    .filter((device) => device.role === 'inverter')
    .map((device) => {
      const profile = anyInverterProfileNamed(device.profile);
      assert(profile !== null, 'an accepted configuration names profiles of this release');
      const maxPower = record(device.device)?.nameplate?.maxPower ?? null;
      return {
        device: device.device,
        maxPower,
        minOutputFraction: profile.minimumStableOutput,
        pollMs: paceIn(configuration, device.line)?.everyMs ?? profile.poll.normalMs,
        onSilence: onSilenceOf(profile, maxPower),
        ...(device.phase === undefined ? {} : { phase: device.phase }),
        ...(profile.kind === 'map-inverter' && profile.control === null ? { neverTold: true as const } : {}),
      };
    });
  const { commissioned, fallback, local } = configuration.limits;
  const meterStaleMs = staleIn(configuration, meter.line);
  return {
    meter: meter.device,
    inverters,
    commissioned: {
      exportW: commissioned.exportLimit,
      generationW: commissioned.generationLimit,
      importW: commissioned.importLimit,
    },
    fallback: { exportW: fallback.exportLimit, importW: fallback.importLimit },
    local,
    unmeteredGeneration: watts(0),
    ...(commissioned.exportPerPhase === undefined ? {} : { exportPerPhase: commissioned.exportPerPhase }),
    storages: storageFacts(configuration, record),
    loads: loadFacts(configuration),
    storageBeforeCurtailment: configuration.storageBeforeCurtailment ?? true,
    returnsByItself: returnsByItself(configuration),
    executable: executableModes(configuration, record),
    readingAgeMs: READING_AGE_MS,
    ...(meterStaleMs === null ? {} : { meterStaleMs }),
    seed,
  };
};

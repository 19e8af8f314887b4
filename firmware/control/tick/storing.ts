import { type MonoMs, type Watts, watts } from '#base/units.ts';
import { type GenerationTrack, latestGeneration } from '#control/limiter/generation.ts';
import type { Decision, LimiterState, PowerLimits } from '#control/limiter/limiter.ts';
import type { StorageBeside } from '#control/limiter/plant.ts';
import type { ActiveLimits, Targets } from '#control/limits.ts';
import type { ControlMode } from '#control/program.ts';
import { decideStorage, NO_STORAGE, observeStorage, storageBeside, type StorageState } from '#control/storage/storage.ts';
import { powerOf } from '#control/storage/track.ts';
import type { Band, DeviceId } from '#site/device.ts';
import type { Command, ControlState, SiteFacts, TickInputs } from './state.ts';

const FULL_PERCENT = 100;
/** Of their rating: what inverters are left above their output under a generation limit, and from where storage gives way at once. */
const LEFT_FRACTION = 0.1;
const CLOSE_FRACTION = 0.03;
/** Inverters within this of what they are held to stand at their caps. */
const AT_CAP_FRACTION = 0.015;
/** After a band was asked for the devices are polled closely for so long. */
const MOVING_MS = 3000;
const HELD_TOLERANCE_W = 1;
/** Of its range: a power is asked in watts and held in per cents. */
const ROUNDED_FRACTION = 0.012;

export interface Stored {
  readonly storage: StorageState;
  readonly beside: StorageBeside | undefined;
  /** When a controllable load was last given more or less; null: never. */
  readonly loadsToldAt: MonoMs | null;
}

const loadsToldAt = ({ loads }: StorageState): MonoMs | null =>
  [...loads.values()].reduce<MonoMs | null>((last, { at }) => (last === null || at > last ? at : last), null);

/** Takes what was read of storage, and what it provably holds. */
export const observeStored = (before: ControlState, facts: SiteFacts, inputs: TickInputs): Stored => {
  const { storages = [] } = facts;
  const known = before.storage ?? NO_STORAGE;
  if (storages.length === 0 && (facts.loads ?? []).length === 0) return { storage: known, beside: undefined, loadsToldAt: null };
  const storage = observeStorage(known, storages, {
    held: (device) => inputs.heldBands?.get(device) ?? null,
    sights: (device) => inputs.samples.filter((sample) => sample.kind === 'storage').filter((sample) => sample.device === device),
    meter: inputs.samples.filter((sample) => sample.kind === 'meter').filter((sample) => sample.device === facts.meter),
    now: inputs.now,
  });
  return { storage, beside: storageBeside(storage, storages, inputs.now), loadsToldAt: loadsToldAt(storage) };
};

interface Site {
  readonly storage: StorageState;
  readonly limits: ActiveLimits;
  /** Of inverters and storage together. */
  readonly power: PowerLimits;
  readonly stopped: boolean;
  readonly limiter: LimiterState;
  readonly decision: Decision;
  /** Inverters that may produce. */
  readonly awake: readonly GenerationTrack[];
  readonly setMaxW: Watts;
}

const outputOf = (tracks: readonly GenerationTrack[], now: MonoMs): number =>
  tracks.reduce((sum, track) => sum + (latestGeneration(track, now) ?? track.maxPower), 0);

/** What of that comes from storage behind an inverter. */
const throughOf = ({ tracks }: StorageState, { storages = [] }: SiteFacts, now: MonoMs): number =>
  storages.reduce((sum, { device, behind }) => {
    const track = behind === null ? undefined : tracks.get(device);
    return sum + Math.max(0, track === undefined ? 0 : (powerOf(track, now) ?? 0));
  }, 0);

const ratingOf = (tracks: readonly GenerationTrack[]): number => tracks.reduce((sum, track) => sum + track.maxPower, 0);

/** The export limit holds inverters back, and they have arrived where it holds them. */
const isHeldBack = ({ decision, power, awake, limiter }: Site, now: MonoMs): boolean => {
  if (awake.length === 0 || power.exportLimit === null || !decision.seen || decision.overcutting) return false;
  const rating = ratingOf(awake);
  const byExport = power.generationLimit === null || decision.ceiling < power.generationLimit;
  if (!byExport || decision.target >= rating) return false;
  const held = awake.reduce(
    (sum, track) => sum + (track.heldCap ?? track.maxPower) * (limiter.gains.get(track.device)?.gain ?? 1),
    0,
  );
  return outputOf(awake, now) >= held - AT_CAP_FRACTION * rating;
};

/** The power that the utility wants of storage; of several the narrowest word counts. Fixed and target power are of all DER together. */
const targetOf = (
  targets: Targets | undefined,
  facts: SiteFacts,
  { setMaxW, awake, storage }: Site,
  now: MonoMs,
): Watts | null => {
  const own = targets?.opModStorageTargetW;
  if (own !== undefined) return own.value;
  const ratings = (facts.storages ?? []).flatMap(({ rating }) => (rating === null ? [] : [rating]));
  const share = targets?.opModFixedW?.value;
  const discharge = setMaxW > 0 ? setMaxW : ratings.reduce((sum, { maxDischarge }) => sum + maxDischarge, 0);
  const charge = ratings.reduce((sum, { maxCharge }) => sum + maxCharge, 0);
  const fixed = share === undefined ? null : (share / FULL_PERCENT) * (share >= 0 ? discharge : charge);
  const power = targets?.opModTargetW?.value ?? fixed;
  return power === null ? null : watts(power - outputOf(awake, now) + throughOf(storage, facts, now));
};

const commandsOf = (asking: ReturnType<typeof decideStorage>, { storages = [] }: SiteFacts): readonly Command[] => [
  ...asking.bands.map(({ device, band, narrows }): Command => {
    const onSilence = storages.find((one) => one.device === device)?.onSilence ?? { kind: 'holds' };
    return { setpoint: { device, command: { kind: 'band', ...band }, onSilence }, urgency: narrows ? 'cut' : 'raise' };
  }),
  ...asking.consumes.map(
    ({ device, most, sheds }): Command => ({
      setpoint: { device, command: { kind: 'consume', most }, onSilence: { kind: 'holds' } },
      urgency: sheds ? 'cut' : 'raise',
    }),
  ),
];

/** What is asked of storage and controllable loads in this tick. */
export const askStored = (
  site: Site,
  facts: SiteFacts,
  inputs: TickInputs,
): { readonly storage: StorageState; readonly commands: readonly Command[]; readonly moving: boolean } => {
  const { storages = [], loads = [] } = facts;
  const { now } = inputs;
  const { limits, power, stopped, limiter, awake } = site;
  if (storages.length + loads.length === 0) return { storage: site.storage, commands: [], moving: false };
  const { sight } = limiter;
  const output = outputOf(awake, now) - throughOf(site.storage, facts, now);
  const rating = ratingOf(awake);
  const asking = decideStorage(site.storage, {
    storages,
    loads,
    limits: {
      exportLimit: power.exportLimit,
      importLimit: limits.importLimit?.value ?? null,
      // What comes through an inverter is bound by the inverter's cap.
      generationLimit: storages.every(({ behind }) => behind !== null) ? null : power.generationLimit,
      loadLimit: limits.loadLimit?.value ?? null,
    },
    seen: sight.seen,
    generation: { now: watts(output + CLOSE_FRACTION * rating), left: watts(output + LEFT_FRACTION * rating) },
    target: stopped ? watts(0) : targetOf(limits.targets, facts, site, now),
    sun: {
      wanted: facts.storageBeforeCurtailment !== false,
      heldBack: isHeldBack(site, now),
      export: sight.seen && sight.netImport !== null ? watts(0 - sight.netImport) : null,
    },
    heldLoad: (device) => inputs.heldLoads?.get(device) ?? null,
    now,
  });
  const moving = [...asking.state.tracks.values()].some(({ asked }) => asked !== null && now - asked.at < MOVING_MS);
  return { storage: asking.state, commands: commandsOf(asking, facts), moving };
};

/**
 * True when every storage device and load that answers provably keeps to what the limits leave it. `isMet`: the flow is inside what the
 * utility asks for, though a battery that is nearly full takes less than it acknowledged.
 */
export const storedWithin = (
  { storage = NO_STORAGE }: ControlState,
  facts: SiteFacts,
  inputs: TickInputs,
  isMet: boolean,
): boolean => {
  const within = (device: DeviceId): boolean => {
    const track = storage.tracks.get(device);
    const ceiling = storage.ceilings.get(device);
    if (track === undefined || ceiling === undefined || powerOf(track, inputs.now) === null) return true;
    const free = ceiling.most >= track.maxDischarge && ceiling.least <= 0 - track.maxCharge;
    if (free) return true;
    const { held } = track;
    const inside =
      held !== null && held.most <= ceiling.most + HELD_TOLERANCE_W && held.least >= ceiling.least - HELD_TOLERANCE_W;
    return inside && (isMet || storage.obeys.get(device)?.disobeys !== true);
  };
  const shed = (device: DeviceId, maxPower: Watts): boolean => {
    const most = storage.loads.get(device)?.most ?? maxPower;
    return most >= maxPower || (inputs.heldLoads?.get(device) ?? Infinity) <= most;
  };
  return (
    (facts.storages ?? []).every(({ device }) => within(device)) &&
    (facts.loads ?? []).every(({ device, maxPower }) => shed(device, maxPower))
  );
};

const isNearly = (held: Band | null, asked: Band, tolerance: number): boolean =>
  held !== null && Math.abs(held.least - asked.least) <= tolerance && Math.abs(held.most - asked.most) <= tolerance;

/** Modes that ask storage for a power. */
const STORED_MODES: readonly ControlMode[] = ['opModStorageTargetW', 'opModFixedW', 'opModTargetW'];

/** Does every storage device that answers provably hold the power that the mode asks for? Null: the mode asks nothing of storage. */
export const isStored = (mode: ControlMode, { storage = NO_STORAGE }: ControlState, now: MonoMs): boolean | null => {
  if (!STORED_MODES.includes(mode)) return null;
  const answering = [...storage.tracks.values()].filter((track) => powerOf(track, now) !== null);
  const reached = answering.filter(({ device }) => storage.failed?.has(device) !== true);
  return (
    reached.length > 0 &&
    reached.every(({ device, held, maxCharge, maxDischarge }) => {
      const asked = storage.asked.get(device);
      return (
        asked?.wish !== null &&
        asked !== undefined &&
        isNearly(held, asked.band, ROUNDED_FRACTION * (maxCharge + maxDischarge)) &&
        storage.obeys.get(device)?.disobeys !== true
      );
    })
  );
};

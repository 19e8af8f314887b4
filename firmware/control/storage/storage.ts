import { type MonoMs, type Watts, watts } from '#base/units.ts';
import { type LoadState, NO_LOAD_KNOWN, withoutMeter, withPoll } from '#control/limiter/load.ts';
import type { StorageBeside } from '#control/limiter/plant.ts';
import { powersOnPhases } from '#control/limiter/phases.ts';
import type { Band, DeviceId } from '#site/device.ts';
import type { MeterSample } from '#site/sample.ts';
import { type AskedBand, askBand } from './bands.ts';
import { type Beside, type Bounds, boundsOf, excessOf, type Range, sharesOf, spareOf, type StorageLimits } from './bounds.ts';
import type { LoadFacts, StorageFacts } from './facts.ts';
import { failedAfter } from './failed.ts';
import { type AskedLoads, loadsAfter } from './loads.ts';
import { isStray, obey, OBEYING, type ObeyState } from './obey.ts';
import { ownPower } from './own.ts';
import { reliedOn, withStorageOutput } from './residual.ts';
import { NO_SUN_STORED, sunAfter, type SunSight, type SunState } from './sun.ts';
import {
  newStorageTrack,
  expectedOf,
  possibleDischarge,
  powerOf,
  sameBand,
  type StorageSight,
  type StorageTrack,
  withAskedBand,
  withHeldBand,
  withStorageReading,
} from './track.ts';

/** What is remembered of storage and controllable loads between ticks. */
export interface StorageState {
  readonly tracks: ReadonlyMap<DeviceId, StorageTrack>;
  /** Import of the site beside its storage. */
  readonly residual: LoadState;
  readonly asked: ReadonlyMap<DeviceId, AskedBand>;
  readonly loads: AskedLoads;
  readonly sun: SunState;
  /** Since when what the site imports beside its storage is not known; null: it is. */
  readonly blindSince: MonoMs | null;
  /** Discharged down to their reserve: not made to discharge until they have recovered. */
  readonly spent: ReadonlySet<DeviceId>;
  /** Faulty and short of what was asked: told to rest, their share is the others'. Absent: in a tape of an earlier release. */
  readonly failed?: ReadonlySet<DeviceId>;
  /** The widest band that each may hold under the limits in force. */
  readonly ceilings: ReadonlyMap<DeviceId, Band>;
  readonly obeys: ReadonlyMap<DeviceId, ObeyState>;
  /** What each limit and target was, to tell a change from a drift. */
  readonly asks: string;
}

export const NO_STORAGE: StorageState = {
  tracks: new Map(),
  residual: NO_LOAD_KNOWN,
  asked: new Map(),
  loads: new Map(),
  sun: NO_SUN_STORED,
  blindSince: null,
  spent: new Set(),
  ceilings: new Map(),
  obeys: new Map(),
  asks: '',
};

/** Per cent of charge above the reserve from which a spent one may be used again. */
const RECOVERED_PERCENT = 3;
/** Per cent of charge from which it cannot be made to charge. */
const FULL_PERCENT = 99;
const NEARLY_FULL_PERCENT = 96;
const NEARLY_FULL_PART = 0.25;
/** One that gives less than it was made to give, for so long, is not counted on. */
const SHORT_MS = 4000;
/** A start, or a sight that returns at once, switches no relay: blind for so long does (design section 4: safe within 5 s). */
const SHED_BLIND_MS = 2500;
/** Seconds without a move by more than this part of the range: steady. */
const STEADY_MS = 2500;
const STEADY_FRACTION = 0.004;

/** What storage and loads are told about the site in one tick. */
export interface StorageView {
  readonly storages: readonly StorageFacts[];
  readonly loads: readonly LoadFacts[];
  readonly limits: StorageLimits;
  /** The connection point is seen. */
  readonly seen: boolean;
  readonly generation: Beside['generation'];
  /** Power that storage is to give together, positive = discharging; null: nothing asks for one. */
  readonly target: Watts | null;
  readonly sun: Pick<SunSight, 'wanted' | 'heldBack' | 'export'>;
  /** What a load provably takes at most; null: nothing is proven. */
  readonly heldLoad: (device: DeviceId) => Watts | null;
  readonly now: MonoMs;
}

const observeOne = (track: StorageTrack, held: Band | null, sights: readonly StorageSight[], now: MonoMs): StorageTrack =>
  withHeldBand(
    sights.reduce((known, sight) => withStorageReading(known, sight), track),
    held,
    now,
  );

/** Takes what each device provably holds, and what was read of it and of the meter, in order of arrival. */
export const observeStorage = (
  before: StorageState,
  storages: readonly StorageFacts[],
  seen: {
    readonly held: (device: DeviceId) => Band | null;
    readonly sights: (device: DeviceId) => readonly StorageSight[];
    readonly meter: readonly MeterSample[];
    readonly now: MonoMs;
  },
): StorageState => {
  const tracks = new Map<DeviceId, StorageTrack>();
  for (const { device, rating } of storages) {
    if (rating === null) continue;
    const known = before.tracks.get(device);
    const same = known?.maxCharge === rating.maxCharge && known.maxDischarge === rating.maxDischarge;
    const track = same ? known : newStorageTrack(device, rating);
    tracks.set(device, observeOne(track, seen.held(device), seen.sights(device), seen.now));
  }
  const residual = seen.meter.reduce((state, sample) => withPoll(state, sample), before.residual);
  return { ...before, tracks, residual };
};

/** Those that answer and do as they like. */
const straysOf = ({ tracks, obeys }: StorageState, now: MonoMs): ReadonlySet<DeviceId> =>
  new Set([...tracks.values()].filter((track) => isStray(obeys.get(track.device), track, now)).map(({ device }) => device));

const isSteady = ({ readings, maxCharge, maxDischarge }: StorageTrack, now: MonoMs): boolean => {
  const recent = readings.filter(({ at }) => now - at <= STEADY_MS).map(({ discharge }) => discharge);
  return Math.max(...recent) - Math.min(...recent) <= STEADY_FRACTION * (maxCharge + maxDischarge);
};

/** Storage with an output of its own, as the limiter must know it; what is behind an inverter is bound by the inverter's cap. Undefined: none. */
export const storageBeside = (state: StorageState, storages: readonly StorageFacts[], now: MonoMs): StorageBeside | undefined => {
  const { tracks } = state;
  const strays = straysOf(state, now);
  const beside = storages.filter(({ behind }) => behind === null);
  const own = beside.flatMap(({ device }) => tracks.get(device) ?? []);
  if (own.length === 0) return undefined;
  const powers = own.map((track) => powerOf(track, now));
  const sum = (of: (track: StorageTrack) => number): Watts => watts(own.reduce((all, track) => all + of(track), 0));
  const possible = (track: StorageTrack): number => (strays.has(track.device) ? track.maxDischarge : possibleDischarge(track));
  return {
    maxDischarge: sum(({ maxDischarge }) => maxDischarge),
    possibleDischarge: sum(possible),
    possibleOnPhases: powersOnPhases(
      own.map((track) => ({ power: possible(track), phase: beside.find(({ device }) => device === track.device)?.phase })),
    ),
    power: powers.some((one) => one === null) ? null : watts(powers.reduce<number>((all, one) => all + (one ?? 0), 0)),
    isSteady: own.every((track) => isSteady(track, now)),
    isCharged: own.every(({ asked }) => asked !== null && asked.band.most < 0),
  };
};

/** Down to the reserve, and until a little above it again. */
const spentAfter = ({ spent, tracks }: StorageState, storages: readonly StorageFacts[]): ReadonlySet<DeviceId> =>
  new Set(
    storages
      .filter(({ device, reserve }) => {
        const track = tracks.get(device);
        const charge = track?.stateOfCharge ?? null;
        if (track === undefined || charge === null) return spent.has(device);
        if (track.isEmpty || charge <= reserve) return true;
        return spent.has(device) && charge < reserve + RECOVERED_PERCENT;
      })
      .map(({ device }) => device),
  );

/** What is known of storage beside what it is rated and gives. */
interface Trusted extends Pick<StorageState, 'spent' | 'obeys'> {
  /** Those that take any power they are rated for; the others keep to a window. */
  readonly powers: ReadonlySet<DeviceId>;
}

/** A window forces one way by the rate of the other, which ends at its rating (SunSpec 124). */
const forcedMost = (
  { device, maxCharge, maxDischarge }: StorageTrack,
  { powers }: Trusted,
  way: 'charge' | 'discharge',
): number => (powers.has(device) ? (way === 'charge' ? maxCharge : maxDischarge) : Math.min(maxCharge, maxDischarge));

/** What it can be made to give: nothing when spent; what it gives when it does not follow: one that goes on charging cannot even be stopped. */
const canDischarge = (track: StorageTrack, trusted: Trusted, now: MonoMs): number => {
  const { spent, obeys } = trusted;
  // A state of charge that nobody knows is not drawn on.
  if (spent.has(track.device) || track.stateOfCharge === null) return 0;
  const power = powerOf(track, now);
  if (power === null) return 0;
  const straysSince = obeys.get(track.device)?.straysSince ?? null;
  const lost = straysSince !== null && now - straysSince >= SHORT_MS && track.asked !== null && power < track.asked.band.least;
  return lost ? power : forcedMost(track, trusted, 'discharge');
};

/** What it can still be made to charge: near full any battery takes less, and the others are given its share. */
const canCharge = (track: StorageTrack, trusted: Trusted): number => {
  const charge = track.stateOfCharge ?? 0;
  const most = forcedMost(track, trusted, 'charge');
  if (track.isFull || charge >= FULL_PERCENT) return 0;
  return charge >= NEARLY_FULL_PERCENT ? NEARLY_FULL_PART * most : most;
};

interface Reach extends Range {
  readonly canCharge: Watts;
}

const reachOf = (tracks: readonly StorageTrack[], trusted: Trusted, now: MonoMs): Reach => {
  const sum = (of: (track: StorageTrack) => number): Watts => watts(tracks.reduce((all, track) => all + of(track), 0));
  return {
    maxCharge: sum(({ maxCharge }) => maxCharge),
    maxDischarge: sum(({ maxDischarge }) => maxDischarge),
    canDischarge: sum((track) => canDischarge(track, trusted, now)),
    canCharge: sum((track) => canCharge(track, trusted)),
  };
};

/** One device's part of a power of all: discharge goes by what can discharge, charge by what can charge. */
const partOf = (power: number, index: number, discharge: readonly number[], charge: readonly number[]): Watts =>
  watts(sharesOf(power, power > 0 ? discharge : charge)[index] ?? 0);

const splitBand = (band: Band, index: number, weights: Weights): Band => {
  // A bound that makes it discharge goes to those that can, and room for it; one that only forbids goes by the ratings.
  const least = partOf(band.least, index, weights.able, weights.charge);
  const made = Math.max(0, band.least);
  return { least, most: watts(Math.max(0, least) + partOf(band.most - made, index, weights.discharge, weights.charge)) };
};

interface Weights {
  readonly able: readonly number[];
  readonly discharge: readonly number[];
  readonly charge: readonly number[];
  /** What can still be charged. */
  readonly free: readonly number[];
}

const splitBounds = ({ wanted, ceiling }: Bounds, index: number, weights: Weights): Bounds => {
  const one = { wanted: splitBand(wanted, index, weights), ceiling: splitBand(ceiling, index, weights) };
  const ordered = ({ least, most }: Band): Band => ({ least: watts(Math.min(least, most)), most });
  const most = watts(Math.max(one.wanted.most, one.ceiling.most));
  return { wanted: ordered(one.wanted), ceiling: ordered({ ...one.ceiling, most }) };
};

/** What is asked of storage and loads now. */
export interface StorageAsking {
  readonly state: StorageState;
  readonly bands: readonly { readonly device: DeviceId; readonly band: Band; readonly narrows: boolean }[];
  readonly consumes: readonly { readonly device: DeviceId; readonly most: Watts; readonly sheds: boolean }[];
}

/** A target within what the owner allows: none from below the reserve, none from the grid where that is not allowed. */
const targetWithin = (target: number, view: StorageView, reach: Reach, residual: Watts | null): Watts => {
  if (target >= 0) return watts(Math.min(target, Math.max(0, reach.canDischarge)));
  const fromGrid = view.storages.every(({ gridCharge }) => gridCharge);
  const surplus = fromGrid ? Infinity : Math.max(0, 0 - (residual ?? 0));
  return watts(Math.max(target, 0 - reach.canCharge, 0 - surplus));
};

const asksOf = ({ limits, target, seen }: StorageView): string => JSON.stringify([limits, target !== null, seen]);

const consumesOf = (before: AskedLoads, asked: AskedLoads): StorageAsking['consumes'] =>
  [...asked].flatMap(([device, { most }]) => {
    const was = before.get(device)?.most;
    return was === most ? [] : [{ device, most, sheds: was === undefined || most < was }];
  });

const together = (tracks: readonly StorageTrack[], now: MonoMs): Watts | null =>
  tracks.length === 0 ? null : watts(tracks.reduce((sum, track) => sum + (powerOf(track, now) ?? 0), 0));

/**
 * Storage and controllable loads inside the limits (sunspec 4.2). Pure. Order under an import limit: charging is cut, then storage
 * discharges as far as its reserve allows, then loads are shed.
 */
export const decideStorage = (before: StorageState, view: StorageView): StorageAsking => {
  const { storages, loads, limits, seen, now } = view;
  if (storages.length + loads.length === 0) return { state: before, bands: [], consumes: [] };
  const spent = spentAfter(before, storages);
  // One that does not answer is told nothing, one that strays or has failed is told to rest; what they do shows at the meter.
  const answering = [...before.tracks.values()].filter((track) => powerOf(track, now) !== null);
  const strays = straysOf(before, now);
  const failed = failedAfter(before.failed ?? new Set(), answering, before.obeys, now);
  const isApart = ({ device }: StorageTrack): boolean => strays.has(device) || failed.has(device);
  const reached = answering.filter((track) => !isApart(track));
  const residual = seen ? withStorageOutput(before.residual, reached) : withoutMeter(before.residual);
  const relied = seen ? reliedOn(residual, now) : null;
  const blindSince = relied === null ? (before.blindSince ?? now) : null;
  const takers = storages.filter(({ takes }) => takes === 'power');
  const trusted = { spent, obeys: before.obeys, powers: new Set(takers.map(({ device }) => device)) };
  const reach = reachOf(reached, trusted, now);
  const range = watts(reach.maxCharge + reach.maxDischarge);
  const present = { residual: relied?.now ?? null, power: together(reached, now), canCharge: reach.canCharge, range };
  const sun = sunAfter(before.sun, { ...view.sun, ...present, limit: limits.exportLimit }, now);
  const beside = { residual: relied, generation: view.generation, consumption: watts(0) };
  const room = {
    loadLimit: limits.loadLimit,
    excess: blindSince !== null && now - blindSince < SHED_BLIND_MS ? watts(0) : excessOf(limits, beside, reach.canDischarge),
    spare: spareOf(limits, beside, reach.canDischarge),
  };
  const asked = loadsAfter(before.loads, loads, room, now);
  const consumption = watts(
    loads.reduce((sum, { device }) => sum + Math.max(asked.get(device)?.most ?? 0, view.heldLoad(device) ?? Infinity), 0),
  );
  const bounds = boundsOf(limits, { ...beside, consumption }, reach);
  const target = view.target === null ? null : targetWithin(view.target, view, reach, present.residual);
  const asks = asksOf(view);
  const ceilings = new Map<DeviceId, Band>();
  const state = { ...before, ceilings, spent, failed, residual, blindSince, sun, loads: asked, asks };
  const takesPower = new Set(takers.filter(({ behind }) => behind === null).map(({ device }) => device));
  const own = { of: takesPower, residual: relied };
  const wishes = { bounds, target, own, trusted, ceiling: sun.ceiling, completes: asks !== before.asks, now };
  const asking = askBands(state, reached, wishes);
  const resting = answering.filter(isApart);
  const rested = askBands(asking.state, resting, {
    ...wishes,
    bounds: restOf(limits, reachOf(resting, trusted, now)),
    ...NO_WISH,
  });
  return { state: rested.state, bands: [...asking.bands, ...rested.bands], consumes: consumesOf(before.loads, asked) };
};

const NO_WISH = { target: null, own: null, ceiling: null };

/** What keeps out of the way of every limit. */
const restOf = ({ exportLimit, generationLimit, importLimit, loadLimit }: StorageLimits, range: Range): Bounds => {
  const least = importLimit === null && loadLimit === null ? watts(0 - range.maxCharge) : watts(0);
  const most = exportLimit === null && generationLimit === null ? range.maxDischarge : watts(0);
  return { wanted: { least, most }, ceiling: { least, most } };
};

interface Wishes {
  readonly bounds: Bounds;
  readonly target: Watts | null;
  /** Those that take a power, and what they follow where no target is given; null: nothing. */
  readonly own: { readonly of: ReadonlySet<DeviceId>; readonly residual: Beside['residual'] } | null;
  readonly ceiling: Watts | null;
  readonly trusted: Trusted;
  readonly completes: boolean;
  readonly now: MonoMs;
}

interface Part {
  readonly index: number;
  readonly weights: Weights;
  readonly bounds: Bounds;
}

/** What is wished of one device: its part of the target, else what it follows where it takes a power. */
const wishFor = (track: StorageTrack, { index, weights, bounds }: Part, { target, own, ceiling }: Wishes) => {
  const part = (power: Watts | null): Watts | null => (power === null ? null : partOf(power, index, weights.able, weights.free));
  const soft = ceiling === null ? null : partOf(ceiling, index, weights.discharge, weights.free);
  if (target !== null) return { bounds, ceiling: soft, target: part(target) };
  const follows = own?.of.has(track.device) === true ? part(ownPower(own.residual, bounds.wanted, track)) : null;
  return { bounds, ceiling: soft, target: follows === null ? null : watts(Math.min(follows, soft ?? follows)), drifts: true };
};

const askBands = (
  state: StorageState,
  reached: readonly StorageTrack[],
  wishes: Wishes,
): Pick<StorageAsking, 'state' | 'bands'> => {
  const { bounds, trusted, completes, now } = wishes;
  const weights: Weights = {
    able: reached.map((track) => Math.max(0, canDischarge(track, trusted, now))),
    discharge: reached.map(({ maxDischarge }) => maxDischarge),
    charge: reached.map(({ maxCharge }) => maxCharge),
    free: reached.map((track) => canCharge(track, trusted)),
  };
  const asked = new Map(state.asked);
  const ceilings = new Map(state.ceilings);
  const tracks = new Map(state.tracks);
  const obeys = new Map(state.obeys);
  const bands: { device: DeviceId; band: Band; narrows: boolean }[] = [];
  for (const [index, track] of reached.entries()) {
    const { device } = track;
    const parts = splitBounds(bounds, index, weights);
    const before = state.asked.get(device) ?? null;
    const wish = { ...wishFor(track, { index, weights, bounds: parts }, wishes), expected: expectedOf(track, now), completes };
    const next = askBand(before, wish, track, now);
    const obeyed = obey(state.obeys.get(device) ?? OBEYING, track, now);
    obeys.set(device, obeyed.state);
    ceilings.set(device, parts.ceiling);
    asked.set(device, next);
    if (sameBand(before?.band ?? null, next.band) && !obeyed.assert) continue;
    tracks.set(device, withAskedBand(track, next.band, now));
    const widens =
      before !== null && !obeyed.assert && next.band.least <= before.band.least && next.band.most >= before.band.most;
    bands.push({ device, band: next.band, narrows: !widens });
  }
  return { state: { ...state, asked, ceilings, obeys, tracks }, bands };
};

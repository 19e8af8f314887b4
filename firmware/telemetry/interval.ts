import type { Hertz, MonoMs, UtilitySeconds, Vars, Volts, WattHours, Watts } from '#base/units.ts';
import { MORE_QUANTITIES, type MoreQuantity, type Quad, type ReadingRecord } from '#control/record.ts';
import type { DeviceId } from '#site/device.ts';
import type { InverterSample, MeterSample, PerPhase, Sample, StorageSample } from '#site/sample.ts';
import { addSegment, NOTHING, spreadOf, type Point, type Tally } from './quantity.ts';
import { alignedSum, observe, noFleet, type Fleet } from './fleet.ts';

/** Between two samples further apart than this nothing is known (ieee2030_5 3.11: sampling at most every 5 s). */
export const GAP_MAX_MS = 5_500;
/** A closed interval waits this long for the sample that reaches over its end. */
export const GRACE_MS = 2_000;
/** Utility time that moves against the monotonic clock by more than this within an interval ends it early. */
export const STEP_MAX_SECONDS = 2;

export interface IntervalConfig {
  /** Length of an interval, seconds; on whole multiples in utility time. */
  readonly seconds: 60 | 300;
  /** The inverters whose sum is the site's generation. */
  readonly inverters: readonly DeviceId[];
  /** Storage whose content is told. Absent: none. */
  readonly storages?: readonly DeviceId[];
  /** Of those, what has an AC output of its own: part of the DER's power. */
  readonly beside?: readonly DeviceId[];
}

type Quantity = 'netImport' | 'reactive' | 'voltage' | 'frequency' | 'generation' | 'generationReactive' | MoreQuantity;

const QUANTITIES: readonly Quantity[] = [
  'netImport',
  'reactive',
  'voltage',
  'frequency',
  'generation',
  'generationReactive',
  ...MORE_QUANTITIES,
];

/** Where each quantity stands in a list of all. */
const PLACE = Object.fromEntries(QUANTITIES.map((quantity, place) => [quantity, place])) as Readonly<Record<Quantity, number>>;

/** By the place of the quantity; undefined: nothing yet. */
type Tallies = readonly (Tally | undefined)[];

/** Watts and vars, volts and hertz are kept as fine as they are told to a utility. */
const POWER_STEP = 1;
const VOLT_STEP = 0.1;
const HERTZ_STEP = 0.01;

/** Registers of the meter at the first and the last sample that lie in an interval, or shortly before its start. */
interface Register {
  readonly first: number | null;
  readonly last: number | null;
}

/** Newest content of each storage. */
type Stored = ReadonlyMap<DeviceId, { readonly at: MonoMs; readonly value: WattHours }>;

/** The interval being filled, in monotonic time. */
interface Open {
  readonly start: UtilitySeconds;
  readonly from: number;
  readonly to: number;
  /** Utility seconds at monotonic zero, when the interval was opened. */
  readonly epoch: number;
  readonly tallies: Tallies;
  readonly imported: Register;
  readonly exported: Register;
  /** As it was before the interval's end. */
  readonly stored: Stored;
}

export interface IntervalState {
  readonly config: IntervalConfig;
  /** At most two: the one being filled, and for a moment the one before it. Oldest first. */
  readonly open: readonly Open[];
  /** Last point of each quantity, the start of the next line; by its place. */
  readonly last: readonly (Point | undefined)[];
  readonly importedLast: number | null;
  readonly exportedLast: number | null;
  readonly active: Fleet;
  readonly reactive: Fleet;
  /** Newest sample of each inverter. */
  readonly newest: ReadonlyMap<DeviceId, InverterSample>;
  /** Newest content of each storage. */
  readonly stored: Stored;
}

export interface IntervalStep {
  readonly state: IntervalState;
  /** Intervals that closed, oldest first; mostly none, one on the minute. */
  readonly records: readonly ReadingRecord[];
}

export const newInterval = (config: IntervalConfig): IntervalState => ({
  config,
  open: [],
  last: QUANTITIES.map(() => undefined),
  importedLast: null,
  exportedLast: null,
  active: noFleet(),
  reactive: noFleet(),
  newest: new Map(),
  stored: new Map(),
});

const openAt = (state: IntervalState, mono: number, utility: number, previous: Open | null): Open => {
  const { seconds } = state.config;
  const epoch = utility - mono / 1000;
  const current = Math.floor(utility / seconds) * seconds;
  const start = previous === null ? current : Math.max(current, previous.start + seconds);
  const follows = previous !== null && start === previous.start + seconds;
  return {
    start: start as UtilitySeconds,
    from: follows ? previous.to : Math.max((start - epoch) * 1000, previous === null ? mono : -Infinity),
    to: (start + seconds - epoch) * 1000,
    epoch,
    tallies: QUANTITIES.map(() => undefined),
    imported: { first: state.importedLast, last: null },
    exported: { first: state.exportedLast, last: null },
    stored: state.stored,
  };
};

/** Energy counted between two readings of a register; null when it was not read or ran backwards (another meter, a roll-over). */
const counted = ({ first, last }: Register): WattHours | null =>
  first === null || last === null || last < first ? null : ((last - first) as WattHours);

/** In all storage, where each was heard of lately before the interval's end; null: no storage, or not known. */
const storedAt = ({ stored, to: end }: Open, { storages = [] }: IntervalConfig): WattHours | null => {
  let sum = 0;
  for (const device of storages) {
    const one = stored.get(device);
    if (one === undefined || end - one.at > GAP_MAX_MS) return null;
    sum += one.value;
  }
  return storages.length === 0 ? null : (Math.round(sum) as WattHours);
};

const recordOf = (open: Open, config: IntervalConfig): ReadingRecord | null => {
  const { seconds } = config;
  const storedEnergy = storedAt(open, config);
  const measured = open.tallies.map((tally) => tally ?? NOTHING).filter(({ covered }) => covered > 0);
  if (measured.length === 0) return null;
  const spread = <T extends number>(quantity: Quantity, step: number) =>
    spreadOf<T>(open.tallies[PLACE[quantity]] ?? NOTHING, open.to, step);
  const more = MORE_QUANTITIES.flatMap((quantity): [MoreQuantity, Quad][] => {
    const told = spread(quantity, quantity === 'der.Hz' ? HERTZ_STEP : VOLT_STEP);
    return told === null ? [] : [[quantity, [told.mean, told.min, told.max, told.last ?? null]]];
  });
  return {
    kind: 'reading',
    start: open.start,
    duration: seconds,
    // Of the least covered quantity that was measured at all: a doubt about one is told for all.
    coverage: Math.min(1, ...measured.map(({ close }) => close / (seconds * 1000))),
    siteNetImport: spread<Watts>('netImport', POWER_STEP),
    siteReactiveImport: spread<Vars>('reactive', POWER_STEP),
    siteVoltage: spread<Volts>('voltage', VOLT_STEP),
    siteFrequency: spread<Hertz>('frequency', HERTZ_STEP),
    generation: spread<Watts>('generation', POWER_STEP),
    generationReactive: spread<Vars>('generationReactive', POWER_STEP),
    importedEnergy: counted(open.imported),
    exportedEnergy: counted(open.exported),
    ...(more.length === 0 ? {} : { more: Object.fromEntries(more) }),
    ...(storedEnergy === null ? {} : { storedEnergy }),
  };
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The state while the samples of one tick are added: a copy of its own, made once a tick and not once a sample. */
interface Draft extends Mutable<Pick<IntervalState, 'importedLast' | 'exportedLast' | 'stored'>> {
  readonly config: IntervalConfig;
  readonly open: (Mutable<Omit<Open, 'tallies'>> & { readonly tallies: (Tally | undefined)[] })[];
  readonly last: (Point | undefined)[];
  readonly active: Map<DeviceId, readonly Point[]>;
  readonly reactive: Map<DeviceId, readonly Point[]>;
  readonly newest: Map<DeviceId, InverterSample>;
}

const draftOf = (state: IntervalState): Draft => ({
  ...state,
  open: state.open.map((interval) => ({ ...interval, tallies: interval.tallies.slice() })),
  last: state.last.slice(),
  active: new Map(state.active),
  reactive: new Map(state.reactive),
  newest: new Map(state.newest),
});

const meanVoltage = ({ a, b, c }: PerPhase<Volts>): number | null => {
  const known = (a === null ? 0 : 1) + (b === null ? 0 : 1) + (c === null ? 0 : 1);
  return known === 0 ? null : ((a ?? 0) + (b ?? 0) + (c ?? 0)) / known;
};

/** Of those that measured it; null: nobody did. */
const meanOver = (heard: readonly InverterSample[], of: (sample: InverterSample) => number | null): number | null => {
  let sum = 0;
  let known = 0;
  for (const sample of heard) {
    const value = of(sample);
    if (value === null) continue;
    sum += value;
    known += 1;
  }
  return known === 0 ? null : sum / known;
};

/** A new point of one quantity: the line from the last one counts, unless the gap is too long. Null: not measured. */
const addPoint = ({ last, open }: Draft, quantity: Quantity, at: number, value: number | null): void => {
  const place = PLACE[quantity];
  const from = last[place];
  if (value === null || !Number.isFinite(value) || (from !== undefined && at <= from.at)) return;
  const to = { at, value };
  last[place] = to;
  if (from === undefined || at - from.at > GAP_MAX_MS) return;
  for (const { tallies, from: start, to: end } of open)
    tallies[place] = addSegment(tallies[place] ?? NOTHING, from, to, start, end);
};

const extend = (register: Register, value: number | null): Register =>
  value === null ? register : { first: register.first ?? value, last: value };

const addMeter = (draft: Draft, { takenAt, voltage, ...sample }: MeterSample): void => {
  addPoint(draft, 'netImport', takenAt, sample.netImport);
  addPoint(draft, 'reactive', takenAt, sample.reactiveImport);
  addPoint(draft, 'voltage', takenAt, meanVoltage(voltage));
  addPoint(draft, 'frequency', takenAt, sample.frequency);
  addPoint(draft, 'site.Va', takenAt, voltage.a);
  addPoint(draft, 'site.Vb', takenAt, voltage.b);
  addPoint(draft, 'site.Vc', takenAt, voltage.c);
  draft.importedLast = sample.importedEnergy ?? draft.importedLast;
  draft.exportedLast = sample.exportedEnergy ?? draft.exportedLast;
  for (const interval of draft.open) {
    if (takenAt < interval.from || takenAt >= interval.to) continue;
    interval.imported = extend(interval.imported, sample.importedEnergy);
    interval.exported = extend(interval.exported, sample.exportedEnergy);
  }
};

/** Its last word was that it sleeps and gives nothing: until its next one it counts 0 W (design section 3). */
const isResting = (sample: InverterSample | undefined): boolean =>
  sample !== undefined && (sample.state === 'sleeping' || sample.state === 'off') && sample.generation === 0;

/** Volts and hertz at the DER: the mean of the inverters heard of lately, since they are no sums. */
const addAverages = (draft: Draft, at: number): void => {
  const heard: InverterSample[] = [];
  for (const sample of draft.newest.values()) if (at - sample.takenAt <= GAP_MAX_MS) heard.push(sample);
  addPoint(
    draft,
    'der.V',
    at,
    meanOver(heard, ({ voltage }) => meanVoltage(voltage)),
  );
  addPoint(
    draft,
    'der.Va',
    at,
    meanOver(heard, ({ voltage }) => voltage.a),
  );
  addPoint(
    draft,
    'der.Vb',
    at,
    meanOver(heard, ({ voltage }) => voltage.b),
  );
  addPoint(
    draft,
    'der.Vc',
    at,
    meanOver(heard, ({ voltage }) => voltage.c),
  );
  addPoint(
    draft,
    'der.Hz',
    at,
    meanOver(heard, ({ frequency }) => frequency),
  );
};

/** Inverters that count in a sum: those that do not rest, all where all do. */
const countedOf = (inverters: readonly DeviceId[], newest: IntervalState['newest']): readonly DeviceId[] => {
  if (!inverters.some((device) => isResting(newest.get(device)))) return inverters;
  const awake = inverters.filter((device) => !isResting(newest.get(device)));
  return awake.length === 0 ? inverters : awake;
};

/** Power of all DER: inverters, and storage with an output of its own; positive = given. */
const addPower = (draft: Draft): void => {
  const { inverters, beside = [] } = draft.config;
  const counted = countedOf(inverters, draft.newest);
  const generation = alignedSum(draft.active, beside.length === 0 ? counted : [...counted, ...beside], GAP_MAX_MS);
  if (generation !== null) addPoint(draft, 'generation', generation.at, generation.value);
};

const addStorage = (draft: Draft, { device, takenAt, discharge, stored: held }: StorageSample): void => {
  const { storages = [], beside = [] } = draft.config;
  if (storages.includes(device) && held !== null) {
    const withIt = (stored: Stored): Stored => new Map(stored).set(device, { at: takenAt, value: held });
    for (const interval of draft.open) if (takenAt <= interval.to) interval.stored = withIt(interval.stored);
    draft.stored = withIt(draft.stored);
  }
  if (!beside.includes(device)) return;
  observe(draft.active, device, takenAt, discharge);
  addPower(draft);
};

const addInverter = (draft: Draft, sample: InverterSample): void => {
  const { inverters } = draft.config;
  const { device, takenAt } = sample;
  if (!inverters.includes(device)) return;
  observe(draft.active, device, takenAt, sample.generation);
  observe(draft.reactive, device, takenAt, sample.reactive);
  draft.newest.set(device, sample);
  addAverages(draft, takenAt);
  addPower(draft);
  if (draft.reactive.size === 0) return;
  const generationReactive = alignedSum(draft.reactive, countedOf(inverters, draft.newest), GAP_MAX_MS);
  if (generationReactive !== null) addPoint(draft, 'generationReactive', generationReactive.at, generationReactive.value);
};

const addSample = (draft: Draft, sample: Sample): void => {
  if (sample.kind === 'meter') addMeter(draft, sample);
  else if (sample.kind === 'inverter') addInverter(draft, sample);
  else if (sample.kind === 'storage') addStorage(draft, sample);
};

const records = (intervals: readonly Open[], { config }: IntervalState): readonly ReadingRecord[] =>
  intervals.map((interval) => recordOf(interval, config)).filter((record) => record !== null);

/** Ends what must not go on, opens what begins. */
const roll = (state: IntervalState, mono: MonoMs, utility: number | null): IntervalStep => {
  const newest = state.open.at(-1);
  if (utility === null) return { state: { ...state, open: [] }, records: records(state.open, state) };
  if (newest === undefined) return { state: { ...state, open: [openAt(state, mono, utility, null)] }, records: [] };
  if (Math.abs(utility - (mono / 1000 + newest.epoch)) > STEP_MAX_SECONDS) {
    return { state: { ...state, open: [openAt(state, mono, utility, null)] }, records: records(state.open, state) };
  }
  if (mono < newest.to) return { state, records: [] };
  return {
    state: { ...state, open: [newest, openAt(state, mono, utility, newest)] },
    records: records(state.open.slice(0, -1), state),
  };
};

/**
 * Takes the samples of one tick and closes the intervals that are over: means weighted by time along straight lines between samples,
 * split at the interval's ends; a gap of more than 5.5 s is not covered; a quantity never measured is null, and an interval in which
 * nothing was measured gives no record. When utility time steps or is lost the interval is closed early rather than mixed.
 * @param mono now; no sample is newer
 * @param utility now, utility seconds, fractions allowed; null: unknown
 */
export const addSamples = (
  state: IntervalState,
  samples: readonly Sample[],
  mono: MonoMs,
  utility: number | null,
): IntervalStep => {
  const rolled = roll(state, mono, utility);
  let next = rolled.state;
  if (samples.length > 0) {
    const draft = draftOf(next);
    for (const sample of samples) addSample(draft, sample);
    next = draft;
  }
  if (!next.open.some((interval) => mono >= interval.to + GRACE_MS)) return { state: next, records: rolled.records };
  const over = next.open.filter((interval) => mono >= interval.to + GRACE_MS);
  const open = next.open.filter((interval) => !over.includes(interval));
  return { state: { ...next, open }, records: [...rolled.records, ...records(over, next)] };
};

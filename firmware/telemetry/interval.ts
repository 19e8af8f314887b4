import type { Hertz, MonoMs, UtilitySeconds, Vars, Volts, WattHours, Watts } from '#base/units.ts';
import type { ReadingRecord } from '#control/record.ts';
import type { DeviceId } from '#site/device.ts';
import type { InverterSample, MeterSample, PerPhase, Sample } from '#site/sample.ts';
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
}

type SiteQuantity = 'netImport' | 'reactive' | 'voltage' | 'frequency';
type Quantity = SiteQuantity | 'generation' | 'generationReactive';

const QUANTITIES: readonly Quantity[] = ['netImport', 'reactive', 'voltage', 'frequency', 'generation', 'generationReactive'];

/** Registers of the meter at the first and the last sample that lie in an interval, or shortly before its start. */
interface Register {
  readonly first: number | null;
  readonly last: number | null;
}

/** The interval being filled, in monotonic time. */
interface Open {
  readonly start: UtilitySeconds;
  readonly from: number;
  readonly to: number;
  /** Utility seconds at monotonic zero, when the interval was opened. */
  readonly epoch: number;
  readonly tallies: Readonly<Record<Quantity, Tally>>;
  readonly imported: Register;
  readonly exported: Register;
}

export interface IntervalState {
  readonly config: IntervalConfig;
  /** At most two: the one being filled, and for a moment the one before it. Oldest first. */
  readonly open: readonly Open[];
  /** Last point of each quantity, the start of the next line. */
  readonly last: Readonly<Partial<Record<Quantity, Point>>>;
  readonly importedLast: number | null;
  readonly exportedLast: number | null;
  readonly active: Fleet;
  readonly reactive: Fleet;
}

export interface IntervalStep {
  readonly state: IntervalState;
  /** Intervals that closed, oldest first; mostly none, one on the minute. */
  readonly records: readonly ReadingRecord[];
}

export const newInterval = (config: IntervalConfig): IntervalState => ({
  config,
  open: [],
  last: {},
  importedLast: null,
  exportedLast: null,
  active: noFleet(),
  reactive: noFleet(),
});

const emptyTallies = (): Record<Quantity, Tally> => ({
  netImport: NOTHING,
  reactive: NOTHING,
  voltage: NOTHING,
  frequency: NOTHING,
  generation: NOTHING,
  generationReactive: NOTHING,
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
    tallies: emptyTallies(),
    imported: { first: state.importedLast, last: null },
    exported: { first: state.exportedLast, last: null },
  };
};

/** Energy counted between two readings of a register; null when it was not read or ran backwards (another meter, a roll-over). */
const counted = ({ first, last }: Register): WattHours | null =>
  first === null || last === null || last < first ? null : ((last - first) as WattHours);

const recordOf = (open: Open, seconds: number): ReadingRecord | null => {
  const covered = QUANTITIES.map((quantity) => open.tallies[quantity].covered).filter((span) => span > 0);
  if (covered.length === 0) return null;
  return {
    kind: 'reading',
    start: open.start,
    duration: seconds,
    // Of the least covered quantity that was measured at all: a doubt about one is told for all.
    coverage: Math.min(1, ...covered.map((span) => span / (seconds * 1000))),
    siteNetImport: spreadOf<Watts>(open.tallies.netImport),
    siteReactiveImport: spreadOf<Vars>(open.tallies.reactive),
    siteVoltage: spreadOf<Volts>(open.tallies.voltage),
    siteFrequency: spreadOf<Hertz>(open.tallies.frequency),
    generation: spreadOf<Watts>(open.tallies.generation),
    generationReactive: spreadOf<Vars>(open.tallies.generationReactive),
    importedEnergy: counted(open.imported),
    exportedEnergy: counted(open.exported),
  };
};

const meanVoltage = ({ a, b, c }: PerPhase<Volts>): number | null => {
  const known = [a, b, c].filter((phase) => phase !== null);
  return known.length === 0 ? null : known.reduce((sum, phase) => sum + phase, 0) / known.length;
};

/** A new point of a quantity: adds the line from the last one, unless the gap is too long. */
const addPoint = (state: IntervalState, quantity: Quantity, point: Point): IntervalState => {
  const from = state.last[quantity];
  if (from !== undefined && point.at <= from.at) return state;
  const last = { ...state.last, [quantity]: point };
  if (from === undefined || point.at - from.at > GAP_MAX_MS) return { ...state, last };
  const open = state.open.map((interval) => {
    const tally = addSegment(interval.tallies[quantity], from, point, interval.from, interval.to);
    return { ...interval, tallies: { ...interval.tallies, [quantity]: tally } };
  });
  return { ...state, last, open };
};

const addMaybe = (state: IntervalState, quantity: Quantity, at: number, value: number | null): IntervalState =>
  value === null || !Number.isFinite(value) ? state : addPoint(state, quantity, { at, value });

const extend = (register: Register, value: number | null): Register =>
  value === null ? register : { first: register.first ?? value, last: value };

const addMeter = (state: IntervalState, sample: MeterSample): IntervalState => {
  let next = addMaybe(state, 'netImport', sample.takenAt, sample.netImport);
  next = addMaybe(next, 'reactive', sample.takenAt, sample.reactiveImport);
  next = addMaybe(next, 'voltage', sample.takenAt, meanVoltage(sample.voltage));
  next = addMaybe(next, 'frequency', sample.takenAt, sample.frequency);
  next = {
    ...next,
    importedLast: sample.importedEnergy ?? next.importedLast,
    exportedLast: sample.exportedEnergy ?? next.exportedLast,
  };
  const open = next.open.map((interval) => {
    if (sample.takenAt < interval.from || sample.takenAt >= interval.to) return interval;
    const imported = extend(interval.imported, sample.importedEnergy);
    return { ...interval, imported, exported: extend(interval.exported, sample.exportedEnergy) };
  });
  return { ...next, open };
};

const addInverter = (state: IntervalState, sample: InverterSample): IntervalState => {
  const { inverters } = state.config;
  if (!inverters.includes(sample.device)) return state;
  const active = observe(state.active, sample.device, sample.takenAt, sample.generation);
  const reactive = observe(state.reactive, sample.device, sample.takenAt, sample.reactive);
  let next: IntervalState = { ...state, active, reactive };
  const generation = alignedSum(active, inverters, GAP_MAX_MS);
  if (generation !== null) next = addPoint(next, 'generation', generation);
  const generationReactive = alignedSum(reactive, inverters, GAP_MAX_MS);
  if (generationReactive !== null) next = addPoint(next, 'generationReactive', generationReactive);
  return next;
};

const records = (intervals: readonly Open[], seconds: number): readonly ReadingRecord[] =>
  intervals.map((interval) => recordOf(interval, seconds)).filter((record) => record !== null);

/** Ends what must not go on, opens what begins. */
const roll = (state: IntervalState, mono: MonoMs, utility: number | null): IntervalStep => {
  const { seconds } = state.config;
  const newest = state.open.at(-1);
  if (utility === null) return { state: { ...state, open: [] }, records: records(state.open, seconds) };
  if (newest === undefined) return { state: { ...state, open: [openAt(state, mono, utility, null)] }, records: [] };
  if (Math.abs(utility - (mono / 1000 + newest.epoch)) > STEP_MAX_SECONDS) {
    return { state: { ...state, open: [openAt(state, mono, utility, null)] }, records: records(state.open, seconds) };
  }
  if (mono < newest.to) return { state, records: [] };
  return {
    state: { ...state, open: [newest, openAt(state, mono, utility, newest)] },
    records: records(state.open.slice(0, -1), seconds),
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
  for (const sample of samples) next = sample.kind === 'meter' ? addMeter(next, sample) : addInverter(next, sample);
  const over = next.open.filter((interval) => mono >= interval.to + GRACE_MS);
  if (over.length === 0) return { state: next, records: rolled.records };
  const open = next.open.filter((interval) => !over.includes(interval));
  return { state: { ...next, open }, records: [...rolled.records, ...records(over, state.config.seconds)] };
};

import type { Simulation } from './draw.ts';
import type { Outcome } from './run.ts';

/** A stretch of time with one export limit, seconds and watts; null: the utility has said nothing yet. */
export interface LimitSpan {
  readonly from: number;
  readonly until: number;
  readonly limitW: number | null;
  /** Import limit that binds beside it; null: none. */
  readonly importW: number | null;
  readonly source: string;
}

type Phase = 'unknown' | 'waiting' | 'running' | 'over';

interface Tracked {
  readonly name: string;
  readonly primacy: number;
  readonly createdAt: number;
  readonly limitW: number;
  readonly importW: number | null;
  readonly start: number;
  readonly end: number;
  readonly servedAt: number;
  readonly cancelledAt: number;
  phase: Phase;
}

const isBetter = (a: Tracked, b: Tracked): boolean =>
  a.primacy < b.primacy || (a.primacy === b.primacy && a.createdAt > b.createdAt);

const overlaps = (a: Tracked, b: Tracked): boolean => a.start < b.end && b.start < a.end;

const begin = (event: Tracked, all: readonly Tracked[]): void => {
  const others = all.filter((other) => other !== event && overlaps(other, event));
  if (others.some((other) => other.phase === 'running' && isBetter(other, event))) {
    event.phase = 'over';
    return;
  }
  event.phase = 'running';
  for (const other of others) if (other.phase === 'running' && isBetter(event, other)) other.phase = 'over';
};

const stepTo = (at: number, all: readonly Tracked[]): void => {
  for (const event of all) {
    if (event.phase === 'unknown' && event.servedAt <= at) event.phase = 'waiting';
    const over = event.end <= at || event.cancelledAt <= at;
    if (event.phase !== 'unknown' && over) event.phase = 'over';
  }
  const due = all.filter((event) => event.phase === 'waiting' && event.start <= at).sort((a, b) => (isBetter(a, b) ? -1 : 1));
  for (const event of due) if (event.phase === 'waiting') begin(event, all);
};

/**
 * The export limit that ought to be in force over time, from what was served and when: lowest primacy, then newest; an event that
 * begins ends every worse one that runs, for ever; one that begins beside a better one never runs; the better program's default in between
 * (IEEE 2030.5 10.10.4.2).
 */
export const expectedLimits = (simulation: Simulation, outcome: Outcome): readonly LimitSpan[] => {
  const { events, defaults, utilityPhase, seconds } = simulation;
  const all = events.map(
    (event): Tracked => ({
      name: event.mRID,
      primacy: event.program,
      createdAt: event.createdAt,
      limitW: event.limitW,
      importW: event.importW ?? null,
      start: event.start - utilityPhase,
      end: event.start + event.durationSeconds - utilityPhase,
      servedAt: outcome.served.get(event.mRID) ?? Infinity,
      cancelledAt: outcome.cancelServed.get(event.mRID) ?? Infinity,
      phase: 'unknown',
    }),
  );
  const known = outcome.firstSetAt ?? Infinity;
  const edges = [0, known, ...all.flatMap(({ start, end, servedAt, cancelledAt }) => [start, end, servedAt, cancelledAt])];
  const times = [...new Set(edges.filter((edge) => edge >= 0 && edge < seconds))].sort((a, b) => a - b);
  const spans: LimitSpan[] = [];
  times.forEach((from, index) => {
    stepTo(from, all);
    const running = all.filter(({ phase }) => phase === 'running').sort((a, b) => (isBetter(a, b) ? -1 : 1))[0];
    const limitW = from < known ? null : (running?.limitW ?? defaults[0]);
    const importDefault = simulation.importDefaults?.[0] ?? null;
    const importW = from < known ? null : running === undefined ? importDefault : running.importW;
    const source = running?.name ?? 'default';
    const until = times[index + 1] ?? seconds;
    const last = spans.at(-1);
    if (last?.limitW === limitW && last.source === source) spans[spans.length - 1] = { ...last, until };
    else spans.push({ from, until, limitW, importW, source });
  });
  return spans;
};

/** The span that holds at `seconds`. */
export const spanAt = (spans: readonly LimitSpan[], seconds: number): LimitSpan | null =>
  spans.find((span) => span.from <= seconds && seconds < span.until) ?? null;

import type { Scenario } from './scenario.ts';

/** A control as the server served it; seconds since the scenario's start, fractions allowed. */
export interface ServedControl {
  readonly name: string;
  readonly primacy: number;
  /** opModExpLimW, watts; null: the control does not limit export. */
  readonly limitW: number | null;
  readonly createdAt: number;
  readonly start: number;
  readonly end: number;
  /** When the server first sent it to the gateway, and first sent it as cancelled; null: never. */
  readonly servedAt: number | null;
  readonly cancelServedAt: number | null;
}

export interface ServedDefault {
  readonly primacy: number;
  readonly limitW: number | null;
  readonly servedAt: number | null;
}

export interface ResponseReceived {
  readonly at: number;
  readonly control: string;
  /** Response status: 1 received, 2 started, 3 completed, 6 cancelled, 7 superseded. */
  readonly status: number;
  /** What the server answered: only 2xx counts. */
  readonly httpStatus: number;
}

/** All that the judge hears from the server's request log. */
export interface ServerLog {
  readonly controls: readonly ServedControl[];
  readonly defaults: readonly ServedDefault[];
  readonly responses: readonly ResponseReceived[];
}

/** A stretch of time with one export limit; null: none is known yet. */
export interface LimitSpan {
  readonly from: number;
  readonly until: number;
  readonly limitW: number | null;
  /** Name of the control, `default`, or `none`. */
  readonly source: string;
}

/** What a server that serves everything at its time would have logged: for simulation without one. */
export const asServed = (scenario: Scenario): ServerLog => {
  const primacyOf = (name: string): number => scenario.utility.programs.find((program) => program.name === name)?.primacy ?? 255;
  return {
    controls: scenario.utility.controls.map((control) => ({
      name: control.name,
      primacy: primacyOf(control.program),
      limitW: control.modes.opModExpLimW ?? null,
      createdAt: control.at,
      start: control.at + control.startsIn,
      end: control.at + control.startsIn + control.durationSeconds,
      servedAt: Math.max(0, control.at),
      cancelServedAt: control.cancelAt,
    })),
    defaults: scenario.utility.programs.map((program) => ({
      primacy: program.primacy,
      limitW: program.default?.opModExpLimW ?? null,
      servedAt: 0,
    })),
    responses: [],
  };
};

const better = (a: ServedControl, b: ServedControl): boolean => {
  return a.primacy < b.primacy || (a.primacy === b.primacy && a.createdAt > b.createdAt);
};

/** When a control stops binding whatever others do; Infinity where it never bound. */
const ownEnd = (control: ServedControl): number => Math.min(control.end, control.cancelServedAt ?? Infinity);
const bindsFrom = (control: ServedControl): number => Math.max(control.start, control.servedAt ?? Infinity);

/** A superseded control never resumes: it ends when a better one that overlaps it begins. */
const boundUntil = (control: ServedControl, all: readonly ServedControl[]): number => {
  const rivals = all.filter((rival) => rival !== control && better(rival, control) && bindsFrom(rival) < ownEnd(rival));
  const starts = rivals.filter((rival) => ownEnd(rival) > bindsFrom(control)).map(bindsFrom);
  return Math.min(ownEnd(control), ...starts);
};

/**
 * The export limit in force over time, by the rules of the standard: lowest primacy, then newest, a superseded control never
 * resumes, the default of the best program that has one otherwise (IEEE 2030.5 10.10.4.2).
 */
export const limitTimeline = (log: ServerLog, durationSeconds: number): readonly LimitSpan[] => {
  const limiting = log.controls.filter((control) => control.limitW !== null);
  const spans = limiting.map((control) => ({ control, from: bindsFrom(control), until: boundUntil(control, limiting) }));
  const fallbacks = log.defaults.filter((each) => each.limitW !== null && each.servedAt !== null);
  const edges = [
    0,
    durationSeconds,
    ...spans.flatMap(({ from, until }) => [from, until]),
    ...fallbacks.map((each) => each.servedAt ?? 0),
  ];
  const times = [...new Set(edges.filter((edge) => edge >= 0 && edge <= durationSeconds))].sort((a, b) => a - b);
  const result: LimitSpan[] = [];
  times.slice(0, -1).forEach((from, index) => {
    const until = times[index + 1] ?? durationSeconds;
    const event = spans.find((span) => span.from <= from && span.until > from);
    const known = fallbacks.filter((each) => (each.servedAt ?? Infinity) <= from).sort((a, b) => a.primacy - b.primacy)[0];
    const limitW = event?.control.limitW ?? known?.limitW ?? null;
    const source = event?.control.name ?? (known === undefined ? 'none' : 'default');
    const last = result.at(-1);
    if (last !== undefined && last.source === source && last.limitW === limitW) result[result.length - 1] = { ...last, until };
    else result.push({ from, until, limitW, source });
  });
  return result;
};

/** The span that holds at `seconds`. */
export const spanAt = (spans: readonly LimitSpan[], seconds: number): LimitSpan | null => {
  return spans.find((span) => span.from <= seconds && seconds < span.until) ?? null;
};

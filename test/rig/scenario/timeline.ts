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

/** Lower primacy first, then newer, then the later start (IEEE 2030.5 10.2.3.3). */
const byRank = (a: ServedControl, b: ServedControl): number => {
  if (a.primacy !== b.primacy) return a.primacy - b.primacy;
  return a.createdAt === b.createdAt ? b.start - a.start : b.createdAt - a.createdAt;
};

/** When a control stops binding whatever others do; Infinity where it never bound. */
const ownEnd = (control: ServedControl): number => Math.min(control.end, control.cancelServedAt ?? Infinity);
const bindsFrom = (control: ServedControl): number => Math.max(control.start, control.servedAt ?? Infinity);

/** Who holds a mode from `from` on until the next entry; null: no control does. */
export interface Holder {
  readonly from: number;
  readonly control: ServedControl | null;
}

/**
 * Who holds one control mode over time, `controls` being those that have it. Goes from one instant at which anything begins or ends
 * to the next: of those that run, the best holds the mode, all others are superseded, for good. One that was superseded takes no
 * part any more: neither does it resume, nor does it supersede.
 */
export const holders = (controls: readonly ServedControl[]): readonly Holder[] => {
  const instants = controls.flatMap((control) => [bindsFrom(control), ownEnd(control)]).filter(Number.isFinite);
  const superseded = new Set<ServedControl>();
  return [...new Set(instants)]
    .sort((a, b) => a - b)
    .map((now): Holder => {
      const running = controls
        .filter((control) => bindsFrom(control) <= now && now < ownEnd(control) && !superseded.has(control))
        .sort(byRank);
      for (const loser of running.slice(1)) superseded.add(loser);
      return { from: now, control: running[0] ?? null };
    });
};

/** The default that holds at `now`: of the best program that has one and told it. */
const defaultAt = (defaults: readonly ServedDefault[], now: number): ServedDefault | null =>
  defaults
    .filter((each) => each.limitW !== null && each.servedAt !== null && each.servedAt <= now)
    .sort((a, b) => a.primacy - b.primacy)[0] ?? null;

/** The export limit in force over time: of the control that holds the mode, else the default (IEEE 2030.5 10.10.4.2). */
export const limitTimeline = (log: ServerLog, durationSeconds: number): readonly LimitSpan[] => {
  const held = holders(log.controls.filter((control) => control.limitW !== null));
  const edges = [0, ...held.map(({ from }) => from), ...log.defaults.map((each) => each.servedAt ?? 0)];
  const times = [...new Set(edges.filter((edge) => edge >= 0 && edge < durationSeconds))].sort((a, b) => a - b);
  const result: LimitSpan[] = [];
  times.forEach((from, index) => {
    const until = times[index + 1] ?? durationSeconds;
    const control = held.findLast((each) => each.from <= from)?.control ?? null;
    const standing = defaultAt(log.defaults, from);
    const limitW = control?.limitW ?? standing?.limitW ?? null;
    const source = control?.name ?? (standing === null ? 'none' : 'default');
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

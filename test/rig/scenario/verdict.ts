import type { Truth } from '../site/plant.ts';
import type { Scenario } from './scenario.ts';
import { limitTimeline, spanAt, type LimitSpan, type ResponseReceived, type ServerLog } from './timeline.ts';

/** One thing that was judged. */
export interface Judgement {
  readonly criterion: string;
  readonly met: boolean;
  /** false: reported, but not part of the overall verdict. */
  readonly decides: boolean;
  /** With unit, for a person. */
  readonly measured: string;
  readonly limit: string;
}

export interface Verdict {
  readonly met: boolean;
  readonly judgements: readonly Judgement[];
}

/** CSIP-AUS test procedure: the lower of 4 % of setMaxW and 100 W. */
const BAND_PERCENT = 4;
const BAND_MOST_W = 100;
/** Spells above the limit with less than this between them count as one, seconds. */
const SPELL_JOIN = 2;
/** Energy is judged this long after the last change of limit, load or sun, seconds; a change is more than this, watts. */
const STEADY_AFTER = 15;
const CHANGE_W = 300;
/** Export must use a raised limit again within, seconds. */
const RELEASE_SECONDS = 30;
/** Share of the expected truth points that must be there. */
const TRUTH_SHARE = 0.95;
/** A Response 2 or 3 may lie this much before its time on the server's clock, seconds (whole-second rounding). */
const EARLY_SECONDS = 1.5;
const PRODUCING_W = 50;

export const bandW = (ratedW: number): number => Math.min((BAND_PERCENT / 100) * ratedW, BAND_MOST_W);

const seconds = (value: number): string => `${value.toFixed(1)} s`;

/** One truth point with the limit in force at that instant. */
interface Judged extends Truth {
  readonly at: number;
  readonly span: LimitSpan | null;
}

/** Longest time, in seconds, for which `over` held, short breaks included. */
const longestSpell = (points: readonly Judged[], over: (point: Judged) => boolean): number => {
  let longest = 0;
  let from: number | null = null;
  let last = 0;
  for (const point of points) {
    if (!over(point)) continue;
    if (from === null || point.at - last > SPELL_JOIN) from = point.at;
    last = point.at;
    longest = Math.max(longest, last - from + 0.1);
  }
  return longest;
};

const overLimit =
  (band: number) =>
  (point: Judged): boolean => {
    const limit = point.span?.limitW ?? null;
    return limit !== null && point.netExport > limit + band;
  };

/** Times at which something outside the gateway changed. */
const changesIn = (points: readonly Judged[]): readonly number[] => {
  const changes: number[] = [];
  points.forEach((point, index) => {
    const before = points[index - 1];
    if (before === undefined || before.span !== point.span || Math.abs(before.load - point.load) > CHANGE_W)
      changes.push(point.at);
  });
  return changes;
};

const energyShare = (points: readonly Judged[]): number | null => {
  const changes = changesIn(points);
  let next = 0;
  let lastChange = 0;
  let used = 0;
  let allowed = 0;
  for (const point of points) {
    for (let at = changes[next]; at !== undefined && at <= point.at; at = changes[next]) {
      lastChange = at;
      next += 1;
    }
    const limit = point.span?.limitW ?? null;
    if (limit === null || point.at - lastChange < STEADY_AFTER || point.available <= limit + point.load) continue;
    used += point.generation;
    allowed += limit + point.load;
  }
  return allowed === 0 ? null : used / allowed;
};

/** Longest time after a raise of the limit until export uses it, for raises that last long enough to tell; null: there was none. */
const longestRelease = (points: readonly Judged[], spans: readonly LimitSpan[], ratedW: number): number | null => {
  let longest: number | null = null;
  spans.forEach((span, index) => {
    const before = spans[index - 1]?.limitW ?? null;
    const raised = before !== null && span.limitW !== null && span.limitW > before;
    if (!raised || span.until - span.from < RELEASE_SECONDS / 2) return;
    const inside = points.filter((point) => point.span === span);
    const wanted = (point: Judged): number =>
      Math.min(span.limitW ?? 0, point.available - point.load) - (BAND_PERCENT / 100) * ratedW;
    const reached = inside.find((point) => point.netExport >= wanted(point));
    longest = Math.max(longest ?? 0, (reached?.at ?? span.until) - span.from);
    if (reached === undefined) longest = Math.max(longest, RELEASE_SECONDS + 1);
  });
  return longest;
};

const judgeResponses = (scenario: Scenario, log: ServerLog): readonly Judgement[] => {
  return scenario.expect.responses.map(({ control, statuses }) => {
    const accepted = (each: ResponseReceived): boolean =>
      each.control === control && each.httpStatus >= 200 && each.httpStatus < 300;
    const received = log.responses.filter(accepted).sort((a, b) => a.at - b.at);
    const order = received.map((each) => each.status);
    const served = log.controls.find((each) => each.name === control);
    const early = received.some((each) => each.status === 2 && served !== undefined && each.at < served.start - EARLY_SECONDS);
    const late = received.some((each) => each.status === 3 && served !== undefined && each.at < served.end - EARLY_SECONDS);
    return {
      criterion: `Responses to ${control}`,
      met: order.join() === statuses.join() && !early && !late,
      decides: true,
      measured: `${order.length === 0 ? 'none' : order.join(', ')}${early ? ' (started too early)' : ''}${late ? ' (completed too early)' : ''}`,
      limit: statuses.join(', '),
    };
  });
};

const judgeLimit = (scenario: Scenario, points: readonly Judged[]): readonly Judgement[] => {
  const band = bandW(scenario.site.ratedW);
  const { settleSeconds, wishSeconds, dawnSeconds, blind } = scenario.expect;
  const spell = longestSpell(points, overLimit(band));
  const over = points.reduce((worst, point) => Math.max(worst, point.netExport - (point.span?.limitW ?? Infinity)), 0);
  const judgements: Judgement[] = [
    {
      criterion: `longest time above the limit + ${band} W`,
      met: spell <= settleSeconds,
      decides: true,
      measured: `${seconds(spell)}, worst ${over.toFixed(0)} W above`,
      limit: seconds(settleSeconds),
    },
    {
      criterion: 'the same, own bar',
      met: spell <= wishSeconds,
      decides: false,
      measured: seconds(spell),
      limit: seconds(wishSeconds),
    },
  ];
  for (const { from, until, limitW, withinSeconds } of blind) {
    const inside = points.filter((point) => point.at >= from + withinSeconds && point.at < until);
    const most = inside.reduce((worst, point) => Math.max(worst, point.netExport), -Infinity);
    judgements.push({
      criterion: `fault from ${from} s: export ${withinSeconds} s later`,
      met: inside.length > 0 && most <= limitW + band,
      decides: true,
      measured: inside.length > 0 ? `${most.toFixed(0)} W at most` : 'no truth',
      limit: `${limitW + band} W`,
    });
  }
  if (dawnSeconds !== null) {
    const first = points.find((point) => point.generation > PRODUCING_W);
    const after = first === undefined ? [] : points.filter((point) => point.at >= first.at);
    const dawn = longestSpell(after, overLimit(band));
    judgements.push({
      criterion: 'longest time above the limit from first light on',
      met: first !== undefined && dawn <= dawnSeconds,
      decides: true,
      measured: first === undefined ? 'it never produced' : seconds(dawn),
      limit: seconds(dawnSeconds),
    });
  }
  return judgements;
};

/**
 * Judges a run from the rig's own truth of the connection point and the server's request log alone:
 * what the gateway read or believed never enters.
 */
export const judge = (scenario: Scenario, truth: readonly Truth[], log: ServerLog): Verdict => {
  const spans = limitTimeline(log, scenario.durationSeconds);
  const points = truth.map((point) => ({ ...point, at: point.t / 1000, span: spanAt(spans, point.t / 1000) }));
  const bound = spans.some((span) => span.source === 'default');
  const expected = scenario.durationSeconds * 10 * TRUTH_SHARE;
  const release = longestRelease(points, spans, scenario.site.ratedW);
  const share = energyShare(points);
  const judgements: Judgement[] = [
    {
      criterion: 'truth of the connection point at 10 Hz',
      met: points.length >= expected,
      decides: true,
      measured: `${points.length} points`,
      limit: `${Math.ceil(expected)} points`,
    },
    { criterion: 'default control served', met: bound, decides: true, measured: bound ? 'yes' : 'no', limit: 'yes' },
    ...judgeLimit(scenario, points),
    ...judgeResponses(scenario, log),
  ];
  if (release !== null) {
    judgements.push({
      criterion: 'longest time until a raised limit is used again',
      met: release <= RELEASE_SECONDS,
      decides: true,
      measured: seconds(release),
      limit: seconds(RELEASE_SECONDS),
    });
  }
  if (scenario.expect.energyShare !== null) {
    judgements.push({
      criterion: 'allowed energy used, steady',
      met: share !== null && share >= scenario.expect.energyShare,
      decides: true,
      measured: share === null ? 'nothing to judge' : `${(100 * share).toFixed(1)} %`,
      limit: `${(100 * scenario.expect.energyShare).toFixed(0)} %`,
    });
  }
  return { met: judgements.every((each) => each.met || !each.decides), judgements };
};

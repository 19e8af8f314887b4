import { bandW } from '../../rig/scenario/verdict.ts';
import {
  limitTimeline,
  spanAt,
  type LimitSpan,
  type ResponseReceived,
  type ServedControl,
  type ServerLog,
} from '../../rig/scenario/timeline.ts';
import type { Truth } from '../../rig/site/plant.ts';
import type { Program } from '../../rig/run/gateway.ts';

/** What happened to a process, seconds since the start of the scenario. */
export interface LifeEvent {
  readonly at: number;
  readonly unit: Program;
  readonly kind: 'started' | 'killed';
}

export interface KillVerdict {
  readonly problems: readonly string[];
  /** Responses that came twice, each beside a kill that explains it. */
  readonly duplicates: number;
  /** Restarts of controld that were judged. */
  readonly restarts: number;
  readonly responses: number;
}

/** From a start of controld: the inverter's cap keeps the limit, and the flow is inside it. Seconds, without those spent waiting for a processor. */
const CAP_WITHIN = 2;
/** Where no life before it has met the devices: they are discovered first. */
const MET_WITHIN = 4;
const FLOW_WITHIN = 4.5;
/** After a change of limit while controld lives. */
const SETTLED_WITHIN = 5;
/** Between the server's answer and the cursor on disk. */
const COMMIT_WITHIN = 0.5;
const BAND_W = bandW(10_000);

interface Life {
  readonly from: number;
  readonly until: number;
}

/** Seconds between two instants in which controld was ready and others had the processors: no time of its own. */
type Waited = (from: number, to: number) => number;

/** Spans in which a process ran. */
const livesOf = (events: readonly LifeEvent[], unit: Program, end: number): readonly Life[] => {
  const own = events.filter((event) => event.unit === unit);
  return own.flatMap((event, index) =>
    event.kind === 'started'
      ? [{ from: event.at, until: own.slice(index + 1).find(({ kind }) => kind === 'killed')?.at ?? end }]
      : [],
  );
};

/** One truth point with the limit in force. */
interface Held {
  readonly at: number;
  readonly point: Truth;
  readonly limit: number;
  readonly since: number;
}

const heldIn = (truth: readonly Truth[], spans: readonly LimitSpan[], life: Life): readonly Held[] =>
  truth.flatMap((point): Held[] => {
    const at = point.t / 1000;
    if (at <= life.from || at >= life.until) return [];
    const span = spanAt(spans, at);
    return span?.limitW === null || span === null ? [] : [{ at, point, limit: span.limitW, since: span.from }];
  });

/** Export over the limit where it had time to come down. */
const overIn = (held: readonly Held[], life: Life, waited: Waited): readonly string[] =>
  held
    .filter(
      ({ at, since }) => at - waited(life.from, at) > life.from + FLOW_WITHIN && at - waited(since, at) > since + SETTLED_WITHIN,
    )
    .filter(({ point, limit }) => point.netExport > limit + BAND_W)
    .map(({ at, point, limit }) => `${at.toFixed(1)} s: ${point.netExport.toFixed(0)} W exported, the limit is ${limit} W`);

/** The first correct write of a life that knew a limit and lasted long enough for it. */
const writeIn = (held: readonly Held[], life: Life, waited: Waited, within: number): readonly string[] => {
  if (life.until - life.from - waited(life.from, life.until) <= within) return [];
  const told = held.find(({ point, limit }) => point.cap !== null && point.cap <= limit + point.load + BAND_W);
  if (told !== undefined && told.at - life.from - waited(life.from, told.at) <= within) return [];
  const when = told === undefined ? 'never' : `${(told.at - life.from).toFixed(2)} s later`;
  return [`controld started at ${life.from.toFixed(2)} s, the cap kept the limit ${when}`];
};

const judgeFlow = (
  truth: readonly Truth[],
  spans: readonly LimitSpan[],
  lives: readonly Life[],
  waited: Waited,
): readonly string[] =>
  lives.flatMap((life) => {
    const held = heldIn(truth, spans, life);
    const knew = (spanAt(spans, life.from)?.limitW ?? null) !== null;
    const hasMet = truth.some(({ t, cap }) => cap !== null && t / 1000 < life.from);
    return [...overIn(held, life, waited), ...(knew ? writeIn(held, life, waited, hasMet ? CAP_WITHIN : MET_WITHIN) : [])];
  });

const EXPECTED = [1, 2, 3] as const;

/** Lives, and what of them was spent waiting. */
interface Lived {
  readonly lives: readonly Life[];
  readonly waited: Waited;
}

/** A life that lasts so long within an event, from its start-up on, has carried it out. Seconds of its own. */
const CARRIED_OUT_WITHIN = CAP_WITHIN + 1;

/** What an event must be answered with: one in which no life of controld got through its start-up was not carried out, and is not told as if it had been. */
const dueOf = ({ start, end }: ServedControl, own: readonly ResponseReceived[], { lives, waited }: Lived): readonly number[] => {
  const isCarriedOut = lives.some((life) => {
    const from = Math.max(start, life.from);
    const to = Math.min(end, life.until);
    return to - from - waited(from, to) > CARRIED_OUT_WITHIN;
  });
  return isCarriedOut || own.some(({ status }) => status === 2) ? EXPECTED : EXPECTED.slice(0, 1);
};

const judgeResponses = (
  log: ServerLog,
  kills: readonly LifeEvent[],
  until: number,
  lived: Lived,
): Omit<KillVerdict, 'restarts'> => {
  const problems: string[] = [];
  let duplicates = 0;
  const accepted = log.responses.filter(({ httpStatus }) => httpStatus < 300);
  // one that the gateway never fetched cannot be answered
  for (const control of log.controls.filter(({ end, servedAt }) => end < until && servedAt !== null && servedAt < end)) {
    const own = accepted.filter(({ control: name }) => name === control.name);
    const due = dueOf(control, own, lived);
    for (const status of EXPECTED) {
      const times = own.filter((response) => response.status === status).map(({ at }) => at);
      if (times.length === 0 && due.includes(status)) problems.push(`${control.name}: Response ${status} was lost`);
      for (const first of times.slice(0, -1)) {
        const excused = kills.some(
          ({ unit, at }) => unit === 'northd' && at > first - COMMIT_WITHIN && at < first + COMMIT_WITHIN,
        );
        if (excused) duplicates += 1;
        else
          problems.push(
            `${control.name}: Response ${status} came twice, first at ${first.toFixed(2)} s, without a kill beside it`,
          );
      }
    }
    for (const { status } of own)
      if (!EXPECTED.some((expected) => expected === status)) problems.push(`${control.name}: Response ${status} was not due`);
  }
  return { problems, duplicates, responses: accepted.length };
};

/** Judges a run with kills by the rig's truth and the server's log alone. Controls that end after `until` are left out. */
export const judgeKills = (
  truth: readonly Truth[],
  log: ServerLog,
  events: readonly LifeEvent[],
  until: number,
  waited: Waited,
): KillVerdict => {
  const end = (truth.at(-1)?.t ?? 0) / 1000;
  const spans = limitTimeline(log, end);
  const lives = livesOf(events, 'controld', end);
  const flow = judgeFlow(truth, spans, lives, waited);
  const kills = events.filter(({ kind }) => kind === 'killed');
  const responses = judgeResponses(log, kills, until, { lives, waited });
  return { ...responses, problems: [...flow, ...responses.problems], restarts: lives.length - 1 };
};

import { STORAGE_RULES } from '../check-storage.ts';
import {
  BAND_W,
  checkSite,
  type Context,
  covers,
  OUT_OF_REACH,
  RETURN_SECONDS,
  slownessOf,
  spansOf,
  UNCOMMANDABLE,
  type Violation,
  type Window,
} from '../check.ts';
import type { DrawnEvent, FaultSpan, Simulation } from '../draw.ts';
import { expectedLimits, spanAt } from '../oracle.ts';
import type { Outcome } from '../run.ts';
import type { Whole } from './draw.ts';
import { isSiteFault, jumpOf, NORTH_FAULTS } from './faults.ts';
import { LOCAL, withLocal } from './local.ts';
import type { Gap, WholeOutcome } from './run.ts';
import type { Control } from '../../rig/utility/controls.ts';
import { STARTED_AT } from '../../support/gateway/settings.ts';

const RECEIVED = 1;
const CANCELLED = 6;
/** Rank of a Response in the life of an event. */
const RANK: Readonly<Record<number, number>> = { 1: 0, 2: 1, 3: 2, 6: 2, 7: 2 };
/** The gateway's clock and the server's, and whole seconds in a Response. */
const CLOCK_SECONDS = 2;
/** From the first answer after a boot to a clock that is relied on, seconds. */
const CLOCK_SET_SECONDS = 20;
/** From the end of a life that knew no plan until the next one has said what it knows, seconds. */
const BLANK_SECONDS = 10;
/** Back-off at its longest, one poll and the walk itself; after that everything due is said. */
const HEARD_SECONDS = 150;
/** Requests a minute a gateway may make at most, over ten minutes: its resources once a poll and what it has to tell. */
const REQUESTS_SPAN = 600;
const REQUESTS_A_POLL = 25;
/** Within it any limit ever said is held, seconds. */
const UNCLEAR_SECONDS = 30;
/** From a change to when it is shown, with the error of both clocks; seconds. */
const TOLD_SECONDS = 6;
/** What the simulation keeps: of an instant of truth, with and without parts, and of a request; and what comes and goes. Bytes. */
const POINT_BYTES = 250;
const PARTS_BYTES = 1000;
const EXCHANGE_BYTES = 3000;
const HEAP_SLACK_BYTES = 3_000_000;
const DISK_MOST_BYTES = 8 * 1024 * 1024;

const UNREACHED = [...UNCOMMANDABLE, ...OUT_OF_REACH];

interface Told {
  readonly mRID: string;
  readonly at: number;
  readonly created: number;
  readonly status: number;
}

const toldOf = ({ responses }: WholeOutcome): readonly Told[] =>
  responses.map(({ subject, at, createdDateTime, status }) => ({
    ...{ mRID: subject, at, status },
    created: (createdDateTime ?? 0) - STARTED_AT,
  }));

/** When the gateway knew, by its own word; the check of `checkKnown` keeps that word honest. */
const knownAt = (told: readonly Told[], status: number): ReadonlyMap<string, number> => {
  const known = new Map<string, number>();
  for (const each of told) {
    if (each.status === status && !known.has(each.mRID)) known.set(each.mRID, each.created);
  }
  return known;
};

/** Time is unknown or doubtful from a power cut until the server was heard again, and not so slowly that it says little. */
const timeless = ({ faults, seconds }: Whole, { cuts, gateway }: WholeOutcome): readonly Window[] => {
  const slow = faults.filter(({ fault }) => fault === 'server-drips' || fault === 'server-slow');
  return cuts.map((from) => {
    const heard = gateway.state.journal.exchanges.find(
      ({ at, resource, status }) => resource === 'tm' && status < 300 && at - STARTED_AT > from && !covers(slow, at - STARTED_AT),
    );
    return { from, until: (heard === undefined ? seconds : heard.at - STARTED_AT) + CLOCK_SET_SECONDS };
  });
};

/** Time is the server's, which is wrong, or still on its way back. */
const mistimed = (whole: Whole): readonly Window[] =>
  whole.faults
    .filter(({ fault }) => fault === 'server-clock')
    .map(({ from, until, strength }) => ({
      from: from - Math.abs(jumpOf(strength)) - CLOCK_SECONDS,
      until: until + 2 * Math.abs(jumpOf(strength)) + 2 * whole.pollSeconds + HEARD_SECONDS,
    }));

/** Events that were under way meanwhile may have been begun and ended at other times, or never: nobody can say which limit holds until they are over. */
const unclearOf = (whole: Whole, outcome: WholeOutcome): readonly Window[] => [
  ...timeless(whole, outcome),
  ...outcome.blank.map(({ from, until }) => ({ from, until: until + BLANK_SECONDS })),
  ...mistimed(whole).map(({ from, until }) => {
    const under = outcome.published.filter((each) => isWithin(each, { from, until }));
    const ends = under.map(({ start, duration }) => start + duration - STARTED_AT);
    return { from, until: Math.max(until, ...ends) };
  }),
];

/** True of an event that was published before the end of a span and over after its beginning. */
const isWithin = ({ creationTime, start, duration }: Control, { from, until }: Window): boolean =>
  creationTime - STARTED_AT < until && start + duration - STARTED_AT > from;

/** Faults as the checks of one line know them: of a line without the meter its devices cannot be told. */
const siteFaults = ({ faults, site }: Whole): readonly FaultSpan[] =>
  faults.flatMap(({ fault, ...span }): readonly FaultSpan[] => {
    if (!isSiteFault(fault)) return [];
    if ((fault !== 'cable-cut' && fault !== 'adapter-pulled') || span.line === 0) return [{ ...span, fault }];
    const { others = [], batteries = [], switchedLoads = [], besideLine = 0 } = site;
    const inverters = others.flatMap(({ line }, index) => (line === span.line ? [index + 1] : []));
    const beside = besideLine === span.line ? [0, 1] : [];
    return [
      ...inverters.map((inverter) => ({ ...span, inverter, fault: 'inverter-silent' as const })),
      ...beside.slice(0, batteries.length).map((which) => ({ ...span, beside: which, fault: 'battery-silent' as const })),
      ...beside.slice(0, switchedLoads.length).map((which) => ({ ...span, beside: which, fault: 'load-silent' as const })),
    ];
  });

/** The run as the checks of the site see it. */
const asSimulation = (whole: Whole, outcome: WholeOutcome): { readonly simulation: Simulation; readonly seen: Outcome } => {
  const told = toldOf(outcome);
  const { published, gateway } = outcome;
  const events: DrawnEvent[] = published.map(({ mRID, program, creationTime, start, duration, modes, cancelledAt }) => ({
    ...{ mRID, program: program === 'site' ? 0 : 1 },
    ...{ createdAt: creationTime - STARTED_AT, start: start - STARTED_AT, durationSeconds: duration },
    limitW: modes.opModExpLimW ?? 0,
    ...(modes.opModImpLimW === undefined ? {} : { importW: modes.opModImpLimW }),
    cancelAt: cancelledAt === null ? null : cancelledAt - STARTED_AT,
  }));
  const first = gateway.state.journal.exchanges.find(({ resource, status }) => resource === 'control-list' && status < 300);
  const { seed, seconds, healedAt, site, loadSteps, pollSeconds, defaultW, importDefaultW } = whole;
  return {
    simulation: {
      ...{ seed, seconds, healedAt, site, loadSteps, pollSeconds, events, utilityPhase: 0, defaults: [defaultW, defaultW] },
      ...(importDefaultW === null ? {} : { importDefaults: [importDefaultW, importDefaultW] }),
      faults: siteFaults(whole),
    },
    seen: {
      ...{
        truth: gateway.truth.points,
        writes: outcome.writes,
        besideWrites: outcome.besideWrites,
        dead: outcome.dead,
        killedUnsaved: outcome.killedUnsaved,
      },
      ...{ served: knownAt(told, RECEIVED), cancelServed: knownAt(told, CANCELLED) },
      firstSetAt: first === undefined ? null : first.at - STARTED_AT + CLOCK_SECONDS,
      ...{ told: [], transitions: [], notes: gateway.notes, longestTickGap: 0, crash: null, hash: outcome.hash, origin: 0 },
    },
  };
};

/** When the way to the utility was broken at one end or the other, with the time the gateway needs to be back. */
const northDown = (whole: Whole, outcome: WholeOutcome): readonly Window[] => [
  ...whole.faults
    .filter(({ fault }) => (NORTH_FAULTS as readonly string[]).includes(fault))
    .map(({ from, until }) => ({ from, until: until + HEARD_SECONDS + whole.pollSeconds })),
  ...[...outcome.dead, ...outcome.deadNorth].map(({ from, until }) => ({
    from,
    until: until + HEARD_SECONDS + whole.pollSeconds,
  })),
];

/** One event, what was said of it, and when it could not be said or read. */
interface Answered {
  readonly from: number;
  readonly start: number;
  readonly end: number;
  readonly mine: readonly Told[];
  /** The same without repetitions. */
  readonly once: readonly Told[];
  readonly down: readonly Window[];
}

const rankOf = (told: Told | undefined): number => (told === undefined ? -1 : (RANK[told.status] ?? -1));

const isOutOfOrder = ({ once }: Answered): boolean => once.some((told, index) => rankOf(told) <= rankOf(once[index - 1]));

/** Said twice only where an answer, or what was remembered of it, may have been lost. */
const isDoubled = ({ mine, down }: Answered): boolean =>
  mine.some(({ status, at }, index) => status === mine[index - 1]?.status && !covers(down, at));

/** Who could read it on two polls knows it. */
const isUnknown = ({ from, end, once, down }: Answered, pollSeconds: number): boolean => {
  const patience = 2 * pollSeconds + 10;
  if (from + patience >= end || down.some((window) => window.from < from + patience && window.until > from)) return false;
  const [first] = once;
  return first?.status !== RECEIVED || first.created > from + patience;
};

/** Nothing can be said of an event that came and went while controld was down, or while no inverter could be told. */
const isUnended = ({ start, end, once }: Answered, unable: readonly Gap[]): boolean => {
  const [first] = once;
  if (first?.status !== RECEIVED || first.created >= end - CLOCK_SECONDS) return false;
  return rankOf(once.at(-1)) !== RANK[CANCELLED] && !unable.some((gap) => gap.from <= start && gap.until >= end);
};

/** An event that could be read is known, and at the end of the run everything due was said of it, in order. */
const checkResponses = (whole: Whole, outcome: WholeOutcome): readonly Violation[] => {
  const told = toldOf(outcome);
  const down = northDown(whole, outcome);
  const wrongTime = mistimed(whole);
  const noTime = timeless(whole, outcome);
  const faults = whole.faults.flatMap((span) => (isSiteFault(span.fault) ? [{ ...span, fault: span.fault }] : []));
  const unable = [...outcome.dead, ...spansOf({ faults }, UNREACHED, RETURN_SECONDS)];
  const judged = outcome.published.filter((control) => !wrongTime.some((window) => isWithin(control, window)));
  return judged.flatMap(({ mRID, creationTime, start, duration }) => {
    const mine = told.filter((each) => each.mRID === mRID);
    const once = mine.filter((each, index) => each.status !== mine[index - 1]?.status);
    const [from, begins, end] = [creationTime, start, start + duration].map((at) => at - STARTED_AT) as [number, number, number];
    const answered: Answered = { from, start: begins, end, mine, once, down };
    const wrongs: readonly (readonly [boolean, string])[] = [
      [isOutOfOrder(answered), 'out of order'],
      [isDoubled(answered), 'said twice'],
      [isUnknown(answered, whole.pollSeconds), 'not known in time'],
      [!outcome.killedUnsaved && isUnended(answered, unable), 'never ended'],
      [once.some(({ at, created }) => created < from - CLOCK_SECONDS && !covers(noTime, at)), 'known before it was made'],
    ];
    const order = mine.map(({ status }) => status).join(', ');
    return wrongs.flatMap(([wrong, text]) =>
      wrong ? [{ rule: 'responses', at: begins, text: `${mRID} ${text}: ${order}` }] : [],
    );
  });
};

/** What a server lost is there again. */
const checkRemembered = ({ gateway }: WholeOutcome, seconds: number): readonly Violation[] => {
  const held = [...gateway.state.devices.values()].flatMap((device) => [...device.held.keys()]);
  const missing = ['der-capability', 'der-settings', 'der-status'].filter((part) => !held.some((key) => key.startsWith(part)));
  const gone = gateway.state.mirrors.size === 0 ? [...missing, 'mirrors'] : missing;
  return gone.map((text) => ({ rule: 'remembered', at: seconds, text: `the server holds no ${text}: ${held.join(', ')}` }));
};

/** Neither a server in trouble nor one that is well is asked without end. */
const checkRequests = ({ gateway }: WholeOutcome, { pollSeconds }: Whole): readonly Violation[] => {
  const allowed = (REQUESTS_SPAN / pollSeconds + 1) * REQUESTS_A_POLL + REQUESTS_SPAN / 2;
  const times = gateway.state.journal.exchanges.map(({ at }) => at - STARTED_AT);
  for (let index = 0, first = 0; index < times.length; index += 1) {
    const at = times[index] ?? 0;
    while ((times[first] ?? 0) < at - REQUESTS_SPAN) first += 1;
    const count = index - first;
    if (count > allowed) return [{ rule: 'requests', at, text: `${count} in ten minutes, ${allowed.toFixed(0)} allowed` }];
  }
  return [];
};

const checkDisk = ({ gateway }: WholeOutcome, seconds: number): readonly Violation[] => {
  const { disk } = gateway;
  const bytes = disk.paths().reduce((sum, path) => sum + (disk.peek(path)?.length ?? 0), 0);
  return bytes <= DISK_MOST_BYTES ? [] : [{ rule: 'disk', at: seconds, text: `${bytes} bytes` }];
};

/**
 * What the gateway says binds is what the rules of the standard say, or tighter by a source of the site: so a restart and a power cut
 * forget nothing.
 */
const checkTold = (outcome: WholeOutcome, context: Pick<Context, 'spans' | 'unclear'>, known: Outcome): readonly Violation[] => {
  const { spans, unclear } = context;
  const edges = [...spans.map(({ from }) => from), ...known.served.values(), ...known.cancelServed.values()];
  const isOwn = spans.some(({ source }) => source === LOCAL);
  for (const { at, exportLimit } of outcome.killedUnsaved ? [] : outcome.told) {
    const span = spanAt(spans, at);
    if (span === null || span.limitW === null || exportLimit === span.limitW || covers(unclear, at)) continue;
    if (edges.some((edge) => at >= edge - TOLD_SECONDS && at < edge + TOLD_SECONDS)) continue;
    if (isOwn && exportLimit !== null && exportLimit < span.limitW) continue;
    return [{ rule: 'told', at, text: `gateway holds ${exportLimit} W, ${span.source} says ${span.limitW} W` }];
  }
  return [];
};

/** Not even while nobody can say which limit holds is there none: the loosest of all that were ever said is held. */
const checkUnclear = (
  whole: Whole,
  { gateway, dead }: WholeOutcome,
  unclear: readonly Window[],
  slowness: number,
): readonly Violation[] => {
  const loosest = Math.max(whole.defaultW, ...whole.events.map(({ limitW }) => limitW)) + BAND_W;
  const faulty = [...siteFaults(whole), ...dead].map(({ from, until }) => ({ from, until: until + UNCLEAR_SECONDS + slowness }));
  let since: number | null = null;
  for (const { t, netExport } of gateway.truth.points) {
    const at = t / 1000;
    if (netExport <= loosest || !covers(unclear, at) || covers(faulty, at)) since = null;
    else since ??= at;
    if (since !== null && at - since > UNCLEAR_SECONDS + slowness)
      return [{ rule: 'unclear', at, text: `${Math.round(netExport)} W where no limit ever was above ${loosest - BAND_W} W` }];
  }
  return [];
};

/** From the middle of the run on memory grows by what the simulation itself keeps, and no more. */
const checkMemory = ({ heaps }: WholeOutcome, { seconds, site }: Whole): readonly Violation[] => {
  const [middle, end] = heaps;
  if (middle === undefined || end === undefined) return [];
  const isPlain = (site.others?.length ?? 0) + (site.batteries?.length ?? 0) + (site.switchedLoads?.length ?? 0) === 0;
  const kept =
    (end.points - middle.points) * (isPlain ? POINT_BYTES : PARTS_BYTES) + (end.exchanges - middle.exchanges) * EXCHANGE_BYTES;
  const grown = end.bytes - middle.bytes;
  if (grown <= kept + HEAP_SLACK_BYTES) return [];
  return [{ rule: 'memory', at: seconds, text: `${grown} bytes more, ${kept} of them the simulation's own` }];
};

/** Everything that went wrong, judged by truth, wire and the server's log alone. */
export const checkWhole = (whole: Whole, outcome: WholeOutcome): readonly Violation[] => {
  if (outcome.crash !== null) return [{ rule: 'crash', at: outcome.gateway.now, text: outcome.crash }];
  const { simulation, seen } = asSimulation(whole, outcome);
  const unclear = unclearOf(whole, outcome);
  const deaf = [...outcome.dead, ...outcome.deadNorth];
  const spans = withLocal(expectedLimits(simulation, seen), whole.local, whole.seconds, deaf);
  const rules = whole.importDefaultW === null ? [] : STORAGE_RULES;
  return [
    ...checkSite(simulation, seen, { unclear, spans, slack: CLOCK_SECONDS, blank: outcome.blank }, rules),
    ...checkTold(outcome, { spans, unclear }, seen),
    ...checkUnclear(whole, outcome, unclear, slownessOf(simulation)),
    ...checkResponses(whole, outcome),
    ...checkRemembered(outcome, whole.seconds),
    ...checkRequests(outcome, whole),
    ...checkDisk(outcome, whole.seconds),
    ...checkMemory(outcome, whole),
  ];
};

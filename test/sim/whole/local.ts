import type { SeededRandom } from '#base/random.ts';
import { STARTED_AT } from '../../support/gateway/settings.ts';
import type { LimitSpan } from '../oracle.ts';
import type { Gap } from './run.ts';

/** Limits of the site itself, as the seed has them: what the configuration says, and what the sources do. Seconds and watts. */
export interface DrawnLocal {
  /** Members of `site.limits`. */
  readonly limits: Readonly<Record<string, unknown>>;
  /** Limit of the connection agreement (G100 class); null: none. */
  readonly agreementW: number | null;
  /** Daily, minutes of the day. */
  readonly entries: readonly { readonly from: number; readonly until: number; readonly exportW: number }[];
  /** Null: there is none. */
  readonly topic: DrawnTopic | null;
  readonly contact: DrawnContact | null;
}

interface DrawnTopic {
  readonly expirySeconds: number;
  readonly fallbackW: number;
  readonly says: readonly { readonly at: number; readonly exportW: number }[];
}

interface DrawnContact {
  /** Binds while the contact is open, as one with a cut cable is. */
  readonly exportW: number;
  readonly flips: readonly { readonly at: number; readonly open: boolean }[];
}

export const TOPIC = 'site/limits';
export const CONTACT_PATH = '/sys/class/gpio/k1/value';
/** Source of a span in which one of these counts. */
export const LOCAL = 'local';
const NAME_TOPIC = 'aggregator';
const DAY_SECONDS = 86_400;
/** Second 0 of a run is this second of a day. */
const BEGINS = STARTED_AT % DAY_SECONDS;
/** After a word of a source, or a change of a contact, it is in force within this; seconds. */
const HEARD_SECONDS = 3;
/** A process that just began may not hear its topic for so long, seconds. */
const DEAF_SECONDS = 30;
const LOOSE_W = 9500;

const drawWatts = (random: SeededRandom): number => (random.chance(0.1) ? 0 : Math.round(random.between(200, 9000)));

const drawEntries = (random: SeededRandom, healedAt: number): DrawnLocal['entries'] =>
  Array.from({ length: random.integer(1, 3) }, () => {
    const from = Math.floor((BEGINS + random.between(0, healedAt - 400)) / 60);
    const longest = Math.floor((BEGINS + healedAt - 60) / 60);
    const until = Math.min(longest, from + random.integer(1, 20));
    return { from, until, exportW: drawWatts(random) };
  }).filter(({ from, until }) => until > from && until <= 1440);

/** It speaks for a while and falls silent for a while; at the end it says that nearly all is allowed. */
const drawTopic = (random: SeededRandom, healedAt: number, seconds: number): DrawnTopic => {
  const expirySeconds = random.integer(20, 120);
  const says: { at: number; exportW: number }[] = [];
  let at = random.between(5, 300);
  while (at < healedAt) {
    const exportW = drawWatts(random);
    for (let left = random.integer(1, 8); left > 0 && at < healedAt; left -= 1) {
      says.push({ at, exportW });
      at += expirySeconds * random.between(0.3, 0.9);
    }
    if (random.chance(0.5)) at += random.between(0, 3 * expirySeconds);
  }
  for (at = healedAt; at < seconds; at += expirySeconds / 2) says.push({ at, exportW: LOOSE_W });
  return { expirySeconds, fallbackW: drawWatts(random), says };
};

const drawContact = (random: SeededRandom, healedAt: number): DrawnContact => {
  const flips: { at: number; open: boolean }[] = [];
  let open = random.chance(0.5);
  for (let at = 0; at < healedAt; at += random.between(20, 900)) {
    flips.push({ at, open });
    open = !open;
  }
  return { exportW: drawWatts(random), flips: [...flips, { at: healedAt, open: false }] };
};

const limitsOf = ({ agreementW, entries, topic, contact }: Omit<DrawnLocal, 'limits'>): DrawnLocal['limits'] => {
  const time = (minute: number): string =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  const schedule = entries.map(({ from, until, exportW }) => ({ from: time(from), until: time(until), exportW }));
  const contacts = [{ name: 'k1', path: CONTACT_PATH, closed: 1 }];
  const open = { exportW: contact?.exportW ?? 0 };
  const states = [{ closed: ['k1'] }, { closed: [], ...open }];
  const inputs = [
    ...(topic === null
      ? []
      : [
          {
            ...{ kind: 'mqtt', name: NAME_TOPIC, topic: TOPIC, expirySeconds: topic.expirySeconds },
            fallback: { exportW: topic.fallbackW },
          },
        ]),
    ...(contact === null ? [] : [{ kind: 'contacts', name: 'receiver', contacts, states, fallback: open }]),
  ];
  return {
    ...(agreementW === null ? {} : { agreement: { maxExportW: agreementW, kind: 'domestic' } }),
    ...(schedule.length === 0 ? {} : { schedule: { offsetMinutes: 0, entries: schedule } }),
    ...(inputs.length === 0 ? {} : { inputs }),
  };
};

/** Each source is there in a third of the seeds. */
export const drawLocal = (random: SeededRandom, healedAt: number, seconds: number): DrawnLocal => {
  const has = (): boolean => random.chance(1 / 3);
  const drawn = {
    agreementW: has() ? Math.round(random.between(3000, 9000)) : null,
    entries: has() ? drawEntries(random, healedAt) : [],
    topic: has() ? drawTopic(random, healedAt, seconds) : null,
    contact: has() ? drawContact(random, healedAt) : null,
  };
  return { ...drawn, limits: limitsOf(drawn) };
};

interface Certain {
  readonly from: number;
  readonly until: number;
  readonly exportW: number;
}

const scheduled = ({ entries }: DrawnLocal, seconds: number): readonly Certain[] =>
  entries.flatMap(({ from, until, exportW }) =>
    Array.from({ length: 1 + Math.ceil((BEGINS + seconds) / DAY_SECONDS) }, (_, day) => ({
      from: day * DAY_SECONDS + from * 60 - BEGINS + HEARD_SECONDS,
      until: day * DAY_SECONDS + until * 60 - BEGINS - HEARD_SECONDS,
      exportW,
    })),
  );

/** `deaf`: when a word may have been missed, or forgotten: then it is the word or the fallback, whichever is looser. */
const spoken = (topic: DrawnTopic, seconds: number, deaf: readonly Gap[]): readonly Certain[] => {
  const { says, expirySeconds, fallbackW } = topic;
  const heard = says.map(({ at, exportW }, index) => {
    const next = says[index + 1];
    const ends = Math.min(at + expirySeconds, next?.at ?? Infinity);
    // The same said again goes on.
    const until = next?.at === ends && next.exportW === exportW ? ends + HEARD_SECONDS : ends - HEARD_SECONDS;
    const missed = deaf.some((gap) => gap.from - DEAF_SECONDS < until && gap.until + DEAF_SECONDS > at);
    return { from: at + HEARD_SECONDS, until, exportW: missed ? Math.max(exportW, fallbackW) : exportW };
  });
  const silences = [{ at: -expirySeconds, exportW: 0 }, ...says].map(({ at }, index) => ({
    from: at + expirySeconds + HEARD_SECONDS,
    until: (says[index]?.at ?? seconds) - HEARD_SECONDS,
    exportW: fallbackW,
  }));
  return [...heard, ...silences];
};

const switched = ({ exportW, flips }: DrawnContact, seconds: number): readonly Certain[] =>
  flips.flatMap(({ at, open }, index) =>
    open ? [{ from: at + HEARD_SECONDS, until: (flips[index + 1]?.at ?? seconds) - HEARD_SECONDS, exportW }] : [],
  );

/** What the site's own sources limit for certain; at an edge for a moment nothing. */
const certain = (local: DrawnLocal, seconds: number, deaf: readonly Gap[]): readonly Certain[] =>
  [
    ...(local.agreementW === null ? [] : [{ from: HEARD_SECONDS, until: seconds, exportW: local.agreementW }]),
    ...scheduled(local, seconds),
    ...(local.topic === null ? [] : spoken(local.topic, seconds, deaf)),
    ...(local.contact === null ? [] : switched(local.contact, seconds)),
  ].filter(({ from, until }) => until > from && from < seconds);

/** The tightest of what the utility says and of the site's own sources, over time: `deaf` is when northd or controld were not there. */
export const withLocal = (
  spans: readonly LimitSpan[],
  local: DrawnLocal,
  seconds: number,
  deaf: readonly Gap[],
): readonly LimitSpan[] => {
  const own = certain(local, seconds, deaf);
  if (own.length === 0) return spans;
  const edges = [...spans.map(({ from }) => from), ...own.flatMap(({ from, until }) => [from, until])];
  const times = [...new Set([0, ...edges.filter((edge) => edge > 0 && edge < seconds)])].sort((a, b) => a - b);
  const all = times.map((from, index): LimitSpan => {
    const until = times[index + 1] ?? seconds;
    const said = spans.find((span) => span.from <= from && from < span.until);
    const limits = own.filter((one) => one.from <= from && from < one.until).map(({ exportW }) => exportW);
    const tightest = Math.min(said?.limitW ?? Infinity, ...limits);
    const { importW = null } = said ?? {};
    const source = limits.length === 0 ? (said?.source ?? 'nobody') : LOCAL;
    return { from, until, importW, source, limitW: tightest === Infinity ? null : tightest };
  });
  const merged: LimitSpan[] = [];
  for (const span of all) {
    const last = merged.at(-1);
    if (last?.limitW === span.limitW && last.importW === span.importW && last.source === span.source)
      merged[merged.length - 1] = { ...last, until: span.until };
    else merged.push(span);
  }
  return merged;
};

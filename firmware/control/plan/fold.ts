import { type UtilitySeconds, utilitySeconds } from '#base/units.ts';
import type { EventBody, Program, ProgramSet, Refusal, ServerStatus } from '../program.ts';
import { advancePlan, settle, type PlanStep } from './advance.ts';
import { closeEvent, type Outbox, outboxFor, refuse, transitionOf } from './answer.ts';
import { bounded } from './bound.ts';
import { NOTHING_KNOWN, type Surroundings } from './course.ts';
import { dueAt } from './effective.ts';
import { isLive, keyOf, keyText, REMEMBER_SECONDS, specifiedEnd, type Plan, type StoredEvent } from './plan.ts';
import { foldPrograms } from './programs.ts';
import { foldServers } from './servers.ts';
import { drawFor, offset } from './randomise.ts';
import { WALKS_APART_SECONDS } from './walk.ts';

/** What one set says of one event. */
interface Listing {
  readonly body: EventBody;
  readonly programs: readonly string[];
}

const listings = (set: ProgramSet): ReadonlyMap<string, Listing> => {
  const found = new Map<string, Listing>();
  for (const program of set.programs) {
    if (program.read === 'unread') continue;
    for (const body of program.events) {
      const key = keyText({ server: set.server, mRID: body.mRID, creationTime: body.creationTime });
      const known = found.get(key);
      if (known === undefined) found.set(key, { body, programs: [program.id] });
      else if (!known.programs.includes(program.id)) found.set(key, { ...known, programs: [...known.programs, program.id] });
    }
  }
  return found;
};

/** What an event is immutable in (ieee2030_5 3.5). */
const content = (body: EventBody): string => {
  const modes = Object.entries(body.modes).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([body.start, body.duration, body.randomizeStart, body.randomizeDuration, body.rampTms, modes]);
};

const followServer = (event: StoredEvent, served: EventBody, out: Outbox): StoredEvent => {
  const { status, statusAt, potentiallySuperseded, replyTo, responseRequired } = served;
  const body = { ...event.body, status, statusAt, potentiallySuperseded, replyTo, responseRequired };
  const altered = content(event.body) !== content(served);
  if (altered && !event.altered) {
    const text = `server changed event ${event.body.mRID}, which it may not; the first version stays`;
    out.notes.push({ event: 'event-altered', level: 'warn', text });
  }
  return { ...event, body, altered: event.altered || altered };
};

/** Status as served: a cancel ends it, with randomisation after a random part of the larger range (ieee2030_5 3.5). */
const followStatus = (event: StoredEvent, was: ServerStatus, now: UtilitySeconds, out: Outbox): StoredEvent => {
  const { status, randomizeStart, randomizeDuration } = event.body;
  // The server itself took back that it is superseded, before it began: nothing of it ever ran, so it may (ieee2030_5 3.5). What our
  // own arbitration superseded never resumes, however the server lists it (CSIP 7.10).
  const takenBack = event.phase === 'superseded' && was === 'superseded';
  const revived = takenBack && event.begun === null && (status === 'scheduled' || status === 'active');
  if (revived) return { ...event, phase: 'waiting' };
  if (!isLive(event)) return event;
  if (status === 'cancelled') return closeEvent(event, 'cancelled', now, out);
  if (status !== 'cancelled-with-randomization' || event.cancelAt !== null) return event;
  if (event.phase === 'waiting') return closeEvent(event, 'cancelled', now, out);
  const range = Math.max(Math.abs(randomizeStart ?? 0), Math.abs(randomizeDuration ?? 0));
  return { ...event, cancelAt: (now + offset(event.draw.cancel, range)) as UtilitySeconds };
};

interface Folding {
  readonly set: ProgramSet;
  readonly now: UtilitySeconds;
  readonly out: Outbox;
}

/** The refusal is told where the utility wants to know. */
const toldOf = (event: StoredEvent, refusal: Refusal, { set, now, out }: Folding): StoredEvent =>
  set.policy.refusals?.includes(refusal) === true ? refuse(event, refusal, now, out) : event;

/** An event of which nothing can be carried out, now that its curves are known as far as they are: refused, before it ever began. */
const judged = (event: StoredEvent, folding: Folding): StoredEvent => {
  const { out } = folding;
  if (!isLive(event) || event.started !== null || event.answered !== null || out.capability(event).length > 0) return event;
  const trouble = event.body.fault === undefined ? out.prospects(event) : null;
  return trouble === null ? event : toldOf(event, trouble, folding);
};

/** An event seen for the first time; null: too old to be remembered. What is refused of it is told where the utility wants to know. */
const admit = (
  set: ProgramSet,
  { body, programs }: Listing,
  now: UtilitySeconds,
  seed: string,
  out: Outbox,
): StoredEvent | null => {
  const event: StoredEvent = {
    server: set.server,
    body,
    programs,
    firstSeen: now,
    draw: drawFor(seed, body.mRID),
    phase: 'waiting',
    begun: null,
    lost: [],
    started: null,
    answered: null,
    cancelAt: null,
    vanishedSince: null,
    withdrawn: false,
    altered: false,
  };
  const end = specifiedEnd(event);
  if (end + REMEMBER_SECONDS <= now) return null;
  const told = (refusal: Refusal): StoredEvent => toldOf(event, refusal, { set, now, out });
  if (end <= now) {
    const text = `event ${body.mRID} ended at ${end}, before it was first seen: ignored`;
    out.notes.push({ event: 'event-expired', level: 'info', text });
    const isOver = body.status === 'scheduled' || body.status === 'active';
    return { ...(isOver ? told('expired') : event), phase: 'lapsed' };
  }
  if (body.fault !== undefined) {
    out.notes.push({ event: 'event-refused', level: 'warn', text: `event ${body.mRID} is refused: ${body.fault}` });
    return { ...told('invalid'), phase: 'lapsed' };
  }
  out.transitions.push(transitionOf(event, 'received', now, out.capability));
  const isStopped = body.status === 'cancelled' || body.status === 'cancelled-with-randomization' || body.status === 'superseded';
  return isStopped ? event : judged(event, { set, now, out });
};

/** What the set says of a program; one it does not name is gone, unless the set is partial. */
const sayOf = (set: ProgramSet, id: string): Program['read'] | 'gone' =>
  set.programs.find((program) => program.id === id)?.read ?? (set.partial === true ? 'unread' : 'gone');

const relist = (event: StoredEvent, listing: Listing, set: ProgramSet): StoredEvent => {
  const kept = event.programs.filter((id) => !listing.programs.includes(id) && sayOf(set, id) === 'unread');
  const programs = [...listing.programs, ...kept];
  const isOther = programs.length !== event.programs.length || programs.some((id, index) => id !== event.programs[index]);
  if (!isOther && event.vanishedSince === null && !event.withdrawn) return event;
  return { ...event, programs, vanishedSince: null, withdrawn: false };
};

/** The set does not list the event: withdrawn with its programs, kept where a program was not read, else vanished. */
const unlist = (event: StoredEvent, set: ProgramSet, now: UtilitySeconds, out: Outbox): StoredEvent => {
  const others = event.programs.filter((id) => sayOf(set, id) !== 'gone');
  const programs = others.length === event.programs.length ? event.programs : others;
  if (programs.length === 0) {
    if (isLive(event)) {
      const text = `event ${event.body.mRID} dropped: its program is no longer ours`;
      out.notes.push({ event: 'event-withdrawn', level: 'info', text });
    }
    return { ...event, withdrawn: true };
  }
  const stay = programs === event.programs ? event : { ...event, programs };
  const readable = programs.every((id) => sayOf(set, id) === 'read');
  if (!readable) return { ...stay, vanishedSince: null };
  // An ended event may leave the list at once; that is no cancellation.
  if (!isLive(event) || specifiedEnd(event) <= now) return stay;
  if (event.vanishedSince === null) {
    const text = `event ${event.body.mRID} is no longer listed; policy ${set.policy.vanished}`;
    out.notes.push({ event: 'event-vanished', level: 'warn', text });
    return { ...stay, vanishedSince: now };
  }
  if (set.policy.vanished === 'keep' || now - event.vanishedSince < WALKS_APART_SECONDS) return stay;
  return closeEvent(stay, 'cancelled', now, out);
};

/** Most fields are one object in both: only of the others is the whole compared. */
const sameEvent = (a: StoredEvent, b: StoredEvent): boolean => {
  if (a === b) return true;
  const fields = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof StoredEvent>;
  for (const field of fields) if (a[field] !== b[field] && JSON.stringify(a[field]) !== JSON.stringify(b[field])) return false;
  return true;
};

/** The plan with the curves of the set, by which its new events are judged. */
const withCurves = (plan: Plan, set: ProgramSet): Plan =>
  set.curves === undefined
    ? plan
    : { ...plan, servers: [...plan.servers, { server: set.server, policy: set.policy, curves: set.curves }] };

/** Transitions of one step in the order to answer in: every `received` first (ieee2030_5 3.6). */
const receivedFirst = (out: Outbox): Outbox => {
  const received = out.transitions.filter((transition) => transition.status === 'received');
  const others = out.transitions.filter((transition) => transition.status !== 'received');
  return { ...out, transitions: [...received, ...others] };
};

/**
 * Folds what one server says now into the memory (design D2). First bodies stay; draws are a hash of (seed, mRID); an unread program
 * keeps everything; a program gone from the set takes its events along without an answer. Folding the same set again changes nothing.
 * @param now utility time of the fold
 * @param seed the installation's seed; used for events not seen before
 * @param surroundings what a ramp that begins now starts from
 */
export const foldProgramSet = (
  plan: Plan,
  set: ProgramSet,
  now: UtilitySeconds,
  seed: string,
  surroundings: Surroundings = NOTHING_KNOWN,
): PlanStep => {
  const before = advancePlan(plan, now, surroundings);
  const listed = listings(set);
  const out = outboxFor(withCurves(before.plan, set));
  const programs = foldPrograms(before.plan.programs, set, now, out);
  const events: StoredEvent[] = [];
  const known = new Set<string>();
  for (const event of before.plan.events) {
    const key = keyText(keyOf(event));
    known.add(key);
    if (event.server !== set.server) {
      events.push(event);
      continue;
    }
    const listing = listed.get(key);
    const next =
      listing === undefined
        ? unlist(event, set, now, out)
        : followStatus(followServer(relist(event, listing, set), listing.body, out), event.body.status, now, out);
    const settled = judged(next, { set, now, out });
    events.push(sameEvent(event, settled) ? event : settled);
  }
  for (const [key, listing] of listed) {
    if (known.has(key)) continue;
    const admitted = admit(set, listing, now, seed, out);
    if (admitted !== null) events.push(followStatus(admitted, admitted.body.status, now, out));
  }
  const kept = bounded(events, now, out);
  const servers = foldServers(before.plan.servers, set, programs, kept);
  const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
    a.length === b.length && a.every((item, i) => item === b[i]);
  const unchanged = same(programs, before.plan.programs) && same(kept, before.plan.events) && same(servers, before.plan.servers);
  const folded = unchanged
    ? before.plan
    : settle({ ...before.plan, programs, events: kept, servers, dueAt: dueAt(kept) }, now, out, surroundings);
  const ordered = receivedFirst(out);
  return {
    plan: folded,
    transitions: [...before.transitions, ...ordered.transitions],
    notes: [...before.notes, ...ordered.notes],
  };
};

/** Forgets every server but those named: a server taken out of the configuration must not bind the site for ever. */
export const retainServers = (plan: Plan, servers: readonly string[]): Plan => {
  const programs = plan.programs.filter((program) => servers.includes(program.server));
  const events = plan.events.filter((event) => servers.includes(event.server));
  const known = plan.servers.filter((one) => servers.includes(one.server));
  const nothingGoes =
    programs.length === plan.programs.length && events.length === plan.events.length && known.length === plan.servers.length;
  if (nothingGoes) return plan;
  // What moved the limits is gone: those that are left bind at once, as at a start. Whatever was opened is still to be closed.
  const opened = plan.service?.opened ?? [];
  const service = opened.length === 0 ? null : { stopped: false, since: utilitySeconds(0), opened };
  return { ...plan, programs, events, servers: known, courses: [], service, dueAt: dueAt(events) };
};

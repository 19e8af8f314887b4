import { utilitySeconds, watts } from '#base/units.ts';
import type { EventBody, ProgramSet } from '#control/program.ts';
import type { DrawnEvent, Site } from './draw.ts';

export const UTILITY_EPOCH = 1_760_000_000;
/** An event stays listed after its end, seconds. */
const LISTED_AFTER_END = 120;

const bodyOf = (event: DrawnEvent, now: number): EventBody => {
  const { cancelAt, start, createdAt } = event;
  const cancelled = cancelAt !== null && cancelAt <= now;
  return {
    mRID: event.mRID,
    creationTime: utilitySeconds(UTILITY_EPOCH + createdAt),
    start: utilitySeconds(UTILITY_EPOCH + start),
    duration: event.durationSeconds,
    randomizeStart: null,
    randomizeDuration: null,
    status: cancelled ? 'cancelled' : start <= now ? 'active' : 'scheduled',
    statusAt: utilitySeconds(UTILITY_EPOCH + Math.floor(cancelled ? cancelAt : createdAt)),
    potentiallySuperseded: false,
    responseRequired: 3,
    replyTo: '/rsp',
    modes: { opModExpLimW: watts(event.limitW) },
    rampTms: null,
  };
};

/** The server: what it lists at a second of its time. */
export class Utility {
  readonly #site: Site;
  /** Published and not yet taken off the list, as they were drawn. */
  #events: DrawnEvent[] = [];

  constructor(site: Site) {
    this.#site = site;
  }

  publish(events: readonly DrawnEvent[]): void {
    this.#events.push(...events);
  }

  /** What is listed now. */
  listed(now: number): readonly DrawnEvent[] {
    this.#events = this.#events.filter((event) => event.start + event.durationSeconds + LISTED_AFTER_END > now);
    return this.#events.filter((event) => event.createdAt <= now);
  }

  setOf(listed: readonly DrawnEvent[], now: number): ProgramSet {
    const { defaults } = this.#site;
    return {
      server: 'utility',
      policy: { vanished: 'keep', noDefault: 'fallback' },
      programs: ([0, 1] as const).map((index) => ({
        id: `program-${index}`,
        primacy: index === 0 ? 1 : 5,
        read: 'read',
        defaultControl: { mRID: `default-${index}`, modes: { opModExpLimW: watts(defaults[index]) }, setGradW: null },
        events: listed.filter(({ program }) => program === index).map((event) => bodyOf(event, now)),
      })),
    };
  }
}

import type { Taker, Transition, TransitionStatus } from '#control/record.ts';
import type { Lfdi } from '../identity/fingerprint.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';

/** A Response and where it goes; `replyTo` is as served, unresolved. */
export interface OutgoingResponse {
  readonly replyTo: string;
  readonly body: ResourceOf<'DERControlResponse'>;
}

/** Response.status by transition; Australian servers take 1, 2, 3, 6 and 7 alone, and are told of no refusal. */
const STATUS: Readonly<Record<TransitionStatus, number>> = {
  received: 1,
  started: 2,
  completed: 3,
  cancelled: 6,
  superseded: 7,
  'not-applicable': 252,
  invalid: 253,
  expired: 254,
};

/** responseRequired: bit 0 asks for "received", bit 1 for what happened to the event. */
const RECEIVED_BIT = 0b01;
const OUTCOME_BIT = 0b10;

/** Superseded by a control of another program, of another server: where the utility has codes of their own for it, else 7. */
const TAKEN: Readonly<Partial<Record<Taker, number>>> = { 'other-program': 14, 'other-server': 13 };

const codeOf = ({ status, taker }: Transition, taken: readonly number[]): number => {
  const own = status !== 'superseded' || taker === undefined ? undefined : TAKEN[taker];
  return own !== undefined && taken.includes(own) ? own : STATUS[status];
};

export interface ResponseContext {
  readonly lfdi: Lfdi;
  /** Response.status values that the utility takes; others are never sent. */
  readonly responses: readonly number[];
}

/**
 * The DERControlResponse a transition asks for, or null when the event or the utility wants none: its bit is not set, or there is no `replyTo`.
 * The subject is the event's mRID exactly as served; the time is when it happened, in the server's time (IEEE 2030.5 Table 27).
 */
export const responseFor = (transition: Transition, { lfdi, responses }: ResponseContext): OutgoingResponse | null => {
  const bit = transition.status === 'received' ? RECEIVED_BIT : OUTCOME_BIT;
  const status = codeOf(transition, responses);
  if (!responses.includes(status)) return null;
  if (transition.replyTo === null || (transition.responseRequired & bit) === 0) return null;
  return {
    replyTo: transition.replyTo,
    body: {
      createdDateTime: Math.floor(transition.at),
      endDeviceLFDI: lfdi,
      status,
      subject: transition.mRID,
    },
  };
};

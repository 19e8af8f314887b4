import type { Note } from '#base/ports.ts';
import { utilitySeconds } from '#base/units.ts';
import {
  DEFAULT_SETTINGS,
  EVENTS_MAX,
  PROGRAMS_MAX,
  type DefaultControl,
  type EventBody,
  type Program,
  type PlanPolicy,
  type ProgramSet,
  type Refusal,
  type ServerStatus,
} from '#control/program.ts';
import type { WalkedControl, WalkedProgram, WalkedTree } from '../walk/tree.ts';
import { curvesOf } from './curves.ts';
import { modesOf } from './modes.ts';
import type { UtilityProfile } from './profile.ts';

export interface Translated {
  readonly set: ProgramSet;
  /** What was refused, by name; nothing else is lost by it. */
  readonly notes: readonly Note[];
}

/** IEEE 2030.5 EventStatus.currentStatus. 5 (completed, 2023) says nothing that our own clock does not. */
const STATUS: ReadonlyMap<number, ServerStatus> = new Map<number, ServerStatus>([
  [0, 'scheduled'],
  [1, 'active'],
  [2, 'cancelled'],
  [3, 'cancelled-with-randomization'],
  [4, 'superseded'],
  [5, 'active'],
]);

/** Responses by which a utility wants to be told of a refusal (IEEE 2030.5 Table 27). */
const REFUSALS: readonly (readonly [number, Refusal])[] = [
  [252, 'not-applicable'],
  [253, 'invalid'],
  [254, 'expired'],
];

/** DeviceCategoryType of what stands here: virtual or mixed DER, photovoltaic, other generation. */
const OWN_CATEGORIES = 0x0124_0000;

/** Longest event taken, seconds: a year; a longer one is a mistake of the server. */
const DURATION_MAX = 366 * 86_400;

/** Says a walked tree in the words of `control`: powers in watts, statuses by name, nothing interpreted (design D2). */
export const translate = (tree: WalkedTree, server: string, profile: UtilityProfile): Translated => {
  const notes: Note[] = [];
  const programs: Program[] = [];
  let room = EVENTS_MAX;
  const byPriority = [...tree.programs].sort((a, b) => a.program.primacy - b.program.primacy);
  for (const walked of byPriority.slice(0, PROGRAMS_MAX)) {
    const program = programOf(walked, room, notes);
    room -= program.events.length;
    programs.push(program);
  }
  const curves = curvesOf(tree.curves ?? [], notes);
  return {
    set: {
      server,
      programs,
      policy: policyOf(profile),
      ...(curves.length === 0 ? {} : { curves }),
      ...(tree.complete ? {} : { partial: true }),
    },
    notes,
  };
};

const policyOf = ({ vanished, noDefault, rampScope, responses }: UtilityProfile): PlanPolicy => {
  const refusals = REFUSALS.flatMap(([code, refusal]) => (responses.includes(code) ? [refusal] : []));
  return { vanished, noDefault, rampScope, ...(refusals.length === 0 ? {} : { refusals }) };
};

const programOf = (walked: WalkedProgram, room: number, notes: Note[]): Program => {
  const { program } = walked;
  const id = program.mRID === '' ? walked.url : program.mRID;
  const translatedDefault = defaultOf(walked, notes);
  const events = walked.controls.filter(concerns).map((control) => eventOf(control, notes));
  if (events.length > room) notes.push(refused(`program ${id}: ${events.length - room} events beyond ${EVENTS_MAX} left out`));
  return {
    id,
    primacy: program.primacy,
    read: walked.read && translatedDefault.usable ? 'read' : 'unread',
    defaultControl: translatedDefault.value,
    events: earliest(events, room),
  };
};

/** Overflow keeps what starts first (reference 3.5). */
const earliest = (events: readonly EventBody[], room: number): readonly EventBody[] =>
  events.length <= room ? events : [...events].sort((a, b) => a.start - b.start).slice(0, Math.max(0, room));

/** A default whose values are refused leaves the program unread: the default before it stays. */
const defaultOf = (walked: WalkedProgram, notes: Note[]): { readonly value: DefaultControl | null; readonly usable: boolean } => {
  const served = walked.defaultControl;
  if (served === null) return { value: null, usable: true };
  const modes = modesOf(served.DERControlBase);
  if (!modes.ok) {
    notes.push(refused(`default ${served.mRID}: ${modes.fault}`));
    return { value: null, usable: false };
  }
  const stated = Object.fromEntries(
    DEFAULT_SETTINGS.flatMap((name) => (served[name] === undefined ? [] : [[name, served[name]]])),
  );
  return { value: { mRID: served.mRID, modes: modes.value, setGradW: null, ...stated }, usable: true };
};

/** A control for other kinds of device is none of ours (ieee2030_5 3.5). */
const concerns = ({ control: { deviceCategory } }: WalkedControl): boolean =>
  deviceCategory === undefined || (Number.parseInt(deviceCategory, 16) & OWN_CATEGORIES) !== 0;

/** One with a value out of its range comes without modes, and says why: control must know that it is there, and never runs it. */
const eventOf = ({ control, replyTo }: WalkedControl, notes: Note[]): EventBody => {
  const status = STATUS.get(control.EventStatus.currentStatus);
  const modes = modesOf(control.DERControlBase);
  const { duration, start } = control.interval;
  if (status === undefined) notes.push(refused(`event ${control.mRID}: currentStatus ${control.EventStatus.currentStatus}`));
  const fault = !modes.ok ? modes.fault : duration > DURATION_MAX ? `duration of ${duration} s` : null;
  if (fault !== null) notes.push(refused(`event ${control.mRID}: ${fault}`));
  return {
    mRID: control.mRID,
    creationTime: utilitySeconds(control.creationTime),
    start: utilitySeconds(start),
    duration: Math.min(duration, DURATION_MAX),
    randomizeStart: control.randomizeStart ?? null,
    randomizeDuration: control.randomizeDuration ?? null,
    // An unknown one says nothing: our own clock decides.
    status: status ?? 'scheduled',
    statusAt: utilitySeconds(control.EventStatus.dateTime),
    potentiallySuperseded: control.EventStatus.potentiallySuperseded,
    responseRequired: responseBits(control.responseRequired),
    replyTo,
    modes: modes.ok && fault === null ? modes.value : {},
    rampTms: control.DERControlBase.rampTms ?? null,
    ...(fault === null ? {} : { fault }),
  };
};

/** HexBinary8 bit map; absent asks for nothing (schema default 00). */
const responseBits = (hex: string | undefined): number => (hex === undefined || hex === '' ? 0 : Number.parseInt(hex, 16) & 0xff);

const refused = (text: string): Note => ({ event: 'control-refused', level: 'warn', text });

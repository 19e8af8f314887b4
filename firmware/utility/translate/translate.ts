import type { Note } from '#base/ports.ts';
import { utilitySeconds } from '#base/units.ts';
import {
  EVENTS_MAX,
  PROGRAMS_MAX,
  type DefaultControl,
  type EventBody,
  type Program,
  type ProgramSet,
  type ServerStatus,
} from '#control/program.ts';
import type { WalkedControl, WalkedProgram, WalkedTree } from '../walk/tree.ts';
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
  const policy = { vanished: profile.vanished, noDefault: profile.noDefault } as const;
  return { set: { server, programs, policy, ...(tree.complete ? {} : { partial: true }) }, notes };
};

const programOf = (walked: WalkedProgram, room: number, notes: Note[]): Program => {
  const { program } = walked;
  const id = program.mRID === '' ? walked.url : program.mRID;
  const translatedDefault = defaultOf(walked, notes);
  const events = walked.controls.map((control) => eventOf(control, notes)).filter((event) => event !== null);
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
  return { value: { mRID: served.mRID, modes: modes.value, setGradW: served.setGradW ?? null }, usable: true };
};

/** Null: refused, said in the notes. */
const eventOf = ({ control, replyTo }: WalkedControl, notes: Note[]): EventBody | null => {
  const status = STATUS.get(control.EventStatus.currentStatus);
  const modes = modesOf(control.DERControlBase);
  const { duration, start } = control.interval;
  const fault = !modes.ok
    ? modes.fault
    : status === undefined
      ? `currentStatus ${control.EventStatus.currentStatus}`
      : duration > DURATION_MAX
        ? `duration of ${duration} s`
        : null;
  if (fault !== null || !modes.ok || status === undefined) {
    notes.push(refused(`event ${control.mRID}: ${fault ?? 'unusable'}`));
    return null;
  }
  return {
    mRID: control.mRID,
    creationTime: utilitySeconds(control.creationTime),
    start: utilitySeconds(start),
    duration,
    randomizeStart: control.randomizeStart ?? null,
    randomizeDuration: control.randomizeDuration ?? null,
    status,
    statusAt: utilitySeconds(control.EventStatus.dateTime),
    potentiallySuperseded: control.EventStatus.potentiallySuperseded,
    responseRequired: responseBits(control.responseRequired),
    replyTo,
    modes: modes.value,
    rampTms: control.DERControlBase.rampTms ?? null,
  };
};

/** HexBinary8 bit map; absent asks for nothing (schema default 00). */
const responseBits = (hex: string | undefined): number => (hex === undefined || hex === '' ? 0 : Number.parseInt(hex, 16) & 0xff);

const refused = (text: string): Note => ({ event: 'control-refused', level: 'warn', text });

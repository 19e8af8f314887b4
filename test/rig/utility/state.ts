/**
 * The utility's memory and the commands that change it. One owner (a shell or a test) holds it; everything here is synchronous and
 * follows from the options, the commands and the times given.
 */
import { assert } from '#base/assert.ts';
import { SeededRandom } from '#base/random.ts';
import type { Body } from './body.ts';
import { ACTIVE, endOf, statusAt, type Control, type Program, type ServedControl } from './controls.ts';
import { DER_PARTS, hrefOf, type Hrefs, type ResourceKind } from './hrefs.ts';
import { newJournal, type Journal } from './journal.ts';
import type { Modes, ScenarioControl, ScenarioProgram, UtilityOptions } from './options.ts';
import { loadSchema, type Schema } from './schema.ts';
import type { Stage } from './stage.ts';
import type { Paging } from './viewer.ts';

/** A registered client and what it told about itself. */
export interface Device {
  readonly lfdi: string;
  readonly sfdi: number;
  readonly registeredAt: number;
  /** false: the server lists it as disabled. */
  enabled: boolean;
  /** Bodies last accepted, by `heldKey`. */
  readonly held: Map<string, Body>;
  readonly logEvents: Body[];
}

export interface MirrorReadingType {
  readonly uom: number | null;
  readonly phase: number | null;
  readonly flowDirection: number | null;
  readonly multiplier: number;
}

export interface Mirror {
  readonly id: string;
  readonly mRID: string;
  readonly lfdi: string;
  readonly createdAt: number;
  body: Body;
  readonly readingTypes: Map<string, MirrorReadingType>;
}

export interface UtilityState {
  readonly options: UtilityOptions;
  readonly schema: Schema;
  readonly random: SeededRandom;
  readonly hrefs: Hrefs;
  readonly journal: Journal;
  readonly devices: Map<string, Device>;
  readonly programs: Program[];
  readonly controls: Control[];
  readonly mirrors: Map<string, Mirror>;
  readonly receivedResponses: Body[];
  /** Scenario controls still to publish, by `at`, and cancellations still to make. */
  readonly toPublish: ScenarioControl[];
  readonly toCancel: { readonly at: number; readonly control: Control }[];
  pollRate: number;
  postRate: number;
  /** pollRate of single kinds of resource; null: none is stated. */
  readonly rates: Map<ResourceKind, number | null>;
  /** Lists paged wrongly. */
  readonly paging: Map<ResourceKind, Paging>;
  /** What is wrong with the server at present. */
  readonly stages: Stage[];
  pin: number | null | 'absent';
  /** Programs of each assignment by name; null: as the options say. */
  assignments: readonly (readonly string[])[] | null;
  /** Programs associated with a DER, by its number from 1. */
  readonly associated: Map<string, readonly string[]>;
  /** The EndDevice links to its assignments. */
  offersAssignments: boolean;
  /** The device is on the list of EndDevices; false: registered, but not shown. */
  offersDevice: boolean;
  /** Time tells the server's time plus this, s. */
  timeJump: number;
  /** Every request is answered with this status; null: normal service. */
  outage: number | null;
  exchanges: number;
}

/** Private enterprise number in the last eight digits of every mRID minted (the documentation PEN). */
const PEN = '00032473';

/** Where a device's body is kept: each of several DER has its own. */
export const heldKey = (kind: ResourceKind, item: string | null): string =>
  DER_PARTS.includes(kind) ? `${kind}/${item ?? '1'}` : kind;

const MAX_CONTROLS = 10_000;

export const mintMRID = (state: Pick<UtilityState, 'random'>): string =>
  Buffer.from(state.random.bytes(12)).toString('hex').toUpperCase() + PEN;

/** A program as the scenario describes it, with identities of its own. */
export const newProgram = (random: SeededRandom, given: ScenarioProgram): Program => ({
  name: given.name,
  mRID: mintMRID({ random }),
  primacy: given.primacy,
  defaultMRID: mintMRID({ random }),
  default: given.default,
  settings: given.settings ?? {},
  curves: given.curves ?? [],
  defaultServed: [],
});

/** A server that has just started, with nothing published yet. */
export const createUtility = (options: UtilityOptions): UtilityState => {
  const random = new SeededRandom(options.seed, 'utility');
  const state: UtilityState = {
    options,
    schema: loadSchema(options.extension),
    random,
    hrefs: { layout: options.layout, random, byKey: new Map(), byPath: new Map(), moved: new Set() },
    journal: newJournal(),
    devices: new Map(),
    programs: options.scenario.programs.map((program) => newProgram(random, program)),
    controls: [],
    mirrors: new Map(),
    receivedResponses: [],
    toPublish: options.scenario.controls.toSorted((a, b) => a.at - b.at),
    toCancel: [],
    pollRate: options.scenario.pollRate,
    postRate: options.scenario.postRate,
    rates: new Map(),
    paging: new Map(),
    stages: [],
    pin: options.pin,
    assignments: null,
    associated: new Map(Object.entries(options.associated)),
    offersAssignments: true,
    offersDevice: true,
    timeJump: 0,
    outage: null,
    exchanges: 0,
  };
  hrefOf(state.hrefs, 'dcap');
  for (const { lfdi, sfdi } of options.devices) registerDevice(state, lfdi, sfdi, options.startedAt);
  return state;
};

/** Path of DeviceCapability, the only one a client is told. */
export const dcapPath = (state: UtilityState): string => hrefOf(state.hrefs, 'dcap');

export const registerDevice = (state: UtilityState, lfdi: string, sfdi: number, at: number): Device => {
  const registeredAt = Math.floor(at);
  const device: Device = { lfdi: lfdi.toUpperCase(), sfdi, registeredAt, enabled: true, held: new Map(), logEvents: [] };
  state.devices.set(device.lfdi, device);
  return device;
};

/** Forgets a client: its requests are answered with 404 from now on. */
export const removeDevice = (state: UtilityState, lfdi: string): void => {
  state.devices.delete(lfdi.toUpperCase());
};

/** The program of that name; there must be one. */
export const programNamed = (state: UtilityState, name: string): Program => {
  const program = state.programs.find((candidate) => candidate.name === name);
  assert(program !== undefined, `the scenario has a program named ${name}`);
  return program;
};

export interface NewControl {
  readonly name?: string | undefined;
  readonly program: string;
  /** Server time, s. */
  readonly start: number;
  readonly durationSeconds: number;
  readonly modes: Modes;
  readonly randomizeStart?: number | null | undefined;
  readonly randomizeDuration?: number | null | undefined;
  /** Absent: drawn. Another event's: the server contradicts itself. */
  readonly mRID?: string | undefined;
  /** Absent: `at`. */
  readonly creationTime?: number | undefined;
  readonly responseRequired?: string | undefined;
}

/** Publishes an event at server time `at`. */
export const createControl = (state: UtilityState, given: NewControl, at: number): Control => {
  assert(state.controls.length < MAX_CONTROLS, `at most ${MAX_CONTROLS} events a run`);
  const control: Control = {
    name: given.name ?? null,
    mRID: given.mRID ?? mintMRID(state),
    program: programNamed(state, given.program).name,
    creationTime: Math.floor(given.creationTime ?? at),
    start: Math.floor(given.start),
    duration: given.durationSeconds,
    randomizeStart: given.randomizeStart ?? null,
    randomizeDuration: given.randomizeDuration ?? null,
    modes: given.modes,
    responseRequired: given.responseRequired ?? null,
    version: null,
    saidStatus: null,
    cancelRandomized: false,
    cancelledAt: null,
    supersededAt: null,
    removedAt: null,
    firstServedAt: null,
    cancelServedAt: null,
  };
  state.controls.push(control);
  return control;
};

/** The event first published with that mRID; there must be one. */
export const controlOf = (state: UtilityState, mRID: string): Control => {
  const control = state.controls.find((candidate) => candidate.mRID === mRID);
  assert(control !== undefined, `an event ${mRID} was published`);
  return control;
};

/** Sets status 2, or 3 with `randomized`; it stays on the list until its end. */
export const cancelControl = (state: UtilityState, mRID: string, at: number, randomized = false): void => {
  const control = controlOf(state, mRID);
  control.cancelledAt ??= at;
  control.cancelRandomized = randomized;
};

/** Sets status 4; it stays on the list until its end. */
export const supersedeControl = (state: UtilityState, mRID: string, at: number): void => {
  controlOf(state, mRID).supersededAt ??= at;
};

/** Takes it off the list without a word (not a cancellation in 2018). */
export const removeControl = (state: UtilityState, mRID: string, at: number): void => {
  controlOf(state, mRID).removedAt ??= at;
};

/** Changes the default of a program; null: none any more. */
export const setDefault = (state: UtilityState, program: string, modes: Modes | null): void => {
  programNamed(state, program).default = modes;
};

export interface Rates {
  /** Of every resource without a rate of its own, s. */
  readonly pollRate?: number;
  readonly postRate?: number;
  /** Of single kinds of resource; null: none is stated. */
  readonly of?: Readonly<Partial<Record<ResourceKind, number | null>>>;
}

export const setRates = (state: UtilityState, rates: Rates): void => {
  state.pollRate = rates.pollRate ?? state.pollRate;
  state.postRate = rates.postRate ?? state.postRate;
  for (const [kind, rate] of Object.entries(rates.of ?? {})) state.rates.set(kind as ResourceKind, rate);
};

/** Answers everything with `status` (500: the usual simulated loss of communication); null: normal service. */
export const setOutage = (state: UtilityState, status: number | null): void => {
  state.outage = status;
};

const later = (control: ScenarioControl, seconds: number): ScenarioControl => ({
  ...control,
  at: control.at + seconds,
  cancelAt: typeof control.cancelAt === 'number' ? control.cancelAt + seconds : null,
});

/** Publishes and cancels what the scenario has due at server time `at`. Called with every request and by the shells' tick. */
export const advance = (state: UtilityState, at: number): void => {
  const elapsed = at - state.options.startedAt;
  for (let next = state.toPublish[0]; next !== undefined && next.at <= elapsed; next = state.toPublish[0]) {
    state.toPublish.shift();
    const published = state.options.startedAt + next.at;
    const control = createControl(state, { ...next, start: published + next.startsIn }, published);
    if (typeof next.cancelAt === 'number') state.toCancel.push({ at: next.cancelAt, control });
    const again = state.options.repeatSeconds;
    if (again !== null && again > 0) state.toPublish.push(later(next, again));
  }
  for (const { at: due, control } of state.toCancel) {
    if (due <= elapsed) control.cancelledAt ??= state.options.startedAt + due;
  }
};

/** Every event published so far, as plain data. */
export const servedControls = (state: UtilityState): readonly ServedControl[] =>
  state.controls.map((control) => ({ ...control, primacy: programNamed(state, control.program).primacy }));

/** What was served as the default of each program, from when on. */
export const servedDefaults = (
  state: UtilityState,
): readonly { readonly program: string; readonly primacy: number; readonly at: number; readonly modes: Modes | null }[] =>
  state.programs.flatMap((program) =>
    program.defaultServed.map(({ at, modes }) => ({ program: program.name, primacy: program.primacy, at, modes })),
  );

/** Lower primacy first, then newer. */
const byRank =
  (state: UtilityState) =>
  (a: Control, b: Control): number => {
    const difference = programNamed(state, a.program).primacy - programNamed(state, b.program).primacy;
    return difference === 0 ? b.creationTime - a.creationTime : difference;
  };

/** The limit a client that knew everything published would hold at `at`: lowest primacy, then newest; else the best default; null: none. */
export const limitInForce = (state: UtilityState, mode: keyof Modes, at: number): number | null => {
  const running = state.controls.filter(
    (control) =>
      statusAt(control, at) === ACTIVE &&
      at < endOf(control) &&
      control.removedAt === null &&
      typeof control.modes[mode] === 'number',
  );
  const event = running.toSorted(byRank(state))[0]?.modes[mode];
  if (typeof event === 'number') return event;
  const best = state.programs
    .toSorted((a, b) => a.primacy - b.primacy)
    .find((program) => typeof program.default?.[mode] === 'number');
  const value = best?.default?.[mode];
  return typeof value === 'number' ? value : null;
};

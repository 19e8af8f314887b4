/** Programs and events as the utility means them, their status by server time, and their bodies. */
import type { Body } from './body.ts';
import type { Curve, Modes } from './options.ts';
import type { Schema } from './schema.ts';

export interface Program {
  readonly name: string;
  readonly mRID: string;
  /** A utility may change it, also while an event runs. */
  primacy: number;
  readonly defaultMRID: string;
  default: Modes | null;
  /** setGradW and its like, served with the default. */
  settings: Readonly<Record<string, number>>;
  curves: readonly Curve[];
  /** What a client was told about the default, at each change; null: told that there is none. */
  readonly defaultServed: { readonly at: number; readonly modes: Modes | null }[];
}

/** An event. Its body never changes after creation, only its status, except where a test stages a server that does it. Times are server time in seconds. */
export interface Control {
  /** Name in the scenario; null: none. */
  readonly name: string | null;
  readonly mRID: string;
  readonly program: string;
  creationTime: number;
  start: number;
  duration: number;
  randomizeStart: number | null;
  randomizeDuration: number | null;
  modes: Modes;
  /** Null: as the server's. */
  responseRequired: string | null;
  /** `version` of the IdentifiedObject; null: absent. */
  version: number | null;
  /** currentStatus said whatever the time; null: by the time. */
  saidStatus: number | null;
  /** A cancellation says 3, cancelled with randomisation. */
  cancelRandomized: boolean;
  cancelledAt: number | null;
  supersededAt: number | null;
  /** Taken off the list without a cancellation. */
  removedAt: number | null;
  /** When a client first received it, and first received its cancellation. */
  firstServedAt: number | null;
  cancelServedAt: number | null;
}

/** What was served when, for a judge. */
export interface ServedControl {
  readonly name: string | null;
  readonly mRID: string;
  readonly program: string;
  readonly primacy: number;
  readonly creationTime: number;
  readonly start: number;
  readonly duration: number;
  readonly randomizeStart: number | null;
  readonly randomizeDuration: number | null;
  readonly modes: Modes;
  readonly cancelledAt: number | null;
  readonly supersededAt: number | null;
  readonly removedAt: number | null;
  readonly firstServedAt: number | null;
  readonly cancelServedAt: number | null;
}

/** EventStatus.currentStatus. */
export const SCHEDULED = 0;
export const ACTIVE = 1;
export const CANCELLED = 2;
export const CANCELLED_RANDOMIZED = 3;
export const SUPERSEDED = 4;

export const endOf = (control: Control): number => control.start + control.duration;

/** The status at server time `at`; cancelled and superseded are final. */
export const statusAt = (control: Control, at: number): number => {
  if (control.saidStatus !== null) return control.saidStatus;
  if (control.cancelledAt !== null && at >= control.cancelledAt)
    return control.cancelRandomized ? CANCELLED_RANDOMIZED : CANCELLED;
  if (control.supersededAt !== null && at >= control.supersededAt) return SUPERSEDED;
  return at < control.start ? SCHEDULED : ACTIVE;
};

/** Still on the list: not taken off, not over (the longest randomised duration included). */
export const listedAt = (control: Control, at: number, afterEnd: number): boolean =>
  control.removedAt === null &&
  at < endOf(control) + afterEnd + Math.max(0, control.randomizeStart ?? 0) + Math.max(0, control.randomizeDuration ?? 0);

const modeNames = (modes: Modes): readonly string[] =>
  Object.entries(modes).flatMap(([name, value]) => (value !== undefined && name !== 'rampTms' ? [name] : []));

const beats = (a: Control, b: Control, programs: readonly Program[]): boolean => {
  const primacy = (control: Control): number => programs.find((program) => program.name === control.program)?.primacy ?? 255;
  if (primacy(a) !== primacy(b)) return primacy(a) < primacy(b);
  return a.creationTime > b.creationTime;
};

/** Whether a better event of overlapping time shares a mode with it. */
export const potentiallySuperseded = (
  control: Control,
  controls: readonly Control[],
  programs: readonly Program[],
  at: number,
): boolean =>
  controls.some(
    (other) =>
      other !== control &&
      listedAt(other, at, 0) &&
      statusAt(other, at) < CANCELLED &&
      other.start < endOf(control) &&
      control.start < endOf(other) &&
      modeNames(other.modes).some((mode) => modeNames(control.modes).includes(mode)) &&
      beats(other, control, programs),
  );

const INT16_MAX = 32_767;

/** Watts as value and multiplier; `reduced` takes out up to two factors of ten, as GE servers do. Rounds down above 32 767 W. */
export const activePower = (watts: number, reduced: boolean): Body => {
  let value = Math.trunc(watts);
  let multiplier = 0;
  while (Math.abs(value) > INT16_MAX || (reduced && multiplier < 2 && value !== 0 && value % 10 === 0)) {
    value = Math.trunc(value / 10);
    multiplier += 1;
  }
  return { multiplier, value };
};

export interface BaseContext {
  readonly schema: Schema;
  readonly reduced: boolean;
  /** Where a curve of the program is. */
  readonly curveHref: (curve: string) => string;
}

const POWERS: readonly string[] = ['ActivePower', 'ReactivePower'];

/** DERControlBase of the modes: powers with their multiplier, curves as links; a mode the spoken extension does not have is left out. */
export const controlBase = (modes: Modes, context: BaseContext): Body => {
  const base: Record<string, Body | number | boolean> = {};
  const types = new Map(context.schema.resources.get('DERControlBase')?.elements.map(({ name, type }) => [name, type]));
  for (const [name, value] of Object.entries(modes) as readonly [string, Modes[keyof Modes]][]) {
    const type = types.get(name);
    if (value === undefined || type === undefined) continue;
    if (typeof value === 'string') base[name] = { '@href': context.curveHref(value) };
    else if (typeof value === 'number' && POWERS.includes(type)) base[name] = activePower(value, context.reduced);
    else base[name] = typeof value === 'object' ? { ...value } : value;
  }
  return base;
};

export interface ControlContext {
  readonly href: string;
  readonly replyTo: string;
  readonly responseRequired: string;
  readonly base: BaseContext;
  readonly superseded: boolean;
  readonly at: number;
}

/** DERControl as served at `context.at`. */
export const controlBody = (control: Control, context: ControlContext): Body => {
  const status = statusAt(control, context.at);
  const changed = [
    control.creationTime,
    Math.max(control.start, control.creationTime),
    control.cancelledAt,
    control.cancelledAt,
    control.supersededAt,
  ][status];
  return {
    '@href': context.href,
    '@replyTo': context.replyTo,
    '@responseRequired': control.responseRequired ?? context.responseRequired,
    '@subscribable': 0,
    mRID: control.mRID,
    ...(control.version === null ? {} : { version: control.version }),
    creationTime: control.creationTime,
    EventStatus: {
      currentStatus: status,
      dateTime: Math.floor(changed ?? control.creationTime),
      potentiallySuperseded: context.superseded,
      ...(context.superseded ? { potentiallySupersededTime: control.creationTime } : {}),
      ...(status === CANCELLED || status === CANCELLED_RANDOMIZED ? { reason: '' } : {}),
    },
    interval: { duration: control.duration, start: control.start },
    ...(control.randomizeDuration === null ? {} : { randomizeDuration: control.randomizeDuration }),
    ...(control.randomizeStart === null ? {} : { randomizeStart: control.randomizeStart }),
    DERControlBase: controlBase(control.modes, context.base),
  };
};

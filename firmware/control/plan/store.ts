import * as v from 'valibot';
import { fail, ok, type Result } from '#base/result.ts';
import { utilitySeconds } from '#base/units.ts';
import { curvesSchema, modeListSchema, modesSchema } from './mode-schema.ts';
import { INVERTER_MODES } from '../modes.ts';
import { type ControlMode, EVENTS_MAX, RAMP_SCOPES, REFUSALS } from '../program.ts';
import { INTAKE_MODES, OUTPUT_MODES } from './course.ts';
import { dueAt } from './effective.ts';
import { keyOf, keyText, PLAN_PROGRAMS_MAX, type Plan, type StoredEvent } from './plan.ts';

/** Format of the stored plan (design D17). */
export const PLAN_FORMAT = 1;

export type PlanFault =
  | { readonly kind: 'unknown-format'; readonly found: string }
  /** `problems`: path and what was expected, the first few. */
  | { readonly kind: 'malformed'; readonly problems: readonly string[] };

const PROBLEMS_MAX = 5;
/** Inverters of a site (bounds the configuration keeps, with room). */
const DEVICES_MAX = 64;
/** Utility servers of a site (bounds the configuration keeps, with room). */
const PLAN_SERVERS_MAX = 16;

// No bounds on values here: whatever was folded must be readable again. The file's size bounds them (design D10).
const number = v.pipe(v.number(), v.finite());
const instant = v.pipe(number, v.transform(utilitySeconds));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const text = v.string();

const bounds = { number, percent: number, name: text };
const modes = modesSchema(bounds);

const body = v.object({
  mRID: text,
  creationTime: instant,
  start: instant,
  duration: number,
  randomizeStart: v.nullable(number),
  randomizeDuration: v.nullable(number),
  status: v.picklist(['scheduled', 'active', 'cancelled', 'cancelled-with-randomization', 'superseded']),
  statusAt: instant,
  potentiallySuperseded: v.boolean(),
  responseRequired: number,
  replyTo: v.nullable(text),
  modes,
  rampTms: v.nullable(number),
  fault: v.exactOptional(text),
});

const event = v.object({
  server: text,
  body,
  programs: v.pipe(v.array(text), v.maxLength(PLAN_PROGRAMS_MAX)),
  firstSeen: instant,
  draw: v.object({ start: fraction, duration: fraction, cancel: fraction }),
  phase: v.picklist(['waiting', 'running', 'completed', 'cancelled', 'superseded', 'lapsed']),
  begun: v.nullable(v.object({ start: instant, end: instant })),
  lost: modeListSchema,
  started: v.nullable(instant),
  answered: v.nullable(v.picklist(['completed', 'cancelled', 'superseded', ...REFUSALS])),
  cancelAt: v.nullable(instant),
  vanishedSince: v.nullable(instant),
  withdrawn: v.boolean(),
  altered: v.boolean(),
});

const program = v.object({
  server: text,
  id: text,
  primacy: number,
  defaultControl: v.nullable(
    v.object({
      mRID: v.nullable(text),
      modes,
      setGradW: v.nullable(number),
      setSoftGradW: v.exactOptional(v.nullable(number)),
      setESDelay: v.exactOptional(v.nullable(number)),
      setESRandomDelay: v.exactOptional(v.nullable(number)),
      setESRampTms: v.exactOptional(v.nullable(number)),
    }),
  ),
  defaultMissingSince: v.nullable(instant),
  heard: v.optional(v.boolean(), false),
});

const server = v.object({
  server: text,
  policy: v.object({
    vanished: v.picklist(['keep', 'cancel']),
    noDefault: v.picklist(['fallback', 'siteCap']),
    rampScope: v.exactOptional(v.picklist(RAMP_SCOPES)),
    refusals: v.exactOptional(v.array(v.picklist(REFUSALS))),
  }),
  curves: curvesSchema(bounds),
});

const course = {
  holder: v.nullable(text),
  value: v.nullable(number),
  ramp: v.nullable(v.object({ from: number, to: number, start: instant, end: instant })),
};
const output = v.object({ mode: v.picklist(OUTPUT_MODES), ...course });
const intake = v.object({ mode: v.picklist(INTAKE_MODES), ...course });

const service = v.object({
  stopped: v.boolean(),
  since: instant,
  opened: v.pipe(v.array(text), v.maxLength(DEVICES_MAX)),
  softGradW: v.exactOptional(number),
  wait: v.exactOptional(number),
  ramp: v.exactOptional(number),
  draw: v.exactOptional(fraction),
});

const plan = v.object({
  format: v.literal(PLAN_FORMAT),
  programs: v.pipe(v.array(program), v.maxLength(PLAN_PROGRAMS_MAX)),
  events: v.pipe(v.array(event), v.maxLength(EVENTS_MAX)),
  // Absent in the plan of a release before servers were kept, or that could not ramp (design D17).
  servers: v.optional(v.pipe(v.array(server), v.maxLength(PLAN_SERVERS_MAX)), []),
  courses: v.optional(v.pipe(v.array(output), v.maxLength(OUTPUT_MODES.length)), []),
  // A release before these would refuse a mode that it does not know, and skips a member that it does not.
  intake: v.optional(v.pipe(v.array(intake), v.maxLength(INTAKE_MODES.length)), []),
  service: v.optional(v.nullable(service), null),
});

/** The plan as a JSON value. */
export const encodePlan = ({ programs, events, servers, courses, service }: Plan): unknown => ({
  format: PLAN_FORMAT,
  programs,
  events,
  servers,
  courses: courses.filter(({ mode }) => OUTPUT_MODES.some((one) => one === mode)),
  intake: courses.filter(({ mode }) => INTAKE_MODES.some((one) => one === mode)),
  service,
});

const formatOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;

/** What a shape cannot say: unique keys, and a running event that has begun. */
const contradiction = (events: readonly StoredEvent[]): string | null => {
  if (new Set(events.map((one) => keyText(keyOf(one)))).size !== events.length) return 'events: an event is stored twice';
  const unbegun = events.find((one) => one.phase === 'running' && one.begun === null);
  return unbegun === undefined ? null : `events: ${unbegun.body.mRID} runs but has no effective times`;
};

/** Reads a stored plan; never throws. Unknown members are skipped, so that a rolled-back release can read its successor's additions. */
export const decodePlan = (value: unknown, executable: readonly ControlMode[] = INVERTER_MODES): Result<Plan, PlanFault> => {
  const format = formatOf(value);
  if (typeof format === 'number' && format !== PLAN_FORMAT) return fail({ kind: 'unknown-format', found: String(format) });
  const parsed = v.safeParse(plan, value, { abortPipeEarly: true });
  if (!parsed.success) {
    const problems = parsed.issues.slice(0, PROBLEMS_MAX).map((issue) => `${v.getDotPath(issue) ?? 'plan'}: ${issue.message}`);
    return fail({ kind: 'malformed', problems });
  }
  const { programs, events, servers, service } = parsed.output;
  const wrong = contradiction(events);
  if (wrong !== null) return fail({ kind: 'malformed', problems: [wrong] });
  const courses = [...parsed.output.courses, ...parsed.output.intake];
  return ok({ programs, events, servers, courses, service, dueAt: dueAt(events), executable });
};

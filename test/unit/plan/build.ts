import { utilitySeconds, watts, type UtilitySeconds } from '#base/units.ts';
import { INVERTER_MODES } from '#control/modes.ts';
import { activeLimits } from '#control/plan/active.ts';
import { advancePlan, confirmStarted, pendingStarts, type PlanStep } from '#control/plan/advance.ts';
import { foldProgramSet } from '#control/plan/fold.ts';
import { emptyPlan, type Plan } from '#control/plan/plan.ts';
import { decodePlan, encodePlan } from '#control/plan/store.ts';
import type { ControlMode, ControlModes, DefaultControl, EventBody, PlanPolicy, Program, ProgramSet } from '#control/program.ts';
import type { Targets } from '#control/limits.ts';
import type { Transition } from '#control/record.ts';

export const SEED = 'test';
export const at = (value: number): UtilitySeconds => utilitySeconds(value);

export const body = (mRID: string, start: number, duration: number, patch: Partial<EventBody> = {}): EventBody => ({
  mRID,
  creationTime: at(0),
  start: at(start),
  duration,
  randomizeStart: null,
  randomizeDuration: null,
  status: 'scheduled',
  statusAt: at(0),
  potentiallySuperseded: false,
  responseRequired: 3,
  replyTo: '/rsp',
  modes: { opModExpLimW: watts(1500) },
  rampTms: null,
  ...patch,
});

export const exportLimit = (value: number): ControlModes => ({ opModExpLimW: watts(value) });
export const defaults = (modes: ControlModes): DefaultControl => ({ mRID: 'default', modes, setGradW: null });

export const program = (id: string, primacy: number, events: readonly EventBody[], patch: Partial<Program> = {}): Program => ({
  id,
  primacy,
  read: 'read',
  defaultControl: defaults(exportLimit(5000)),
  events,
  ...patch,
});

export const setOf = (
  programs: readonly Program[],
  vanished: 'keep' | 'cancel' = 'keep',
  policy: Partial<PlanPolicy> = {},
): ProgramSet => ({
  server: 'utility',
  programs,
  policy: { vanished, noDefault: 'fallback', ...policy },
});

export const NO_COMMISSIONED = { exportW: null, generationW: null };
export const FALLBACK = { exportW: watts(1000), importW: null };

/** Drives a plan as the tick does, restarting it from its stored form each time, and keeps every transition. */
export class Driver {
  plan: Plan;
  readonly transitions: Transition[] = [];
  readonly noteNames: string[] = [];

  constructor(executable: readonly ControlMode[] = INVERTER_MODES) {
    this.plan = emptyPlan(executable);
  }

  fold(set: ProgramSet, now: number): this {
    return this.#take(foldProgramSet(this.plan, set, at(now), SEED)).confirm(now);
  }

  advance(now: number): this {
    return this.#take(advancePlan(this.plan, at(now))).confirm(now);
  }

  /** Only time passes; nothing is enforced. */
  advanceUnconfirmed(now: number): this {
    return this.#take(advancePlan(this.plan, at(now)));
  }

  confirm(now: number): this {
    const { plan, transitions } = confirmStarted(this.plan, pendingStarts(this.plan, at(now)), at(now));
    this.plan = plan;
    this.transitions.push(...transitions);
    return this;
  }

  restart(): this {
    const decoded = decodePlan(JSON.parse(JSON.stringify(encodePlan(this.plan))), this.plan.executable);
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.fault));
    this.plan = decoded.value;
    return this;
  }

  exportAt(now: number): number | null {
    return activeLimits(this.plan, at(now), NO_COMMISSIONED, FALLBACK).exportLimit?.value ?? null;
  }

  targets(now: number): Targets | undefined {
    return activeLimits(this.plan, at(now), NO_COMMISSIONED, FALLBACK).targets;
  }

  /** `status@time` of one event, in order. */
  answers(mRID: string): readonly string[] {
    return this.transitions.filter((one) => one.mRID === mRID).map((one) => `${one.status}@${one.at}`);
  }

  #take({ plan, transitions, notes }: PlanStep): this {
    this.plan = plan;
    this.transitions.push(...transitions);
    this.noteNames.push(...notes.map((note) => note.event));
    return this;
  }
}

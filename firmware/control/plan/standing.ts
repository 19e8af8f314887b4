import type { Limit, LimitSource } from '../limits.ts';
import { isCap } from '../modes.ts';
import type { ControlMode, ControlModes, DefaultSetting } from '../program.ts';
import { holderOf, type PrimacyOf } from './arbitrate.ts';
import type { StoredEvent, StoredProgram } from './plan.ts';

export type Value = NonNullable<ControlModes[ControlMode]>;
export type Found = Limit<Value> | null;

/** The tighter of two: the smaller limit, and `false` for energise and connect. Equal: the first, whose source is the utility's. */
export const tighter = (a: Found, b: Found): Found => {
  if (a === null) return b;
  if (b === null) return a;
  return Number(b.value) < Number(a.value) ? b : a;
};

/** The default of the best program that sets the mode, even when looser than another's (ieee2030_5 3.4); equal primacy: the tighter, or the first of what is no limit. */
export const defaultFor = (programs: readonly StoredProgram[], mode: ControlMode): Found => {
  let best: { readonly primacy: number; readonly limit: Limit<Value> } | null = null;
  for (const { server, id, primacy, defaultControl } of programs) {
    const value = defaultControl?.modes[mode];
    if (value === undefined) continue;
    const limit: Limit<Value> = { value, source: { kind: 'default', server, program: id } };
    if (best === null || primacy < best.primacy) best = { primacy, limit };
    else if (primacy === best.primacy && isCap(mode)) best = { primacy, limit: tighter(best.limit, limit) ?? limit };
  }
  return best?.limit ?? null;
};

const sourceOf = (event: StoredEvent): LimitSource => ({
  kind: 'event',
  server: event.server,
  mRID: event.body.mRID,
  until: event.begun?.end ?? event.body.start,
});

/** The event that holds a mode among the running ones, and what it says; null: none does. */
export const heldBy = (
  mode: ControlMode,
  running: readonly StoredEvent[],
  primacyOf: PrimacyOf,
): { readonly event: StoredEvent; readonly limit: Limit<Value> } | null => {
  const event = holderOf(mode, running, primacyOf);
  const value = event?.body.modes[mode];
  return event === null || value === undefined ? null : { event, limit: { value, source: sourceOf(event) } };
};

/** A setting in force, in the unit of the wire: of the best program whose default states it; null: none does. */
export const settingInForce = (programs: readonly StoredProgram[], name: DefaultSetting): number | null => {
  let best: StoredProgram | null = null;
  for (const program of programs) {
    const stated = (program.defaultControl?.[name] ?? null) !== null;
    if (stated && (best === null || program.primacy < best.primacy)) best = program;
  }
  return best?.defaultControl?.[name] ?? null;
};

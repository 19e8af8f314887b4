import { type Curve, CURVES_MAX } from '../curve.ts';
import { isCurveMode, modesOf } from '../modes.ts';
import type { ControlModes, ProgramSet } from '../program.ts';
import type { StoredEvent, StoredProgram, StoredServer } from './plan.ts';

const named = (modes: ControlModes | undefined): readonly string[] =>
  modes === undefined ? [] : modesOf(modes).flatMap((mode) => (isCurveMode(mode) ? [modes[mode] ?? ''] : []));

/** The newest read of each curve that something still names; an unread one stays as it was known. */
const curvesAfter = (
  known: readonly Curve[],
  set: ProgramSet,
  programs: readonly StoredProgram[],
  events: readonly StoredEvent[],
): readonly Curve[] => {
  const ours = ({ server }: { readonly server: string }): boolean => server === set.server;
  const names = new Set([
    ...programs.filter(ours).flatMap(({ defaultControl }) => named(defaultControl?.modes)),
    ...events.filter(ours).flatMap(({ body }) => named(body.modes)),
  ]);
  if (names.size === 0) return [];
  const found = new Map<string, Curve>();
  for (const curve of [...known, ...(set.curves ?? [])]) if (names.has(curve.id)) found.set(curve.id, curve);
  return [...found.values()].slice(0, CURVES_MAX);
};

/** The servers after a fold: policy and curves of the one that speaks. The same objects while nothing changed. */
export const foldServers = (
  known: readonly StoredServer[],
  set: ProgramSet,
  programs: readonly StoredProgram[],
  events: readonly StoredEvent[],
): readonly StoredServer[] => {
  const before = known.find(({ server }) => server === set.server);
  const after: StoredServer = {
    server: set.server,
    policy: set.policy,
    curves: curvesAfter(before?.curves ?? [], set, programs, events),
  };
  if (before !== undefined && JSON.stringify(before) === JSON.stringify(after)) return known;
  return [...known.filter(({ server }) => server !== set.server), after];
};

import type { UtilitySeconds } from '#base/units.ts';
import { advancePlan } from '#control/plan/advance.ts';
import { conflict, heldModes, holderOf, inForce, reasonFor, type PrimacyOf } from '#control/plan/arbitrate.ts';
import { effectiveSpans } from '#control/plan/effective.ts';
import { modesOf } from '#control/modes.ts';
import type { Plan, StoredEvent } from '#control/plan/plan.ts';
import type { ControlMode, ControlModes } from '#control/program.ts';

/** Events listed at most; the earliest go first. */
const EVENTS_SHOWN_MAX = 200;

const valueText = (modes: ControlModes, mode: ControlMode): string => {
  const value = modes[mode];
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value !== 'number') return JSON.stringify(value);
  return mode === 'opModMaxLimW' || mode === 'opModFixedW' ? `${value} %` : `${value} W`;
};

const eventName = (event: StoredEvent, primacyOf: PrimacyOf): string => `event ${event.body.mRID} (primacy ${primacyOf(event)})`;

/** Why the running event that holds a mode holds it, and what binds where none does. */
const winnerText = (mode: ControlMode, plan: Plan, running: readonly StoredEvent[], primacyOf: PrimacyOf): string => {
  const holder = holderOf(mode, running, primacyOf);
  if (holder !== null) {
    const losers = plan.events.filter((event) => {
      const isRival = event !== holder && !event.withdrawn && event.phase !== 'cancelled' && conflict(event, holder);
      return isRival && modesOf(event.body.modes).includes(mode);
    });
    const why =
      losers.length === 0
        ? 'no other event runs for it'
        : losers.map((loser) => `${reasonFor(holder, loser, primacyOf)} against ${eventName(loser, primacyOf)}`).join('; ');
    return `${valueText(holder.body.modes, mode)} by ${eventName(holder, primacyOf)}: ${why}`;
  }
  const defaults = plan.programs.filter(({ defaultControl }) => defaultControl?.modes[mode] !== undefined);
  const best = defaults.toSorted((a, b) => a.primacy - b.primacy)[0];
  if (best?.defaultControl === undefined || best.defaultControl === null) return 'no event and no default says anything';
  const value = valueText(best.defaultControl.modes, mode);
  const rank = defaults.length === 1 ? 'the only program with one' : `the best of ${defaults.length} programs with one`;
  return `${value} by the default of program ${best.id} (primacy ${best.primacy}): no event runs for it, ${rank}`;
};

const modeState = (event: StoredEvent, mode: ControlMode): string => {
  if (event.lost.includes(mode)) return 'lost';
  if (event.phase === 'running') return event.started === null ? 'begun' : 'started';
  return event.phase;
};

const eventLines = (event: StoredEvent, start: number, end: number, primacyOf: PrimacyOf): readonly string[] => {
  const modes = modesOf(event.body.modes).map((mode) => {
    const held = heldModes(event).includes(mode) ? '' : ', taken by a better one';
    return `    ${mode} ${valueText(event.body.modes, mode)}: ${modeState(event, mode)}${held}`;
  });
  const { body } = event;
  const more = [
    ...(event.withdrawn ? ['withdrawn'] : []),
    ...(event.vanishedSince === null ? [] : [`not listed since ${event.vanishedSince}`]),
    ...(event.answered === null ? [] : [`answered ${event.answered}`]),
  ];
  return [
    `  event ${body.mRID}, primacy ${primacyOf(event)}, created ${body.creationTime}, ${start} to ${end}, at the server ${body.status}, here ${event.phase}${more.map((text) => `, ${text}`).join('')}`,
    ...modes,
  ];
};

/** The event memory at `now` in words: programs, events with the state of each mode, and why each mode's winner wins. */
export const explainPlan = (stored: Plan, now: UtilitySeconds): readonly string[] => {
  const { plan } = advancePlan(stored, now);
  const spanOf = effectiveSpans(plan.events);
  const { running, primacyOf } = inForce(plan);
  const programs = plan.programs
    .toSorted((a, b) => a.primacy - b.primacy)
    .map(({ id, primacy, defaultControl }) => {
      const set = defaultControl === null ? [] : modesOf(defaultControl.modes);
      const said = set.map((mode) => `${mode} ${valueText(defaultControl?.modes ?? {}, mode)}`).join(', ');
      return `  program ${id}, primacy ${primacy}, default ${defaultControl === null ? 'none' : said === '' ? 'empty' : said}`;
    });
  const events = plan.events.toSorted((a, b) => a.body.start - b.body.start);
  const listed = events.slice(0, EVENTS_SHOWN_MAX).flatMap((event) => {
    const { start, end } = spanOf(event);
    return eventLines(event, start, end, primacyOf);
  });
  const beyond = events.length > EVENTS_SHOWN_MAX ? [`  and ${events.length - EVENTS_SHOWN_MAX} later ones`] : [];
  const modes = new Set<ControlMode>([
    ...plan.programs.flatMap(({ defaultControl }) => (defaultControl === null ? [] : modesOf(defaultControl.modes))),
    ...plan.events.flatMap(({ body }) => modesOf(body.modes)),
  ]);
  const winners = [...modes].map((mode) => `  ${mode}: ${winnerText(mode, plan, running, primacyOf)}`);
  const section = (title: string, lines: readonly string[]): readonly string[] => [
    title,
    ...(lines.length === 0 ? ['  none'] : lines),
  ];
  return [
    ...section('programs', programs),
    ...section(`events at ${now}`, [...listed, ...beyond]),
    ...section('what binds now, by mode', winners),
  ];
};

import type { Mutant } from './mutant.ts';

const PLAN = ['test/unit/plan/arbitration.test.ts', 'test/unit/plan/life-cycle.test.ts', 'test/unit/plan/absence.test.ts'];
const RAMP = ['test/unit/plan/ramp.test.ts', 'test/unit/limits/ramp.test.ts'];
const REFUSAL = ['test/unit/plan/refusal.test.ts'];
const TIMELINE = 'test/property/plan/timeline.test.ts';
const RULES = ['test/property/plan/rules.test.ts'];
const TRANSLATE = ['test/unit/translate/translate.test.ts'];
const REACTIVE = ['test/unit/drivers/inverter-reactive.test.ts'];
const TICK = ['test/unit/control/tick.test.ts'];
const SIM = ['test/sim/modes/reactive.test.ts'];

/** Breaks of the rules of events, refusals, ramps and grid-code settings. */
export const PLAN_MUTANTS: readonly Mutant[] = [
  {
    name: 'no default leaves the fallback in force although the utility means free',
    file: 'firmware/control/plan/active.ts',
    search: "return policy.noDefault === 'siteCap' && theirs",
    replace: 'return policy.noDefault !== policy.noDefault && theirs',
    tests: REFUSAL,
  },
  {
    name: 'no default frees the site before every program was heard',
    file: 'firmware/control/plan/active.ts',
    search: 'theirs.every(({ heard }) => heard)',
    replace: 'theirs.every(() => true)',
    tests: REFUSAL,
  },
  {
    name: 'setGradW paces nothing but default and event, whatever the utility',
    file: 'firmware/control/plan/course.ts',
    search: "return from === null ? scope === 'all' : scope !== 'default-active';",
    replace: 'return false;',
    tests: RAMP,
  },
  {
    name: 'an event admitted before its curve was read is never refused',
    file: 'firmware/control/plan/fold.ts',
    search: 'const settled = judged(next, { set, now, out });',
    replace: 'const settled = next;',
    tests: ['test/unit/plan/refusal.test.ts'],
  },
  {
    name: 'a reactive target is dropped while time is unknown',
    file: 'firmware/control/plan/active.ts',
    search: ': (fromEvent ?? standing);',
    replace: ': standing;',
    tests: ['test/unit/plan/arbitration.test.ts'],
  },
  {
    name: 'the way back after a stop forgets setESDelay',
    file: 'firmware/control/limits/service.ts',
    search: '=> wait ?? RETURN_WAIT_SECONDS',
    replace: '=> RETURN_WAIT_SECONDS + 0 * (wait ?? 0)',
    tests: ['test/unit/limits/ramp.test.ts'],
  },
  {
    name: 'every site returns at the same instant of setESRandomDelay',
    file: 'firmware/control/limits/service.ts',
    search: '...returnOf(wish, draw ?? 1)',
    replace: '...returnOf(wish, 1)',
    tests: ['test/unit/limits/ramp.test.ts'],
  },
  {
    name: 'DERSettings tell nothing of how the site returns to service',
    file: 'firmware/utility/report/rating.ts',
    search: '    ...context.settings,',
    replace: '    setGradW: context.settings.setGradW ?? GRADIENT_DEFAULT,',
    tests: ['test/unit/report/value.test.ts'],
  },
  {
    name: 'the way back after a stop forgets setSoftGradW',
    file: 'firmware/control/limits/service.ts',
    search: '...(softGradW === null ? {} : { softGradW }),',
    replace: '',
    tests: RAMP,
  },
  {
    name: 'a refused event is answered again when it is cancelled',
    file: 'firmware/control/plan/answer.ts',
    search: 'if (event.answered !== null || (status',
    replace: "if ((event.answered !== null && event.answered !== 'not-applicable') || (status",
    tests: REFUSAL,
  },
  {
    name: 'a utility that takes no refusals is told of them',
    file: 'firmware/control/plan/fold.ts',
    search: 'set.policy.refusals?.includes(refusal) === true ?',
    replace: 'set.server !== refusal ?',
    tests: REFUSAL,
  },
  {
    name: 'an event with a value out of its range runs',
    file: 'firmware/control/plan/fold.ts',
    search: 'if (body.fault !== undefined) {',
    replace: "if (body.fault === '') {",
    tests: REFUSAL,
  },
  {
    name: 'an event that the server had ended is told to be expired',
    file: 'firmware/control/plan/fold.ts',
    search: "...(isOver ? told('expired') : event)",
    replace: "...told('expired')",
    tests: REFUSAL,
  },
  {
    name: 'an event is answered for modes the site cannot do',
    file: 'firmware/control/plan/answer.ts',
    search: '(mode) => able.has(mode) && follows(event, mode)',
    replace: '(mode) => follows(event, mode)',
    tests: REFUSAL,
  },
  {
    name: 'a curve of another type is followed',
    file: 'firmware/control/plan/answer.ts',
    search: 'return curve.type === CURVE_TYPES[mode] ? null :',
    replace: 'return curve.type >= 0 ? null :',
    tests: REFUSAL,
  },
  {
    name: 'a curve that goes back in x is taken',
    file: 'firmware/control/curve.ts',
    search: 'if (back) return `${mode}: x goes back`;',
    replace: '',
    tests: TRANSLATE,
  },
  {
    name: 'a control for other kinds of device is taken',
    file: 'firmware/utility/translate/translate.ts',
    search: '(Number.parseInt(deviceCategory, 16) & OWN_CATEGORIES) !== 0',
    replace: '(Number.parseInt(deviceCategory, 16) & OWN_CATEGORIES) >= 0',
    tests: TRANSLATE,
  },
  {
    name: 'a power factor above 1 is taken',
    file: 'firmware/utility/translate/modes.ts',
    search: 'displacement <= 0 || displacement > 1)',
    replace: 'displacement <= 0)',
    tests: TRANSLATE,
  },
  {
    name: 'every superseded event was superseded by its own program',
    file: 'firmware/control/plan/replay.ts',
    search: "if (event.server !== better.server) return 'other-server';",
    replace: "if (event.server !== better.server) return 'same-program';",
    tests: REFUSAL,
  },
  {
    name: "of two events created at once the server's word does not count",
    file: 'firmware/control/plan/arbitrate.ts',
    search: "{ order: active(a) - active(b), reason: 'active at the server' },",
    replace: '',
    tests: PLAN,
  },
  {
    name: 'of two events created at once the earlier start wins',
    file: 'firmware/control/plan/arbitrate.ts',
    search: "{ order: b.body.start - a.body.start, reason: 'later start' },",
    replace: "{ order: a.body.start - b.body.start, reason: 'later start' },",
    tests: [...PLAN, TIMELINE],
  },
  {
    name: 'a cancel with randomisation ends the event at once',
    file: 'firmware/control/plan/fold.ts',
    search: 'cancelAt: (now + offset(event.draw.cancel, range)) as UtilitySeconds',
    replace: 'cancelAt: now',
    tests: RULES,
  },
  {
    name: 'a grid-code setting is written before what was found is kept',
    file: 'drivers/inverter/reactive-writer.ts',
    search: 'if (kept) this.#found = found;',
    replace: 'this.#found = found;',
    tests: REACTIVE,
  },
  {
    name: 'what was found in one inverter is written to another',
    file: 'drivers/inverter/reactive-writer.ts',
    search: 'this.#found.serialNumber !== this.#serial',
    replace: "this.#found.serialNumber === ''",
    tests: REACTIVE,
  },
  {
    name: 'a later process does not give back what an earlier one found',
    file: 'drivers/inverter/reactive-writer.ts',
    search: 'this.#settle(this.#wanted === null && this.#found === null);',
    replace: 'this.#settle(this.#wanted === null);',
    tests: REACTIVE,
  },
  {
    name: 'a grid-code setting is said to be in effect before it was read back',
    file: 'firmware/control/tick/tick.ts',
    search: 'mine.length > 0 && mine.every(holds)',
    replace: 'mine.length > 0',
    tests: TICK,
  },
  {
    name: 'grid-code settings are done where nobody allowed them',
    file: 'firmware/app/controld/site-facts.ts',
    search: 'if (!gridCodeWrites) return powers;',
    replace: '',
    tests: SIM,
  },
  {
    name: 'primacies that change are not followed',
    file: 'firmware/control/plan/programs.ts',
    search: 'foldDefault({ ...(known ?? fresh), primacy, heard: true }',
    replace: 'foldDefault({ ...(known ?? fresh), heard: true }',
    tests: RULES,
  },
  {
    name: 'an event that was read again counts as vanished for as long as it was away',
    file: 'firmware/control/plan/fold.ts',
    search: 'return { ...event, programs, vanishedSince: null, withdrawn: false };',
    replace: 'return { ...event, programs, withdrawn: false };',
    tests: PLAN,
  },
];

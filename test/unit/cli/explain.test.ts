import { expect, test } from 'vitest';
import { explainPlan } from '#app/cli/explain.ts';
import { foldProgramSet } from '#control/plan/fold.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import { at, body, defaults, exportLimit, program, SEED, setOf } from '../plan/build.ts';

test('says who holds each mode, against whom, and why', () => {
  const better = program('a', 1, [body('E1', 100, 100, { modes: exportLimit(3000), creationTime: at(10) })]);
  const worse = program('b', 5, [
    body('E2', 100, 100, { modes: { ...exportLimit(500), opModEnergize: true }, creationTime: at(20) }),
  ]);
  const plan = foldProgramSet(emptyPlan(), setOf([better, worse]), at(50), SEED).plan;
  const running = explainPlan(plan, at(150)).join('\n');
  expect(running).toContain('opModExpLimW: 3000 W by event E1 (primacy 1): primacy against event E2 (primacy 5)');
  expect(running).toContain('opModExpLimW 500 W: lost, taken by a better one');
  const before = explainPlan(plan, at(60)).join('\n');
  expect(before).toContain('event E1, primacy 1, created 10, 100 to 200, at the server scheduled, here waiting');
  expect(before).toContain(
    'opModExpLimW: 5000 W by the default of program a (primacy 1): no event runs for it, the best of 2 programs',
  );
  expect(before).toContain('opModEnergize: no event and no default says anything');
});

test('of nothing says so', () => {
  expect(explainPlan(emptyPlan(), at(0))).toEqual([
    'programs',
    '  none',
    'events at 0',
    '  none',
    'what binds now, by mode',
    '  none',
  ]);
  const silent = foldProgramSet(emptyPlan(), setOf([program('a', 1, [], { defaultControl: defaults({}) })]), at(0), SEED).plan;
  expect(explainPlan(silent, at(0))).toContain('  program a, primacy 1, default empty');
});

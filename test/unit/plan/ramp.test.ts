import { describe, expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import { activeLimits, type CommissionedLimits } from '#control/plan/active.ts';
import { advancePlan } from '#control/plan/advance.ts';
import type { Surroundings } from '#control/plan/course.ts';
import { returnLimit } from '#control/limits/service.ts';
import { foldProgramSet, retainServers } from '#control/plan/fold.ts';
import { emptyPlan, type Plan } from '#control/plan/plan.ts';
import { decodePlan, encodePlan } from '#control/plan/store.ts';
import type { ControlModes, EventBody, ProgramSet, RampScope } from '#control/program.ts';
import { at, body, exportLimit, FALLBACK, NO_COMMISSIONED, program, SEED, setOf } from './build.ts';

const AROUND: Surroundings = { setMaxW: watts(10_000), netExport: watts(9000), generation: watts(9500) };

const serving = (modes: ControlModes, setGradW: number | null, events: readonly EventBody[], rampScope?: RampScope): ProgramSet =>
  setOf(
    [program('p', 1, events, { defaultControl: { mRID: 'd', modes, setGradW } })],
    'keep',
    rampScope === undefined ? {} : { rampScope },
  );

const restarted = (plan: Plan): Plan => {
  const decoded = decodePlan(JSON.parse(JSON.stringify(encodePlan(plan))));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.fault));
  return decoded.value;
};

const exportAt = (plan: Plan, now: number, commissioned: CommissionedLimits = NO_COMMISSIONED): number | null =>
  activeLimits(plan, at(now), commissioned, FALLBACK).exportLimit?.value ?? null;

const folded = (set: ProgramSet, now = 10): Plan => foldProgramSet(emptyPlan(), set, at(now), SEED, AROUND).plan;

const advanced = (plan: Plan, now: number, around = AROUND): Plan => advancePlan(plan, at(now), around).plan;

const E = body('e', 100, 100, { modes: exportLimit(2000), rampTms: 6000 });

describe('the limit of an event', () => {
  test('moves there in its rampTms, and back by setGradW of the default', () => {
    const plan = advanced(folded(serving(exportLimit(8000), 100, [E])), 100);
    expect([100, 110, 130, 160, 199].map((now) => exportAt(plan, now))).toEqual([7900, 6900, 4900, 2000, 2000]);
    const back = advanced(plan, 200);
    expect([200, 210, 259, 260].map((now) => exportAt(back, now))).toEqual([2000, 3000, 7900, 8000]);
  });

  test('is the same function of time after any restart, also one that slept through its end', () => {
    const plan = advanced(folded(serving(exportLimit(8000), 100, [E])), 100);
    expect(exportAt(restarted(plan), 130)).toBe(exportAt(plan, 130));
    expect(exportAt(advanced(restarted(plan), 230), 230)).toBe(5000);
  });

  test('taken over in the middle of a ramp goes on from where it is', () => {
    const next = body('n', 130, 100, { creationTime: at(9), modes: exportLimit(1000), rampTms: 1000 });
    const plan = advanced(folded(serving(exportLimit(8000), null, [E, next])), 130);
    expect([130, 135, 140].map((now) => exportAt(plan, now))).toEqual([4802.5, 2852.5, 1000]);
  });

  test('rampTms of 0 and no gradient at all mean at once', () => {
    const hasty = { ...E, rampTms: 0 };
    expect(exportAt(advanced(folded(serving(exportLimit(8000), 100, [hasty])), 100), 100)).toBe(2000);
    const plain = { ...E, rampTms: null };
    expect(exportAt(advanced(folded(serving(exportLimit(8000), null, [plain])), 100), 100)).toBe(2000);
    expect(exportAt(advanced(folded(serving(exportLimit(8000), 0, [plain])), 100), 100)).toBe(2000);
  });

  test('falls from the present flow, and at once to where the flow is inside', () => {
    const low = { ...AROUND, netExport: watts(5000) };
    expect(exportAt(advanced(folded(serving(exportLimit(8000), null, [E])), 100, low), 129)).toBe(3500);
    const lower = { ...AROUND, netExport: watts(-500) };
    expect(exportAt(advanced(folded(serving(exportLimit(8000), null, [E])), 100, lower), 100)).toBe(2000);
  });

  test('on its way to no limit is there until it would limit nothing', () => {
    const plan = advanced(folded(serving({}, 200, [E])), 200);
    const limits = activeLimits(plan, at(210), NO_COMMISSIONED, FALLBACK);
    expect(limits.exportLimit).toEqual({ value: 4000, source: { kind: 'release' }, towards: null });
    expect(exportAt(plan, 240)).toBeNull();
  });
});

describe('what never ramps', () => {
  test('the first word of a utility', () => {
    expect(exportAt(folded(serving(exportLimit(3000), 27, [])), 10)).toBe(3000);
    expect(exportAt(folded(serving(exportLimit(8000), 27, [E]), 100), 100)).toBe(2000);
  });

  test('a commissioned limit', () => {
    const plan = advanced(folded(serving(exportLimit(8000), 100, [E])), 100);
    expect(exportAt(plan, 100, { exportW: watts(1500), generationW: null })).toBe(1500);
  });

  test('a default that changes, and one event after another', () => {
    const plan = folded(serving(exportLimit(8000), 27, []));
    const changed = foldProgramSet(plan, serving(exportLimit(2000), 27, []), at(20), SEED, AROUND).plan;
    expect(exportAt(changed, 20)).toBe(2000);
    const follows = body('f', 200, 50, { modes: exportLimit(7000) });
    expect(exportAt(advanced(folded(serving(exportLimit(8000), 27, [E, follows])), 200), 200)).toBe(7000);
  });

  test.each([
    ['default-active', 2000, 7000],
    ['active-active', 2000, 2100],
    ['all', 7900, 2100],
  ] as const)('by the scope %s: a default that changes, one event after another', (scope, changedTo, followedBy) => {
    const plan = folded(serving(exportLimit(8000), 100, [], scope));
    const changed = foldProgramSet(plan, serving(exportLimit(2000), 100, [], scope), at(20), SEED, AROUND).plan;
    expect(exportAt(changed, 20)).toBe(changedTo);
    const first = body('e', 100, 100, { modes: exportLimit(2000) });
    const follows = body('f', 200, 50, { modes: exportLimit(7000) });
    const begun = advanced(folded(serving(exportLimit(8000), 100, [first, follows], scope)), 100);
    expect(exportAt(begun, 100)).toBe(7900);
    expect(exportAt(advanced(begun, 200), 201)).toBe(followedBy);
  });

  test('energise and connect', () => {
    const stop = body('s', 100, 50, { modes: { opModEnergize: false }, rampTms: 6000 });
    const plan = advanced(folded(serving(exportLimit(8000), 27, [stop])), 100);
    expect(activeLimits(plan, at(100), NO_COMMISSIONED, FALLBACK).energize?.value).toBe(false);
    expect(plan.service).toEqual({ stopped: true, since: 100, opened: [], draw: plan.events[0]?.draw.duration });
    expect(advanced(plan, 150).service).toMatchObject({ stopped: false, since: 150 });
  });

  test('and the way back goes by setSoftGradW of the default, also after a restart', () => {
    const stop = body('s', 100, 50, { modes: { opModEnergize: false } });
    const defaultControl = { mRID: 'd', modes: exportLimit(8000), setGradW: 27, setSoftGradW: 100 };
    const set = setOf([program('p', 1, [stop], { defaultControl })]);
    const { service } = restarted(advanced(advanced(folded(set), 100), 150));
    expect(service).toEqual({ stopped: false, since: 150, opened: [], softGradW: 100 });
    const back = [150, 210, 260, 309, 310].map((now) => returnLimit(service, now, watts(10_000)));
    expect(back).toEqual([0, 0, 5000, 9900, null]);
    const grid = { stopped: false, since: at(150), opened: [] };
    expect([210, 390].map((now) => returnLimit(grid, now, watts(10_000)))).toEqual([0, 5000]);
  });
});

test('the return waits as the best default states, each setting for itself, also after a restart in the stop', () => {
  const stop = body('s', 100, 50, { modes: { opModConnect: false } });
  const better = { mRID: 'b', modes: {}, setGradW: 27, setESDelay: 30_000 };
  const worse = { mRID: 'w', modes: {}, setGradW: 27, setESDelay: 100, setESRandomDelay: 10_000, setESRampTms: 20_000 };
  const set = setOf([program('p', 1, [stop], { defaultControl: better }), program('q', 2, [], { defaultControl: worse })]);
  const stopped = restarted(advanced(folded(set), 100));
  const draw = stopped.events[0]?.draw.duration ?? Number.NaN;
  const { service } = restarted(advanced(stopped, 150));
  expect(service).toEqual({ stopped: false, since: 150, opened: [], wait: 300 + Math.floor(draw * 10_000) / 100, ramp: 200 });
});

describe('the stored plan', () => {
  test('of a release that knew no ramps is read', () => {
    const stored = encodePlan(folded(serving(exportLimit(8000), 27, [E]))) as Record<string, unknown>;
    const old = Object.fromEntries(Object.entries(stored).filter(([name]) => !['courses', 'intake', 'service'].includes(name)));
    const decoded = decodePlan(old);
    expect(decoded.ok && [decoded.value.courses, decoded.value.service]).toEqual([[], null]);
  });

  test('keeps ramps of import limits where a release before them does not look, and resumes them', () => {
    const event = body('i', 100, 300, { modes: { opModImpLimW: watts(2000) }, rampTms: 1000 });
    const around = { ...AROUND, netExport: watts(-9000) };
    const plan = advanced(folded(serving({ opModImpLimW: watts(8000) }, null, [event])), 100, around);
    const stored = encodePlan(plan) as { readonly courses: readonly { readonly mode: string }[] };
    expect(stored.courses.map(({ mode }) => mode)).toEqual(['opModExpLimW', 'opModGenLimW', 'opModMaxLimW']);
    const again = restarted(plan);
    expect(again.courses).toEqual(plan.courses);
    const fallback = { exportW: null, importW: null };
    const limit = (now: number) =>
      activeLimits(again, at(now), { exportW: null, generationW: null }, fallback).importLimit?.value;
    expect([limit(102), limit(105), limit(110)]).toEqual([6650, 4850, 2000]);
  });

  test('without its server keeps only what is still to be connected', () => {
    const stop = body('s', 100, 50, { modes: { opModEnergize: false } });
    const plan = advanced(folded(serving(exportLimit(8000), 27, [stop])), 100);
    const opened = { ...plan, service: { stopped: true, since: at(100), opened: ['pv'] } };
    expect(retainServers(opened, [])).toMatchObject({ courses: [], service: { stopped: false, since: 0, opened: ['pv'] } });
    expect(retainServers(plan, []).service).toBeNull();
  });
});

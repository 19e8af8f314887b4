import { describe, expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import { advancePlan, confirmStarted, nextBoundary, pendingStarts } from '#control/plan/advance.ts';
import { foldProgramSet } from '#control/plan/fold.ts';
import { planEvents } from '#control/plan/view.ts';
import { at, body, Driver, exportLimit, program, SEED, setOf } from './build.ts';

describe('an event', () => {
  test('is received, starts, completes, and leaves the site to the default', () => {
    const driver = new Driver().fold(setOf([program('p', 1, [body('a', 100, 60)])]), 10);
    expect(nextBoundary(driver.plan, at(10))).toBe(100);
    expect(driver.exportAt(99)).toBe(5000);
    driver.advance(100);
    expect(driver.exportAt(100)).toBe(1500);
    expect(driver.exportAt(159)).toBe(1500);
    driver.advance(160);
    expect(driver.exportAt(160)).toBe(5000);
    expect(driver.answers('a')).toEqual(['received@10', 'started@100', 'completed@160']);
    expect(nextBoundary(driver.plan, at(160))).toBeNull();
  });

  test('seen late starts at once and keeps its specified end', () => {
    const driver = new Driver().fold(setOf([program('p', 1, [body('a', 100, 60)])]), 130).advance(160);
    expect(driver.answers('a')).toEqual(['received@130', 'started@130', 'completed@160']);
  });

  test('whose end has passed when first seen is ignored, and noted once', () => {
    const set = setOf([program('p', 1, [body('a', 100, 60)])]);
    const driver = new Driver().fold(set, 160).fold(set, 170).fold(set, 180);
    expect(driver.answers('a')).toEqual([]);
    expect(driver.noteNames).toEqual(['event-expired']);
  });

  test('that was never confirmed as started lapses without an answer', () => {
    const driver = new Driver();
    driver
      .fold(setOf([program('p', 1, [body('a', 100, 60)])]), 10)
      .advanceUnconfirmed(120)
      .advanceUnconfirmed(170);
    expect(driver.answers('a')).toEqual(['received@10']);
    expect(driver.noteNames).toContain('event-lapsed');
  });

  test('that started before the process died completes when it is back', () => {
    const driver = new Driver().fold(setOf([program('p', 1, [body('a', 100, 60)])]), 10).advance(100);
    driver.restart().advance(5000);
    expect(driver.answers('a')).toEqual(['received@10', 'started@100', 'completed@160']);
  });

  test('without an executable mode is received and nothing else', () => {
    const loads = body('a', 100, 60, { modes: { opModLoadLimW: watts(1) } });
    const driver = new Driver()
      .fold(setOf([program('p', 1, [loads])]), 10)
      .advance(120)
      .advance(200);
    expect(driver.answers('a')).toEqual(['received@10']);
  });

  test('does not run twice when the clock steps back by hours', () => {
    const set = setOf([program('p', 1, [body('a', 10_000, 60)])]);
    const driver = new Driver().fold(set, 9_990).advance(10_000).advance(10_060);
    driver.restart().advance(3_000).fold(set, 3_010).advance(10_010);
    expect(driver.exportAt(10_010)).toBe(5000);
    expect(driver.answers('a')).toHaveLength(3);
  });

  test('that runs goes on when the clock steps back before its start', () => {
    const driver = new Driver().fold(setOf([program('p', 1, [body('a', 10_000, 60)])]), 9_990).advance(10_000);
    driver.advance(3_000);
    expect(driver.exportAt(3_000)).toBe(1500);
  });

  test('is forgotten a day after its end and not admitted again', () => {
    const set = setOf([program('p', 1, [body('a', 100, 60)])]);
    const driver = new Driver()
      .fold(set, 10)
      .advance(100)
      .advance(160)
      .fold(set, 160 + 86_400);
    expect(driver.plan.events).toEqual([]);
    driver.fold(set, 200 + 86_400);
    expect(driver.answers('a')).toHaveLength(3);
  });

  test('keeps its first body when the server changes it, noted once', () => {
    const changed = setOf([program('p', 1, [body('a', 100, 60, { modes: exportLimit(9000), replyTo: '/other' })])]);
    const driver = new Driver()
      .fold(setOf([program('p', 1, [body('a', 100, 60)])]), 10)
      .fold(changed, 20)
      .fold(changed, 30);
    driver.advance(100);
    expect(driver.exportAt(100)).toBe(1500);
    expect(driver.noteNames).toEqual(['event-altered']);
    expect(driver.transitions.at(-1)?.replyTo).toBe('/other');
  });

  test('listed in two programs is one event with the better primacy', () => {
    const a = body('a', 100, 60);
    const other = body('b', 100, 60, { creationTime: at(9), modes: exportLimit(2000) });
    const driver = new Driver().fold(setOf([program('low', 5, [a, other]), program('high', 1, [a])]), 10).advance(100);
    expect(driver.exportAt(100)).toBe(1500);
    expect(driver.answers('a')).toEqual(['received@10', 'started@100']);
    expect(driver.answers('b')).toEqual(['received@10', 'superseded@100']);
  });
});

describe('a fold', () => {
  test('of the same set changes nothing: the plan is the same object', () => {
    const set = setOf([program('p', 1, [body('a', 100, 60), body('b', 200, 60)])]);
    const { plan } = foldProgramSet(new Driver().plan, set, at(10), SEED);
    const again = foldProgramSet(plan, set, at(10), SEED);
    expect(again.plan).toBe(plan);
    expect(again.transitions).toEqual([]);
    expect(advancePlan(plan, at(50)).plan).toBe(plan);
  });

  test('answers received for all before anything else', () => {
    const events = [body('old', 100, 60), body('new', 100, 60, { creationTime: at(5) })];
    const step = foldProgramSet(new Driver().plan, setOf([program('p', 1, events)]), at(110), SEED);
    expect(step.transitions.map((one) => one.status)).toEqual(['received', 'received', 'superseded']);
  });

  test('beyond the bound keeps the running and the earliest starting', () => {
    const many = Array.from({ length: 1200 }, (_, i) => body(`e${i}`, 100 + i * 60, 60));
    const driver = new Driver().fold(setOf([program('p', 1, many.slice(0, 1000))]), 110);
    driver.fold(setOf([program('q', 1, many)]), 111);
    expect(driver.plan.events).toHaveLength(1000);
    expect(driver.exportAt(111)).toBe(1500);
    expect(driver.plan.events.some((event) => event.body.mRID === 'e1199')).toBe(false);
    expect(driver.noteNames).toContain('events-overflow');
  });
});

describe('pendingStarts and confirmStarted', () => {
  test('a start is recorded once, and only for an event in force', () => {
    const { plan } = foldProgramSet(new Driver().plan, setOf([program('p', 1, [body('a', 100, 60)])]), at(100), SEED);
    const keys = pendingStarts(plan, at(100));
    expect(keys.map((key) => key.mRID)).toEqual(['a']);
    const first = confirmStarted(plan, keys, at(101));
    expect(first.transitions.map((one) => one.status)).toEqual(['started']);
    expect(confirmStarted(first.plan, keys, at(102)).transitions).toEqual([]);
    expect(pendingStarts(first.plan, at(102))).toEqual([]);
    const ended = advancePlan(plan, at(200)).plan;
    expect(confirmStarted(ended, keys, at(200))).toEqual({ plan: ended, transitions: [] });
  });
});

describe('planEvents', () => {
  test('says who holds each mode and why', () => {
    const events = [body('old', 100, 60), body('new', 100, 60, { creationTime: at(5) })];
    const driver = new Driver().fold(setOf([program('p', 1, events)]), 10).advance(100);
    const views = planEvents(driver.plan, at(100));
    expect(views.map((view) => [view.mRID, view.state, view.modes[0]?.standing])).toEqual([
      ['old', 'superseded', 'lost'],
      ['new', 'started', 'holds'],
    ]);
    expect(views[1]?.modes[0]?.why).toBe('alone');
  });
});

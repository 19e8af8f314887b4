import { describe, expect, test } from 'vitest';
import { retainServers } from '#control/plan/fold.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import { decodePlan, encodePlan } from '#control/plan/store.ts';
import { at, body, Driver, exportLimit, program, setOf } from './build.ts';

const event = body('a', 100, 1000);
const listed = [program('p', 1, [event])];
const empty = [program('p', 1, [])];

describe('an event that left its list', () => {
  test('policy keep: runs to its end', () => {
    const driver = new Driver().fold(setOf(listed), 100).fold(setOf(empty), 160).fold(setOf(empty), 220).advance(1100);
    expect(driver.answers('a')).toEqual(['received@100', 'started@100', 'completed@1100']);
    expect(driver.noteNames).toEqual(['event-vanished']);
  });

  test('policy cancel: after two complete walks, not after the same one sent twice', () => {
    const gone = setOf(empty, 'cancel');
    const driver = new Driver().fold(setOf(listed), 100).fold(gone, 160).fold(gone, 161);
    expect(driver.exportAt(161)).toBe(1500);
    driver.fold(gone, 220);
    expect(driver.answers('a').at(-1)).toBe('cancelled@220');
  });

  test('policy cancel: a walk that could not read the program, or lists it again, starts the count anew', () => {
    const gone = setOf(empty, 'cancel');
    const unread = setOf([program('p', 1, [], { read: 'unread' })], 'cancel');
    const driver = new Driver().fold(setOf(listed), 100).fold(gone, 160).fold(unread, 220).fold(gone, 280);
    driver.fold(setOf(listed, 'cancel'), 340).fold(gone, 400);
    expect(driver.exportAt(400)).toBe(1500);
  });
});

describe('a set of which a list of programs was never readable', () => {
  test('brings its news and takes nothing away from programs that it does not name', () => {
    const both = setOf([program('p', 1, [event]), program('q', 2, [])]);
    const partial = { ...setOf([program('q', 2, [body('b', 100, 1000, { modes: exportLimit(700) })])]), partial: true };
    const driver = new Driver().fold(both, 50).fold(partial, 80).fold(partial, 90).advance(100);
    expect(driver.plan.programs.map(({ id }) => id).sort()).toEqual(['p', 'q']);
    expect(driver.exportAt(100)).toBe(1500);
    expect(driver.answers('b')[0]).toBe('received@80');
    driver.fold(setOf([program('q', 2, [])]), 200);
    expect(driver.plan.programs.map(({ id }) => id)).toEqual(['q']);
  });
});

describe('a program', () => {
  test('that could not be read keeps its events, its primacy and its default', () => {
    const unread = setOf([program('p', 200, [], { read: 'unread', defaultControl: null })]);
    const driver = new Driver().fold(setOf(listed), 50).fold(unread, 80).fold(unread, 90).advance(100);
    expect(driver.exportAt(100)).toBe(1500);
    expect(driver.exportAt(1100)).toBe(5000);
    expect(driver.plan.programs[0]?.primacy).toBe(1);
  });

  test('gone from the set takes its events and default along, without an answer', () => {
    const other = program('q', 2, [], { defaultControl: null });
    const driver = new Driver().fold(setOf(listed), 100).fold(setOf([other]), 160);
    expect(driver.exportAt(160)).toBe(1000);
    expect(driver.answers('a')).toEqual(['received@100', 'started@100']);
    expect(driver.noteNames).toEqual(['event-withdrawn']);
    driver.fold(setOf(listed), 220).advance(1100);
    expect(driver.answers('a')).toEqual(['received@100', 'started@100', 'completed@1100']);
  });

  test('of a server no longer configured is forgotten on request', () => {
    const driver = new Driver().fold(setOf(listed), 100);
    expect(retainServers(driver.plan, ['utility'])).toBe(driver.plan);
    expect(retainServers(driver.plan, ['another'])).toEqual(emptyPlan());
  });
});

describe('the stored plan', () => {
  test('is read back equal', () => {
    const { plan } = new Driver().fold(setOf(listed), 110);
    expect(decodePlan(JSON.parse(JSON.stringify(encodePlan(plan))))).toEqual({ ok: true, value: plan });
  });

  test('of another format, malformed or contradictory is a fault', () => {
    const { plan } = new Driver().fold(setOf(listed), 110);
    const [first] = plan.events;
    expect(decodePlan({ format: 2 })).toEqual({ ok: false, fault: { kind: 'unknown-format', found: '2' } });
    expect(decodePlan(null)).toMatchObject({ ok: false, fault: { kind: 'malformed' } });
    expect(decodePlan({ format: 1, programs: [], events: [{ ...first, phase: 'asleep' }] })).toMatchObject({ ok: false });
    expect(decodePlan({ format: 1, programs: [], events: [first, first] })).toMatchObject({
      fault: { problems: ['events: an event is stored twice'] },
    });
    expect(decodePlan({ format: 1, programs: [], events: [{ ...first, begun: null }] })).toMatchObject({ ok: false });
  });

  test('an mRID with another creation time is another event', () => {
    const again = body('a', 100, 1000, { creationTime: at(50), modes: exportLimit(300) });
    const driver = new Driver().fold(setOf(listed), 100).fold(setOf([program('p', 1, [again])]), 160);
    expect(driver.exportAt(160)).toBe(300);
    expect(driver.plan.events).toHaveLength(2);
  });
});

import { describe, expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import type { Curve } from '#control/curve.ts';
import { INVERTER_MODES } from '#control/modes.ts';
import { REFUSALS, type EventBody } from '#control/program.ts';
import { at, body, Driver, exportLimit, program, setOf } from './build.ts';

const told = { refusals: REFUSALS };
const set = (events: readonly EventBody[], policy = {}) => setOf([program('p', 1, events)], 'keep', policy);
const LOAD = body('a', 100, 60, { modes: { opModLoadLimW: watts(1) } });
const FAULTY = body('a', 100, 60, { modes: {}, fault: 'opModExpLimW of -5 W' });

const run = (event: EventBody, policy: object, from = 10): Driver => {
  const driver = new Driver().fold(set([event], policy), from);
  for (const now of [100, 130, 160, 170])
    driver
      .fold(set([event], policy), Math.max(now, from))
      .restart()
      .advance(Math.max(now, from));
  return driver;
};

describe('an event of which nothing can be done here', () => {
  test('is received, and refused at once where the utility takes refusals', () => {
    expect(run(LOAD, told).answers('a')).toEqual(['received@10', 'not-applicable@10']);
    expect(run(LOAD, {}).answers('a')).toEqual(['received@10']);
  });

  test('is told nothing else once it was refused, not even that it was cancelled', () => {
    const driver = new Driver().fold(set([LOAD], told), 10).fold(set([{ ...LOAD, status: 'cancelled' }], told), 20);
    expect(driver.answers('a')).toEqual(['received@10', 'not-applicable@10']);
    const silent = new Driver().fold(set([LOAD]), 10).fold(set([{ ...LOAD, status: 'cancelled' }]), 20);
    expect(silent.answers('a')).toEqual(['received@10', 'cancelled@20']);
  });

  test('but for one mode runs for that part and completes', () => {
    const partly = body('a', 100, 60, { modes: { ...exportLimit(1500), opModImpLimW: watts(0), opModTargetW: watts(5) } });
    const driver = run(partly, told);
    expect(driver.answers('a')).toEqual(['received@10', 'started@100', 'completed@160']);
    expect(driver.transitions.map(({ modes }) => modes)).toEqual([
      ['opModExpLimW', 'opModImpLimW', 'opModTargetW'],
      ['opModExpLimW'],
      ['opModExpLimW'],
    ]);
  });

  test('depends on what the site can do', () => {
    const able = new Driver([...INVERTER_MODES, 'opModLoadLimW']).fold(set([LOAD], told), 10).advance(100);
    expect(able.answers('a')).toEqual(['received@10', 'started@100']);
  });
});

describe('an event with a value out of its range', () => {
  test('never runs, is told to be invalid, and is no vanished event', () => {
    const driver = run(FAULTY, { ...told, vanished: 'cancel' });
    expect(driver.answers('a')).toEqual(['invalid@10']);
    expect(driver.exportAt(130)).toBe(5000);
    expect(driver.noteNames).toEqual(['event-refused']);
    expect(run(FAULTY, {}).answers('a')).toEqual([]);
  });

  test('served so after it was sound goes on as first served', () => {
    const driver = new Driver()
      .fold(set([body('a', 100, 60)], told), 10)
      .fold(set([FAULTY], told), 20)
      .advance(100)
      .advance(160);
    expect(driver.answers('a')).toEqual(['received@10', 'started@100', 'completed@160']);
    expect(driver.noteNames).toEqual(['event-altered']);
  });
});

describe('an event whose time has passed', () => {
  test('is told to be expired, once, unless the server had ended it', () => {
    expect(run(body('a', 100, 60), told, 165).answers('a')).toEqual(['expired@165']);
    expect(run(body('a', 100, 60), {}, 165).answers('a')).toEqual([]);
    expect(run(body('a', 100, 60, { status: 'cancelled' }), told, 165).answers('a')).toEqual([]);
  });
});

describe('a superseded event says where the better one is from', () => {
  const worse = body('worse', 100, 60, { modes: exportLimit(2000) });
  const better = body('better', 100, 60, { creationTime: at(9) });
  const takerOf = (driver: Driver) => driver.transitions.find(({ status }) => status === 'superseded');

  test('the same program, another one, another server, or the server itself', () => {
    const same = new Driver().fold(set([worse, better]), 10).advance(100);
    expect(takerOf(same)?.taker).toBe('same-program');
    const other = new Driver().fold(setOf([program('p', 2, [worse]), program('q', 1, [better])]), 10).advance(100);
    expect(takerOf(other)?.taker).toBe('other-program');
    const alternate = { ...setOf([program('q', 1, [better])]), server: 'second' };
    const elsewhere = new Driver()
      .fold(setOf([program('p', 2, [worse])]), 10)
      .fold(alternate, 10)
      .advance(100);
    expect(takerOf(elsewhere)?.taker).toBe('other-server');
    const said = new Driver().fold(set([worse]), 100).fold(set([{ ...worse, status: 'superseded' }]), 110);
    expect(takerOf(said)).toMatchObject({ mRID: 'worse', at: 110 });
    expect(takerOf(said)).not.toHaveProperty('taker');
  });
});

describe('a mode that follows a curve', () => {
  const curve: Curve = {
    id: '/dc/1',
    type: 11,
    reference: 2,
    points: [{ x: 92, y: 44, absorbsVar: null }],
    openLoopSeconds: null,
    vRef: null,
  };
  const voltVar = body('a', 100, 60, { modes: { opModVoltVar: '/dc/1' } });
  const able = (): Driver => new Driver([...INVERTER_MODES, 'opModVoltVar']);
  const with_ = (curves: readonly Curve[]) => ({ ...set([voltVar], told), curves });

  test('runs where its curve is sound, and keeps it over a restart and a walk that did not read it', () => {
    const driver = able()
      .fold(with_([curve]), 10)
      .restart()
      .fold(with_([]), 20)
      .advance(100);
    expect(driver.answers('a')).toEqual(['received@10', 'started@100']);
    expect(driver.targets(100)).toMatchObject({ opModVoltVar: { value: '/dc/1', source: { mRID: 'a' } } });
    expect(driver.plan.servers[0]?.curves).toEqual([curve]);
  });

  test('is invalid where the curve is refused or of another mode', () => {
    expect(
      able()
        .fold(with_([{ ...curve, points: [], fault: 'x goes back' }]), 10)
        .answers('a'),
    ).toEqual(['received@10', 'invalid@10']);
    expect(
      able()
        .fold(with_([{ ...curve, type: 12 }]), 10)
        .answers('a'),
    ).toEqual(['received@10', 'invalid@10']);
  });

  test('waits for a curve that was not read yet, and forgets one that nothing names any more', () => {
    const driver = able().fold(with_([]), 10).advance(105);
    expect(driver.answers('a')).toEqual(['received@10']);
    driver.fold(with_([curve]), 110);
    expect(driver.answers('a')).toEqual(['received@10', 'started@110']);
    driver.advance(160).fold(set([]), 160 + 86_400 + 1);
    expect(driver.plan.servers[0]?.curves).toEqual([]);
  });

  test('is invalid as soon as the curve that was missing is read and no good, once, and never runs', () => {
    const bad = { ...curve, points: [], fault: 'x goes back' };
    const driver = able()
      .fold(with_([]), 10)
      .fold(with_([bad]), 20)
      .restart()
      .fold(with_([bad]), 30)
      .advance(100)
      .advance(160);
    expect(driver.answers('a')).toEqual(['received@10', 'invalid@20']);
    // Read only after it was to begin: nothing of it ran, and that is said.
    const late = able()
      .fold(with_([]), 10)
      .advance(105)
      .fold(with_([bad]), 110)
      .advance(160);
    expect(late.answers('a')).toEqual(['received@10', 'invalid@110']);
    // A utility that takes no refusals hears nothing.
    const silent = able()
      .fold({ ...set([voltVar]), curves: [] }, 10)
      .fold({ ...set([voltVar]), curves: [bad] }, 20);
    expect(silent.answers('a')).toEqual(['received@10']);
  });

  test('lapses with a note where its curve is never read', () => {
    const driver = able().fold(with_([]), 10).advance(100).advance(160);
    expect(driver.answers('a')).toEqual(['received@10']);
    expect(driver.noteNames).toEqual(['event-lapsed']);
  });

  test('of a site that cannot is refused whatever its curve', () => {
    expect(new Driver().fold(with_([curve]), 10).answers('a')).toEqual(['received@10', 'not-applicable@10']);
  });
});

describe('no default in any program', () => {
  const none = (read: 'read' | 'unread', noDefault: 'fallback' | 'siteCap') =>
    setOf([program('p', 1, [], { defaultControl: null, read })], 'keep', { noDefault });

  test('the fallback binds, or nothing but the commissioned limit', () => {
    expect(new Driver().fold(none('read', 'fallback'), 10).exportAt(20)).toBe(1000);
    expect(new Driver().fold(none('read', 'siteCap'), 10).restart().exportAt(20)).toBeNull();
  });

  test('the fallback binds until every program was heard', () => {
    expect(new Driver().exportAt(20)).toBe(1000);
    const driver = new Driver().fold(none('unread', 'siteCap'), 10);
    expect(driver.exportAt(20)).toBe(1000);
    expect(driver.fold(none('read', 'siteCap'), 30).fold(none('unread', 'siteCap'), 40).exportAt(40)).toBeNull();
    expect(new Driver().fold(setOf([], 'keep', { noDefault: 'siteCap' }), 10).exportAt(20)).toBe(1000);
  });
});

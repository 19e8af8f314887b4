import { describe, expect, test } from 'vitest';
import { percent, vars, watts } from '#base/units.ts';
import { INVERTER_MODES } from '#control/modes.ts';
import { activeLimits } from '#control/plan/active.ts';
import { at, body, defaults, Driver, exportLimit, FALLBACK, NO_COMMISSIONED, program, setOf } from './build.ts';

const limits = (driver: Driver, now: number | null) =>
  activeLimits(driver.plan, now === null ? null : at(now), NO_COMMISSIONED, FALLBACK);

describe('overlapping events', () => {
  test('a superseded event never resumes: the default follows the nested winner', () => {
    const outer = body('outer', 100, 600, { modes: exportLimit(2000) });
    const inner = body('inner', 200, 60, { modes: exportLimit(3000) });
    const driver = new Driver().fold(setOf([program('low', 2, [outer]), program('high', 1, [inner])]), 10);
    for (const now of [100, 200, 260]) driver.advance(now);
    expect(driver.exportAt(260)).toBe(5000);
    expect(driver.answers('outer')).toEqual(['received@10', 'started@100', 'superseded@200']);
    expect(driver.answers('inner')).toEqual(['received@10', 'started@200', 'completed@260']);
  });

  test('the winner wins even when it is less restrictive', () => {
    const events = [body('old', 100, 60), body('new', 100, 60, { creationTime: at(5), modes: exportLimit(9000) })];
    const driver = new Driver().fold(setOf([program('p', 1, events)]), 10).advance(100);
    expect(driver.exportAt(100)).toBe(9000);
  });

  test('equal creation times: active at the server, else later start, else higher mRID', () => {
    const tie = (a: Partial<Parameters<typeof body>[3]>, startA = 100) =>
      new Driver()
        .fold(setOf([program('p', 1, [body('a', startA, 100, { modes: exportLimit(1), ...a }), body('b', 100, 100)])]), 10)
        .advance(150)
        .exportAt(150);
    expect(tie({})).toBe(1500);
    expect(tie({ status: 'active' })).toBe(1);
    expect(tie({}, 120)).toBe(1);
  });

  test('arbitration is per mode: an event keeps the mode nobody took, and completes', () => {
    const both = body('both', 100, 100, { modes: { opModExpLimW: watts(2000), opModGenLimW: watts(3000) } });
    const driver = new Driver();
    driver.fold(setOf([program('low', 2, [both]), program('high', 1, [body('exp', 100, 100, { modes: exportLimit(0) })])]), 10);
    driver.advance(100);
    expect(limits(driver, 100)).toMatchObject({
      exportLimit: { value: 0, source: { mRID: 'exp' } },
      generationLimit: { value: 3000, source: { mRID: 'both', until: 200 } },
    });
    driver.advance(200);
    expect(driver.answers('both')).toEqual(['received@10', 'started@100', 'completed@200']);
  });

  test('an event that is covered whole is answered at its own start, not before', () => {
    const loser = body('loser', 200, 50, { modes: exportLimit(2000) });
    const winner = body('winner', 100, 500);
    const driver = new Driver().fold(setOf([program('low', 2, [loser]), program('high', 1, [winner])]), 10).advance(100);
    expect(driver.answers('loser')).toEqual(['received@10']);
    driver.advance(200);
    expect(driver.answers('loser')).toEqual(['received@10', 'superseded@200']);
    expect(driver.exportAt(220)).toBe(1500);
  });

  test('and runs when the better one is cancelled before', () => {
    const loser = body('loser', 200, 50, { modes: exportLimit(2000) });
    const winner = body('winner', 100, 500);
    const driver = new Driver().fold(setOf([program('low', 2, [loser]), program('high', 1, [winner])]), 10).advance(100);
    const cancelled = program('high', 1, [{ ...winner, status: 'cancelled' as const }]);
    driver.fold(setOf([program('low', 2, [loser]), cancelled]), 150).advance(200);
    expect(driver.answers('winner').at(-1)).toBe('cancelled@150');
    expect(driver.exportAt(200)).toBe(2000);
  });

  test('what took it for good may itself be superseded: it is judged by who runs then', () => {
    const outer = body('outer', 100, 400, { creationTime: at(2) });
    const late = body('late', 300, 300, { creationTime: at(1), modes: exportLimit(2000) });
    const nested = body('nested', 200, 50, { creationTime: at(3), modes: exportLimit(900) });
    const driver = new Driver()
      .fold(setOf([program('p', 1, [outer, late, nested])]), 10)
      .advance(100)
      .advance(200);
    expect(driver.answers('outer').at(-1)).toBe('superseded@200');
    driver.advance(250).advance(300);
    expect(driver.exportAt(300)).toBe(2000);
  });

  test('a primacy that changes while an event runs is followed at the next overlap', () => {
    const first = body('first', 100, 200, { modes: exportLimit(2000) });
    const second = body('second', 200, 200);
    const driver = new Driver().fold(setOf([program('p', 1, [first]), program('q', 2, [second])]), 10).advance(100);
    driver.fold(setOf([program('p', 3, [first]), program('q', 2, [second])]), 150).advance(200);
    expect(driver.exportAt(200)).toBe(1500);
    expect(driver.answers('first').at(-1)).toBe('superseded@200');
  });
});

describe('the server says superseded', () => {
  test('long before a better event starts: the event runs until then', () => {
    const loser = body('loser', 100, 200, { status: 'superseded', modes: exportLimit(2000) });
    const winner = body('winner', 200, 100, { creationTime: at(9) });
    const driver = new Driver().fold(setOf([program('p', 1, [loser, winner])]), 50).advance(100);
    expect(driver.exportAt(150)).toBe(2000);
    driver.advance(200);
    expect(driver.answers('loser')).toEqual(['received@50', 'started@100', 'superseded@200']);
  });

  test('without a better one that we know: it ends now', () => {
    const event = body('a', 100, 200);
    const driver = new Driver().fold(setOf([program('p', 1, [event])]), 100);
    driver.fold(setOf([program('p', 1, [{ ...event, status: 'superseded' }])]), 150);
    expect(driver.exportAt(150)).toBe(5000);
    expect(driver.answers('a').at(-1)).toBe('superseded@150');
  });
});

describe('cancelled by the server', () => {
  test('while running: at once, and what it had superseded does not come back', () => {
    const loser = body('loser', 100, 200, { modes: exportLimit(2000) });
    const winner = body('winner', 100, 200, { creationTime: at(9) });
    const driver = new Driver().fold(setOf([program('p', 1, [loser, winner])]), 50).advance(100);
    driver.fold(setOf([program('p', 1, [loser, { ...winner, status: 'cancelled' }])]), 150);
    expect(driver.exportAt(150)).toBe(5000);
    expect(driver.answers('winner')).toEqual(['received@50', 'started@100', 'cancelled@150']);
  });

  test('on first sight: received, cancelled, never run', () => {
    const driver = new Driver().fold(setOf([program('p', 1, [body('a', 100, 200, { status: 'cancelled' })])]), 110);
    expect(driver.answers('a')).toEqual(['received@110', 'cancelled@110']);
    expect(driver.exportAt(110)).toBe(5000);
  });

  test('with randomisation: within the larger range, drawn once', () => {
    const event = body('a', 100, 5000, { randomizeDuration: -300 });
    const driver = new Driver().fold(setOf([program('p', 1, [event])]), 100);
    const cancelled = setOf([program('p', 1, [{ ...event, status: 'cancelled-with-randomization' }])]);
    driver.fold(cancelled, 200).fold(cancelled, 201).restart();
    const until = driver.plan.events[0]?.cancelAt ?? 0;
    expect(until).toBeGreaterThanOrEqual(200);
    expect(until).toBeLessThanOrEqual(500);
    driver.advance(until);
    expect(driver.answers('a').at(-1)).toBe(`cancelled@${until}`);
  });
});

describe('randomisation and chains', () => {
  test('five chained events with random starts follow without gap, overlap or superseding', () => {
    const chain = Array.from({ length: 5 }, (_, i) =>
      body(`c${i}`, 100 + 60 * i, 60, { randomizeStart: 50, modes: exportLimit(1000 + i) }),
    );
    const driver = new Driver().fold(setOf([program('p', 1, chain)]), 10);
    for (let now = 100; now <= 500; now += 1) driver.advance(now);
    for (const { mRID } of chain) {
      expect(driver.answers(mRID).map((answer) => answer.split('@')[0])).toEqual(['received', 'started', 'completed']);
    }
    const time = (mRID: string, index: number) => driver.answers(mRID)[index]?.split('@')[1];
    for (let i = 1; i < 5; i += 1) expect(time(`c${i}`, 1)).toBe(time(`c${i - 1}`, 2));
  });

  test('a randomised extension holds its mode against an event that does not overlap as specified', () => {
    const driver = new Driver();
    const first = body('first', 100, 100, { randomizeDuration: 3000, modes: exportLimit(700) });
    const next = body('next', 205, 6000, { creationTime: at(9) });
    driver.fold(setOf([program('p', 1, [first, next])]), 10).advance(100);
    const end = driver.plan.events.find((event) => event.body.mRID === 'first')?.begun?.end ?? 0;
    expect(end).toBeGreaterThan(205);
    driver.advance(205);
    expect(driver.exportAt(205)).toBe(700);
    driver.advance(end);
    expect(driver.answers('first').at(-1)).toBe(`completed@${end}`);
    expect(driver.answers('next')).toEqual(['received@10', `started@${end}`]);
  });
});

describe('defaults, fallback and commissioned limits', () => {
  test('the default of the best program that sets the mode binds, even when looser', () => {
    const generation = defaults({ opModGenLimW: watts(9000) });
    const driver = new Driver().fold(
      setOf([
        program('a', 1, [], { defaultControl: generation }),
        program('b', 2, [], { defaultControl: defaults(exportLimit(5000)) }),
        program('c', 3, [], { defaultControl: defaults(exportLimit(100)) }),
      ]),
      10,
    );
    expect(limits(driver, 10)).toEqual({
      exportLimit: { value: 5000, source: { kind: 'default', server: 'utility', program: 'b' } },
      generationLimit: { value: 9000, source: { kind: 'default', server: 'utility', program: 'a' } },
    });
  });

  test('zero and false are limits', () => {
    const modes = { ...exportLimit(0), opModEnergize: false, opModConnect: true, opModMaxLimW: 0 };
    const driver = new Driver().fold(setOf([program('p', 1, [], { defaultControl: defaults(modes) })]), 10);
    expect(limits(driver, 10)).toMatchObject({
      exportLimit: { value: 0 },
      energize: { value: false },
      connect: { value: true },
      maxPower: { value: percent(0) },
    });
  });

  test('the fallback binds only while no program has a default; a default is forgotten after two walks', () => {
    const driver = new Driver();
    expect(limits(driver, 10)).toEqual({ exportLimit: { value: 1000, source: { kind: 'fallback' } } });
    driver.fold(setOf([program('p', 1, [])]), 10);
    expect(driver.exportAt(10)).toBe(5000);
    const none = setOf([program('p', 1, [], { defaultControl: null })]);
    driver.fold(none, 20).fold(none, 21);
    expect(driver.exportAt(21)).toBe(5000);
    driver.fold(setOf([program('p', 1, [], { read: 'unread', defaultControl: null })]), 40);
    expect(driver.exportAt(40)).toBe(5000);
    driver.fold(none, 50);
    expect(driver.exportAt(50)).toBe(1000);
  });

  test('the commissioned limit only tightens', () => {
    const driver = new Driver().fold(setOf([program('p', 1, [])]), 10);
    const at4000 = activeLimits(driver.plan, at(10), { exportW: watts(4000), generationW: watts(8000) }, FALLBACK);
    expect(at4000).toEqual({
      exportLimit: { value: 4000, source: { kind: 'commissioned' } },
      generationLimit: { value: 8000, source: { kind: 'commissioned' } },
    });
    const at6000 = activeLimits(driver.plan, at(10), { exportW: watts(6000), generationW: null }, FALLBACK);
    expect(at6000.exportLimit).toMatchObject({ value: 5000, source: { kind: 'default' } });
  });

  test('while time is unknown the default binds, tightened by what ran when the power went', () => {
    const tight = new Driver().fold(setOf([program('p', 1, [body('a', 100, 60)])]), 110).restart();
    expect(limits(tight, null).exportLimit).toMatchObject({ value: 1500, source: { mRID: 'a' } });
    const loose = new Driver().fold(setOf([program('p', 1, [body('a', 100, 60, { modes: exportLimit(9000) })])]), 110).restart();
    expect(limits(loose, null).exportLimit).toMatchObject({ value: 5000, source: { kind: 'default' } });
    const waiting = new Driver().fold(setOf([program('p', 1, [body('a', 100, 60)])]), 10).restart();
    expect(limits(waiting, null).exportLimit).toMatchObject({ value: 5000 });
  });

  test('while time is unknown a mode without tighter or looser stays where the event that ran holds it', () => {
    const event = body('a', 100, 60, { modes: { opModTargetVar: vars(800) } });
    const defaultControl = { mRID: 'd', modes: { opModTargetVar: vars(100) }, setGradW: null };
    const driver = (now: number): Driver =>
      new Driver([...INVERTER_MODES, 'opModTargetVar'])
        .fold(setOf([program('p', 1, [event], { defaultControl })]), now)
        .restart();
    expect(limits(driver(110), null).targets).toMatchObject({ opModTargetVar: { value: 800, source: { mRID: 'a' } } });
    expect(limits(driver(10), null).targets).toMatchObject({ opModTargetVar: { value: 100, source: { kind: 'default' } } });
  });
});

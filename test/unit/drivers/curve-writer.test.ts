import { describe, expect, test } from 'vitest';
import type { Note } from '#base/ports.ts';
import { CurveWriter, type CurveWriterOptions } from '#drivers/inverter/curve-writer.ts';
import type { CurveSetting } from '#site/curve.ts';
import type { FoundCurve } from '#site/device.ts';
import { curveModel } from './curve-image.ts';
import { device, UNIT } from './inverter-bench.ts';
import { ScriptedLine } from './scripted-line.ts';
import { VirtualClock } from './virtual-clock.ts';

const AT = 41_000;
const VOLT_VAR: CurveSetting = {
  kind: 'points',
  points: [92, 98, 102, 108].map((x, index) => ({ x, y: [44, 0, 0, -44][index] ?? 0, absorbsVar: null })),
  reference: 'setMaxVar',
  openLoopSeconds: null,
  vRef: null,
};
const HALF: CurveSetting = { ...VOLT_VAR, points: VOLT_VAR.points.map((point) => ({ ...point, y: point.y / 2 })) };

interface Setup {
  readonly model: number;
  readonly curves?: number;
  readonly head?: Readonly<Record<number, number>>;
  readonly options?: Partial<CurveWriterOptions>;
}

const bench = ({ model, curves = 3, head = {}, options = {} }: Setup) => {
  const clock = new VirtualClock();
  const line = new ScriptedLine(clock);
  const { table, words, place, layout } = curveModel(model, AT, { [model > 700 ? 5 : 8]: 6, ...head }, curves);
  const unit = line.attach(UNIT, new Map(words.map((word, index) => [AT + index, word])));
  const kept: (FoundCurve | null)[] = [];
  const notes: Note[] = [];
  const foreign: string[] = [];
  const writer = new CurveWriter({
    device,
    unitId: UNIT,
    line,
    clock,
    found: null,
    keep: (_, found, done) => {
      kept.push(found);
      done(true);
    },
    onChange: () => undefined,
    onAnswered: () => undefined,
    onUnanswered: () => undefined,
    onForeign: (why) => foreign.push(why),
    onNote: (note) => notes.push(note),
    ...options,
  });
  const registers = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => unit.image.get(AT + from + index));
  const set = (register: number, value: number) => unit.image.set(AT + register, value);
  const curveAt = (index: number) => registers(table.head + (index - 1) * layout.size, layout.size);
  /** Adopts as a device of the DER family does: `result` 1 and a copy. */
  const adopts = (result: number) => {
    unit.onWrite = (address, written) => {
      written.forEach((word, index) => unit.image.set(address + index, word));
      if (address !== AT + 3) return;
      set(4, result);
      if (result === 1) curveAt(written[0] ?? 1).forEach((word, index) => set(table.head + index, index === 9 ? 1 : (word ?? 0)));
    };
  };
  const open = (serial = 'S1') =>
    writer.open({ table, place, functions: table.functions }, serial, { maxPower: 10_000, sign: 1 });
  const run = (curve: CurveSetting | null, ms = 20_000) => {
    writer.want('volt-var', curve);
    clock.runFor(ms);
  };
  if (model > 700) {
    set(table.head + 9, 1);
    adopts(1);
  }
  const named = (event: string) => notes.filter((note) => note.event === event).length;
  const writes = () => line.writes().map(({ address, words: list }) => [address - AT, list.length] as const);
  return { clock, line, unit, kept, foreign, writer, registers, set, curveAt, adopts, open, run, named, writes, words };
};

describe('a curve of the DER family', () => {
  test('is written to the last stored curve, adopted, and only then enabled', () => {
    const b = bench({ model: 705 });
    b.open();
    b.run(VOLT_VAR);
    expect(b.writer.settled()).toBe(true);
    expect(b.curveAt(1).slice(10, 18)).toEqual([92, 44, 98, 0, 102, 0, 108, 0x10000 - 44]);
    const slot = 15 + 2 * 22;
    expect(b.writes()).toEqual([
      [slot, 4],
      [slot + 10, 8],
      [3, 1],
      [2, 1],
    ]);
  });

  test('is given back: switched off first, then the curve in force, then the stored one', () => {
    const b = bench({ model: 705 });
    b.open();
    b.run(VOLT_VAR);
    b.run(null);
    expect(b.registers(2, 1)).toEqual([0]);
    expect([...b.curveAt(1), ...b.curveAt(3)].filter((word) => word !== 0)).toEqual([1]);
    expect(b.kept.map((one) => one?.slot ?? null)).toEqual([3, null]);
    expect(b.writer.settled()).toBe(true);
  });

  test('that the device does not adopt is not written for ever, and not enabled', () => {
    const b = bench({ model: 705 });
    b.adopts(2);
    b.open();
    b.run(VOLT_VAR, 3_600_000);
    expect(b.writer.settled()).toBe(false);
    expect(b.registers(2, 1)).toEqual([0]);
    expect(b.named('curve-not-taken')).toBe(1);
    expect(b.writes().length).toBeLessThanOrEqual(60);
  });

  test('is waited for while the device is adopting', () => {
    const b = bench({ model: 705 });
    b.adopts(0);
    b.open();
    b.run(VOLT_VAR, 3000);
    expect(b.writes().filter(([at]) => at === 3)).toHaveLength(1);
    expect(b.writer.settled()).toBe(false);
  });

  test('is not possible where the curve in force is the only one', () => {
    const b = bench({ model: 705, curves: 1 });
    b.open();
    b.run(VOLT_VAR, 60_000);
    expect(b.writes()).toEqual([]);
    expect(b.named('curve-not-possible')).toBe(1);
  });

  test('is not reverted by a timer of the device', () => {
    const b = bench({ model: 705, head: { 8: 60 } });
    b.open();
    b.run(VOLT_VAR);
    expect(b.registers(7, 2)).toEqual([0, 0]);
    b.run(null);
    expect(b.registers(7, 2)).toEqual([0, 60]);
  });
});

describe('a curve of the legacy family', () => {
  test('is written to a curve that is not selected, then selected and enabled in one write', () => {
    const b = bench({ model: 126, head: { 2: 3 } });
    b.open();
    b.run(VOLT_VAR);
    expect(b.registers(2, 4)).toEqual([2, 1, 0, 0]);
    expect(b.curveAt(2).slice(0, 10)).toEqual([4, 2, 92, 44, 98, 0, 102, 0, 108, 0x10000 - 44]);
    expect(b.curveAt(3).every((word) => word === 0)).toBe(true);
    b.run(null);
    expect(b.registers(0, b.words.length)).toEqual(b.words.map((word, index) => (index === 2 ? 3 : word)));
  });

  test('of the only curve there is: it is off while half written, and while it is given back', () => {
    const b = bench({ model: 126, curves: 1, head: { 2: 1, 3: 1 } });
    const before = b.registers(0, b.words.length);
    const enabledAtWrite: (number | undefined)[] = [];
    const { onWrite } = b.unit;
    b.unit.onWrite = (address, list) => {
      if (address >= AT + 12) enabledAtWrite.push(b.unit.image.get(AT + 3));
      onWrite(address, list);
    };
    b.open();
    b.run(VOLT_VAR);
    expect(b.registers(2, 2)).toEqual([1, 1]);
    expect(b.curveAt(1)[0]).toBe(4);
    b.run(null);
    expect(b.registers(0, b.words.length)).toEqual(before);
    expect(enabledAtWrite).toEqual([0, 0]);
  });
});

describe('nothing is written', () => {
  test('while what was found cannot be kept', () => {
    const b = bench({ model: 705, options: { keep: (_, _found, done) => done(false) } });
    b.open();
    b.run(VOLT_VAR, 60_000);
    expect(b.writes()).toEqual([]);
  });

  test('while the present curve cannot be read', () => {
    const b = bench({ model: 705 });
    b.unit.image.delete(AT + 15);
    b.open();
    b.run(VOLT_VAR, 3_600_000);
    expect(b.writes()).toEqual([]);
    expect(b.named('curve-refused')).toBe(1);
    expect(b.line.done.length).toBeLessThan(40);
  });

  test('where another model answers', () => {
    const b = bench({ model: 705 });
    b.set(0, 706);
    b.open();
    b.run(VOLT_VAR, 60_000);
    expect(b.writes()).toEqual([]);
    expect(b.foreign).toHaveLength(1);
  });

  test('to give back what another inverter had', () => {
    const active = Array.from({ length: 22 }, () => 7);
    const found: FoundCurve = { device, serialNumber: 'S0', model: 705, slot: 3, head: active, active, stored: active };
    const b = bench({ model: 705, options: { found } });
    b.open();
    b.clock.runFor(20_000);
    expect(b.writes()).toEqual([]);
    expect(b.kept).toEqual([null]);
    expect(b.named('curve-of-another')).toBe(1);
  });

  test('nor read while nothing was ever wanted', () => {
    const b = bench({ model: 705 });
    b.open();
    b.clock.runFor(600_000);
    expect(b.line.done).toEqual([]);
  });

  test('more than 60 times an hour, however often the utility changes its mind', () => {
    const b = bench({ model: 705 });
    b.open();
    for (let minute = 0; minute < 55; minute += 1) b.run(minute % 2 === 0 ? VOLT_VAR : HALF, 60_000);
    expect(b.writes().length).toBeLessThanOrEqual(60);
    expect(b.named('curve-writes-held')).toBeGreaterThan(0);
    b.clock.runFor(3_600_000);
    expect(b.writer.settled()).toBe(true);
  });
});

describe('while the store is slow', () => {
  /** Answers when it is told to. */
  const slow = (model: number) => {
    const waiting: (() => void)[] = [];
    const kept: (FoundCurve | null)[] = [];
    const keep: CurveWriterOptions['keep'] = (_, found, done) => {
      kept.push(found);
      waiting.push(() => done(true));
    };
    const b = bench({ model, options: { keep } });
    b.open();
    const answer = () => waiting.splice(0).forEach((done) => done());
    return { ...b, kept, answer };
  };

  test('a wish that is withdrawn leaves nothing to be given back', () => {
    const b = slow(705);
    b.run(VOLT_VAR);
    b.run(null);
    b.answer();
    b.clock.runFor(20_000);
    b.answer();
    b.clock.runFor(20_000);
    expect(b.kept.at(-1)).toBeNull();
    expect(b.writes()).toEqual([]);
    expect(b.writer.settled()).toBe(true);
  });

  test('a wish that comes while all is being forgotten keeps what was given back, not our own curve', () => {
    const b = slow(705);
    b.run(VOLT_VAR);
    b.answer();
    b.clock.runFor(20_000);
    b.run(null);
    b.run(HALF);
    b.answer();
    b.clock.runFor(20_000);
    expect(b.writer.settled()).toBe(true);
    const [first, , second] = b.kept;
    expect(second?.active).toEqual(first?.active);
    b.run(null);
    b.answer();
    b.clock.runFor(20_000);
    expect([...b.curveAt(1), ...b.curveAt(3)].filter((word) => word !== 0)).toEqual([1]);
  });
});

test('a later process that wants nothing gives back what an earlier one found', () => {
  const first = bench({ model: 705 });
  first.open();
  first.run(VOLT_VAR);
  const [found] = first.kept;
  const later = bench({ model: 705, options: { found: found ?? null } });
  for (const [address, word] of first.unit.image) later.unit.image.set(address, word);
  later.open();
  later.clock.runFor(20_000);
  expect(later.registers(2, 1)).toEqual([0]);
  expect([...later.curveAt(1), ...later.curveAt(3)].filter((word) => word !== 0)).toEqual([1]);
  expect(later.kept).toEqual([null]);
});

import { describe, expect, it } from 'vitest';
import { durationMs, type MonoMs, seconds } from '#base/units.ts';
import { type Order, OrderWriter, type Urgency } from '#drivers/line/order-writer.ts';
import { ScriptedLine } from './scripted-line.ts';
import { VirtualClock } from './virtual-clock.ts';

const REGISTER = 100;
const DELAY_MS = 300;
/** The span after which raises wait, the device's delay, and a write and a read at 9600 baud with what was under way. */
const BOUND_MS = 2000 + DELAY_MS + 300;

const orderOf = (value: number): Order<number> => ({
  ...{ meaning: value, key: String(value), lapses: null },
  writes: [{ kind: 'write', unitId: 1, address: REGISTER, words: [value] }],
  read: { kind: 'read', unitId: 1, address: REGISTER, count: 1 },
  stands: ([word]) => word === value,
});

const bench = (spacingMs = 0) => {
  const clock = new VirtualClock();
  const line = new ScriptedLine(clock);
  const unit = line.attach(1, new Map([[REGISTER, 9999]]));
  const confirmed: { readonly value: number; readonly at: MonoMs }[] = [];
  const faults: string[] = [];
  const writer = new OrderWriter<number>({
    ...{ device: 'any', line, clock, checkEvery: seconds(10) },
    ...{ readBackDelayMs: durationMs(DELAY_MS), spacingMs: durationMs(spacingMs) },
    tightens: (from, to) => to < from,
    onConfirmed: (value) => confirmed.push({ value, at: clock.now() }),
    onFault: ({ kind }) => faults.push(kind),
    onAnswered: () => undefined,
    onUnanswered: () => undefined,
    onRead: () => true,
    onNote: () => undefined,
  });
  writer.want(orderOf(5000), 'cut');
  writer.open();
  clock.runFor(2000);
  /** A new order each `everyMs`, as often as there are values. */
  const change = (values: readonly number[], everyMs: number): void => {
    let last = 5000;
    for (const value of values) {
      const urgency: Urgency = value < last ? 'cut' : 'raise';
      writer.want(orderOf(value), urgency);
      last = value;
      clock.runFor(everyMs);
    }
  };
  const written = (): number[] => line.writes().map(({ words }) => words[0]!);
  return { clock, unit, writer, change, confirmed, faults, written };
};

/** The longest time without a proof between these instants. */
const longestGap = (confirmed: readonly { readonly at: MonoMs }[], start: number, end: number): number => {
  const instants = [start, ...confirmed.map(({ at }) => at).filter((at) => at > start), end];
  return Math.max(...instants.slice(1).map((at, index) => at - instants[index]!));
};

const RAISES = Array.from({ length: 100 }, (_, index) => 5001 + index);
const UP_AND_DOWN = RAISES.map((_, index) => 5001 + 37 * (index % 3));

describe('orders that change faster than they can be proven', () => {
  it.each([
    ['raises', RAISES, 200, 0],
    ['raises and cuts', UP_AND_DOWN, 200, 0],
    ['raises of a device that takes one a second', RAISES, 200, 1000],
    ['raises and cuts of such a device', UP_AND_DOWN, 150, 1000],
  ])('%s: the newest is proven within a bound', (_, values, everyMs, spacingMs) => {
    const { clock, writer, change, confirmed, faults } = bench(spacingMs);
    const start = clock.now();
    change(values, everyMs);
    expect(longestGap(confirmed, start, clock.now())).toBeLessThanOrEqual(BOUND_MS);
    expect(faults).toEqual([]);
    clock.runFor(3000);
    expect(writer.held()).toMatchObject({ proven: values.at(-1), since: [] });
  });

  it('a cut never waits for the proof of another order', () => {
    const { unit, change, clock } = bench();
    change(RAISES.slice(0, 11), 190);
    change([6000], 50);
    // The raises wait by now.
    expect(unit.image.get(REGISTER)).toBe(5011);
    change([4000], 60);
    expect(unit.image.get(REGISTER)).toBe(4000);
    change([3900, 3800, 3700, 3600], 100);
    expect(unit.image.get(REGISTER)).toBe(3600);
    clock.runFor(1000);
    expect(unit.image.get(REGISTER)).toBe(3600);
  });

  it('what waited is written once the proof came, the newest only', () => {
    const { written, change, clock, writer } = bench();
    change(RAISES.slice(0, 11), 190);
    const before = written().length;
    change([5500, 5600, 5700], 10);
    clock.runFor(2000);
    expect(written().slice(before)).toEqual([5700]);
    expect(writer.held()?.proven).toBe(5700);
  });

  it('a device that does not let itself be read is written all the same', () => {
    const { unit, clock, change } = bench();
    unit.image = new Map();
    unit.onWrite = (address, words) => unit.image.set(address + 1000, words[0] ?? 0);
    change(RAISES.slice(0, 30), 200);
    clock.runFor(1000);
    expect(unit.image.get(REGISTER + 1000)).toBe(5030);
  });
});

describe('an order that another master takes away', () => {
  it('is looked at each second for a while', () => {
    const { clock, unit, written } = bench();
    const timesWritten = (ms: number): number => {
      const before = written().length;
      for (let at = 0; at < ms; at += 2500) {
        unit.image.set(REGISTER, 9999);
        clock.runFor(2500);
      }
      return written().length - before;
    };
    clock.runFor(20_000);
    expect(timesWritten(10_000)).toBeLessThanOrEqual(2);
    expect(timesWritten(10_000)).toBe(4);
    clock.runFor(70_000);
    expect(timesWritten(5000)).toBeLessThanOrEqual(1);
  });
});

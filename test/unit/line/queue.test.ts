import { expect, it } from 'vitest';
import { JobQueue } from '#drivers/line/queue.ts';
import { PRIORITY } from '#drivers/line/transaction.ts';

const read = (unitId: number) => ({ kind: 'read', unitId, address: 0, count: 1 }) as const;

it('leaves the meter its turn in a storm of cuts', () => {
  const queue = new JobQueue();
  for (let unitId = 1; unitId <= 20; unitId += 1)
    queue.add({ request: read(unitId), priority: PRIORITY.cut, deliver: () => undefined, key: undefined });
  queue.add({ request: read(99), priority: PRIORITY.meter, deliver: () => undefined, key: undefined });
  queue.add({ request: read(99), priority: PRIORITY.meter, deliver: () => undefined, key: undefined });
  const order = Array.from({ length: 22 }, () => queue.take()?.request.unitId ?? null);
  expect(order.indexOf(99)).toBe(8);
  expect(order.lastIndexOf(99)).toBe(17);
  expect(queue.take()).toBeNull();
});

it('leaves the others their turn where reads of the meter fill the line', () => {
  const queue = new JobQueue();
  const add = (unitId: number, priority: (typeof PRIORITY)[keyof typeof PRIORITY]): unknown =>
    queue.add({ request: read(unitId), priority, deliver: () => undefined, key: undefined });
  add(1, PRIORITY.verify);
  add(2, PRIORITY.inverter);
  const order: (number | null)[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    add(99, PRIORITY.meter);
    order.push(queue.take()?.request.unitId ?? null);
  }
  expect(order).toEqual([99, 1, 99, 2, 99]);
  // A cut goes before all of them still.
  add(3, PRIORITY.inverter);
  add(4, PRIORITY.cut);
  expect(queue.take()?.request.unitId).toBe(4);
});

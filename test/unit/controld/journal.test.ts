import { describe, expect, it } from 'vitest';
import { unknownClock } from '#control/clock/clock.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import type { Transition } from '#control/record.ts';
import { LogReader } from '#log/reader.ts';
import { utilitySeconds } from '#base/units.ts';
import { Journal } from '#app/controld/journal.ts';
import { type Memory, MemoryStore } from '#app/controld/stores.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

// Goal: a kill between the saved plan and the log loses no transition, also when the next life is killed before its log is open.

const transition = (mRID: string): Transition => ({
  kind: 'transition',
  server: 'utility',
  mRID,
  status: 'received',
  at: utilitySeconds(100),
  replyTo: '/rsp',
  responseRequired: 3,
  modes: ['opModExpLimW'],
});

const left = (outbox: readonly Transition[]): Memory => ({
  seed: 'seed-of-the-test',
  plan: emptyPlan(),
  clock: unknownClock(),
  planId: null,
  lockout: { excursions: [], locked: null, lockouts: [] },
  outbox,
  logHead: 0,
});

const entropy = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0 };

const journalOf = async (
  files: MemoryFiles,
  memory: Memory,
  onBehind: () => void = () => undefined,
): Promise<{ journal: Journal; clock: ManualClock; store: MemoryStore }> => {
  const clock = manualClock();
  const store = new MemoryStore(files);
  await store.load(entropy, () => undefined);
  const options = { files, clock, bootId: 'boot', store, inherited: memory, onBehind };
  const said = { onCommitted: () => undefined, note: () => undefined };
  return { journal: new Journal({ ...options, ...said }), clock, store };
};

const outboxOf = async (files: MemoryFiles): Promise<readonly string[]> =>
  (await new MemoryStore(files).load(entropy, () => undefined)).outbox.map(({ mRID }) => mRID);

const logged = async (files: MemoryFiles): Promise<readonly unknown[]> => {
  const read = await new LogReader({ files, directory: 'log' }).readAfter(0, 100);
  return read.ok ? read.value.map((record) => (record.body as Transition).mRID) : [];
};

describe('the journal of controld', () => {
  it('keeps what the predecessor left in every save until the log holds it', async () => {
    const files = new MemoryFiles();
    const memory = left([transition('old')]);
    const { journal, clock } = await journalOf(files, memory);
    journal.keep(memory, [transition('new')]);
    await clock.advance(100);
    expect(await outboxOf(files)).toEqual(['old', 'new']);
    await journal.open();
    await clock.advance(1_000);
    expect(await logged(files)).toEqual(['old', 'new']);
    await journal.flush();
  });

  it('logs nothing twice that had reached the log before the kill', async () => {
    const files = new MemoryFiles();
    const first = await journalOf(files, left([]));
    await first.journal.open();
    first.journal.keep(left([]), [transition('once')]);
    await first.clock.advance(1_000);
    await first.journal.flush();
    expect(await logged(files)).toEqual(['once']);
    const second = await journalOf(files, left([transition('once')]));
    await second.journal.open();
    await second.clock.advance(1_000);
    await second.journal.flush();
    expect(await logged(files)).toEqual(['once']);
  });

  it('logs nothing twice wherever the next life saves its plan while it opens the log, and is killed then', async () => {
    const first = new MemoryFiles();
    const one = await journalOf(first, left([]));
    await one.journal.open();
    one.journal.keep(left([]), [transition('once')]);
    await one.clock.advance(1_000);
    await one.journal.flush();
    for (let turns = 0; turns < 120; turns += 1) {
      const files = first.afterKill();
      const second = await journalOf(files, left([transition('once')]));
      const opening = second.journal.open();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      second.journal.keep(left([]), []);
      await opening;
      await second.clock.settle();
      const third = files.afterKill();
      const memory = await new MemoryStore(third).load(entropy, () => undefined);
      const last = await journalOf(third, memory);
      await last.journal.open();
      await last.clock.advance(1_000);
      await last.journal.flush();
      expect(await logged(third), `saved after ${turns} turns`).toEqual(['once']);
    }
  });

  it('opens a log that could not be opened at the start as soon as the disk heals', async () => {
    let failing = true;
    const fault = { kind: 'failed', path: 'log', why: 'EIO' } as const;
    const files = new MemoryFiles({ faultOf: (_operation, path) => (failing && path.startsWith('log') ? fault : null) });
    const { journal, clock } = await journalOf(files, left([]));
    await journal.open();
    journal.keep(left([]), [transition('waited')]);
    await clock.advance(30_000);
    failing = false;
    expect(await logged(files)).toEqual([]);
    await clock.advance(11_000);
    expect(await logged(files)).toEqual(['waited']);
    await journal.flush();
  });

  it('logs what a plan that cannot be saved decided, and saves it by itself once the disk heals', async () => {
    let failing = true;
    const isPlan = (path: string): boolean => path.startsWith('plan');
    const fault = { kind: 'full', path: 'plan' } as const;
    const files = new MemoryFiles({ faultOf: (_operation, path) => (failing && isPlan(path) ? fault : null) });
    const { journal, clock } = await journalOf(files, left([]));
    await journal.open();
    journal.keep({ ...left([]), planId: 'newest' }, [transition('owed')]);
    await clock.advance(1_000);
    expect(await logged(files)).toEqual(['owed']);
    failing = false;
    await clock.advance(2_000);
    expect((await new MemoryStore(files).load(entropy, () => undefined)).planId).toBe('newest');
    await journal.flush();
  });

  it('neither saves nor logs beside a plan that could not be read, and asks for a new start once it can', async () => {
    const files = new MemoryFiles();
    const earlier = await journalOf(files, left([]));
    await earlier.journal.open();
    earlier.journal.keep({ ...left([]), planId: 'known' }, [transition('told')]);
    await earlier.journal.flush();
    let failing = true;
    const fault = { kind: 'failed', path: 'plan', why: 'EIO' } as const;
    files.options = { faultOf: (_operation, path) => (failing && path.startsWith('plan') ? fault : null) };
    let starts = 0;
    const { journal, clock } = await journalOf(files, left([]), () => {
      starts += 1;
    });
    await journal.open();
    journal.keep({ ...left([]), planId: 'blank' }, [transition('told')]);
    await clock.advance(20_000);
    expect(starts).toBe(0);
    failing = false;
    await clock.advance(20_000);
    journal.keep({ ...left([]), planId: 'blank' }, [transition('told')]);
    await journal.flush();
    expect(starts).toBe(1);
    expect((await new MemoryStore(files).load(entropy, () => undefined)).planId).toBe('known');
    expect(await logged(files)).toEqual(['told']);
  });
});

import { describe, expect, it } from 'vitest';
import { SeededRandom } from '#base/random.ts';
import { ok } from '#base/result.ts';
import { StateFile } from '#log/state-file.ts';
import { MemoryFiles } from '../../support/memory-files.ts';
import { compliance, openJournal, readAll, reading } from './journal.ts';

const RECORDS = 140;
/** Ways the unsynced part may have reached the flash. */
const TEARS = [null, 1, 2, 3];
const LIMITS = { segmentBytes: 900, wholeSegments: 3 };

interface Life {
  readonly acknowledged: number;
  readonly queued: number;
}

/** Writes records in groups, across several segments and their compaction, until the end or the cut. */
const live = async (files: MemoryFiles): Promise<Life> => {
  let acknowledged = 0;
  let queued = 0;
  const work = async (): Promise<void> => {
    const { writer, heads } = await openJournal(files, LIMITS);
    for (let n = 1; n <= RECORDS; n += 1) {
      queued = writer.queue(n % 3 === 0 ? compliance(n) : reading(n)) ?? queued;
      if (n % 4 === 0) await writer.flush();
      acknowledged = heads.at(-1) ?? 0;
    }
    await writer.close();
    acknowledged = heads.at(-1) ?? 0;
  };
  await Promise.race([work(), files.cut()]);
  return { acknowledged, queued };
};

describe('a power cut at every step', () => {
  it('never loses an acknowledged compliance record, never invents one, never uses a number twice', async () => {
    const whole = new MemoryFiles();
    await live(whole);
    expect(whole.steps).toBeGreaterThan(100);
    for (let cutAt = 1; cutAt <= whole.steps; cutAt += 1) {
      for (const tear of TEARS) {
        const files = new MemoryFiles({ cutAt });
        const { acknowledged, queued } = await live(files);
        const left = files.afterPowerCut(tear === null ? null : new SeededRandom(tear * 1000 + cutAt));
        const found = await readAll(left);
        const seqs = found.map((record) => record.seq);
        const where = `cut at ${cutAt}, tear ${tear}`;
        for (let seq = 3; seq <= acknowledged; seq += 3) expect(seqs, where).toContain(seq);
        for (const record of found) {
          expect(record.body, where).toEqual(record.seq % 3 === 0 ? compliance(record.seq) : reading(record.seq));
        }
        expect(seqs, where).toEqual([...new Set(seqs)].sort((a, b) => a - b));
        expect(seqs.at(-1) ?? 0, where).toBeLessThanOrEqual(queued + 1);
        const again = await openJournal(left, LIMITS);
        const next = again.writer.queue(compliance(0)) ?? 0;
        expect(next, where).toBeGreaterThan(Math.max(acknowledged, seqs.at(-1) ?? 0));
        await again.writer.close();
        expect((await readAll(left)).at(-1)?.seq, where).toBe(next);
      }
    }
  }, 60_000);

  it('leaves a state file with the newest acknowledged value or the one after it', async () => {
    const work = async (files: MemoryFiles, saved: number[]): Promise<void> => {
      const state = stateOf(files);
      await state.load();
      for (let n = 1; n <= 6; n += 1) if ((await state.save(n)).ok) saved.push(n);
    };
    const whole = new MemoryFiles();
    await work(whole, []);
    for (let cutAt = 1; cutAt <= whole.steps; cutAt += 1) {
      for (const tear of TEARS) {
        const files = new MemoryFiles({ cutAt });
        const saved: number[] = [];
        await Promise.race([work(files, saved), files.cut()]);
        const left = files.afterPowerCut(tear === null ? null : new SeededRandom(tear * 1000 + cutAt));
        const loaded = await stateOf(left).load();
        const newest = saved.at(-1) ?? 0;
        expect([newest, newest + 1], `cut at ${cutAt}`).toContain(loaded.value ?? 0);
      }
    }
  });
});

const stateOf = (files: MemoryFiles): StateFile<number> =>
  new StateFile({ files, name: 'plan', format: 1, decode: (value) => ok(value as number) });

import { describe, expect, it } from 'vitest';
import type { FileFault } from '#base/ports.ts';
import { LogReader } from '#log/reader.ts';
import { MemoryFiles } from '../../support/memory-files.ts';
import { compliance, openJournal, readAll, reading } from './journal.ts';

describe('the writer of the log', () => {
  it('numbers at once and commits compliance records within a second, together', async () => {
    const files = new MemoryFiles();
    const { writer, clock, heads } = await openJournal(files);
    expect([writer.queue(compliance(1)), writer.queue(compliance(2))]).toEqual([1, 2]);
    expect(writer.head).toBe(0);
    await clock.advance(1_000);
    expect(heads).toEqual([2]);
    expect(writer.counters.commits).toBe(1);
    expect((await readAll(files)).map((record) => record.body)).toEqual([compliance(1), compliance(2)]);
  });

  it('holds readings back for at most a minute, or until a compliance record takes them along', async () => {
    const { writer, clock, heads } = await openJournal(new MemoryFiles());
    writer.queue(reading(1));
    await clock.advance(1_000);
    expect(heads).toEqual([]);
    await clock.advance(59_000);
    expect(heads).toEqual([1]);
    writer.queue(reading(2));
    writer.queue(compliance(3));
    await clock.advance(1_000);
    expect(heads).toEqual([1, 3]);
  });

  it('goes on with the next number after a restart, and tells the head before it writes', async () => {
    const files = new MemoryFiles();
    const first = await openJournal(files);
    first.writer.queue(compliance(1));
    await first.writer.close();
    const second = await openJournal(files);
    expect(second.writer.head).toBe(1);
    expect(second.writer.queue(compliance(2))).toBe(2);
    await second.writer.flush();
    expect((await readAll(files)).map((record) => record.seq)).toEqual([1, 2]);
  });

  it('never makes the caller wait for a disk that hangs, and drops the oldest telemetry alone', async () => {
    let hang = true;
    const held: (() => void)[] = [];
    const gate = async (): Promise<void> => {
      if (hang) await new Promise<void>((resolve) => held.push(resolve));
    };
    const files = new MemoryFiles({ syncGate: gate });
    const { writer, clock } = await openJournal(files, { telemetryQueue: 10 });
    writer.queue(compliance(0));
    await clock.advance(1_000);
    for (let n = 1; n <= 50; n += 1) writer.queue(n % 5 === 0 ? compliance(n) : reading(n));
    expect(writer.counters).toMatchObject({ droppedTelemetry: 30, droppedCompliance: 0 });
    hang = false;
    for (const go of held) go();
    await clock.advance(60_000);
    const bodies = (await readAll(files)).map((record) => (record.body as { n: number }).n);
    expect(bodies.filter((n) => n % 5 === 0)).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50]);
    expect(bodies.filter((n) => n % 5 !== 0)).toEqual([38, 39, 41, 42, 43, 44, 46, 47, 48, 49].filter((n) => n % 5 !== 0));
  });

  it('bounds compliance records too, and says how many were lost', async () => {
    const fault: FileFault = { kind: 'failed', path: 'log', why: 'I/O error' };
    const files = new MemoryFiles({ faultOf: (operation) => (operation === 'create' ? fault : null) });
    const { writer, clock, notes } = await openJournal(files, { complianceQueue: 5 });
    for (let n = 0; n < 8; n += 1) writer.queue(compliance(n));
    await clock.advance(10_000);
    expect(writer.counters).toMatchObject({ droppedCompliance: 3, waiting: 5 });
    expect(notes.map((note) => note.event)).toEqual(['log-failing']);
  });

  it('writes again after a failed sync without a torn frame in between', async () => {
    let failures = 3;
    const fault: FileFault = { kind: 'failed', path: 'log', why: 'I/O error' };
    const files = new MemoryFiles({ faultOf: (operation) => (operation === 'sync' && (failures -= 1) >= 0 ? fault : null) });
    const { writer, clock, notes } = await openJournal(files);
    for (let n = 1; n <= 3; n += 1) writer.queue(compliance(n));
    await clock.advance(10_000);
    expect(writer.head).toBe(3);
    expect(notes.map((note) => note.event)).toEqual(['log-failing', 'log-writable']);
    expect((await readAll(files)).map((record) => record.seq)).toEqual([1, 2, 3]);
  });

  it('tells no head while the disk fails: what goes north is made of durable records alone', async () => {
    let failing = true;
    const fault: FileFault = { kind: 'failed', path: 'log', why: 'I/O error' };
    const files = new MemoryFiles({ faultOf: (operation) => (operation === 'sync' && failing ? fault : null) });
    const { writer, clock, heads } = await openJournal(files);
    writer.queue(compliance(1));
    await clock.advance(10_000);
    expect(writer.counters.failedCommits).toBeGreaterThan(0);
    expect([writer.head, heads]).toEqual([0, []]);
    failing = false;
    await clock.advance(10_000);
    expect([writer.head, heads]).toEqual([1, [1]]);
  });

  it('refuses a record over its bound and keeps the numbers whole', async () => {
    const { writer, notes } = await openJournal(new MemoryFiles());
    expect(writer.queue({ kind: 'reading', text: 'x'.repeat(70_000) })).toBeNull();
    expect(writer.queue(compliance(1))).toBe(1);
    expect(notes.map((note) => note.event)).toEqual(['log-record-refused']);
  });

  it('stays inside its bound: telemetry of the oldest segments goes, their compliance records stay', async () => {
    const files = new MemoryFiles();
    const { writer } = await openJournal(files, { segmentBytes: 2_000, wholeSegments: 3 });
    for (let n = 1; n <= 300; n += 1) {
      writer.queue(n % 10 === 0 ? compliance(n) : reading(n));
      if (n % 5 === 0) await writer.flush();
    }
    const kept = await readAll(files);
    const ofKind = (kind: string): number => kept.filter((record) => (record.body as { kind: string }).kind === kind).length;
    expect(ofKind('transition')).toBe(30);
    expect(ofKind('reading')).toBeLessThan(100);
    expect(kept.at(-1)?.seq).toBe(300);
    const reopened = await openJournal(files, { segmentBytes: 2_000, wholeSegments: 3 });
    expect(reopened.writer.queue(compliance(301))).toBe(301);
  });

  it('removes the oldest compliance records only over their own bound, with an error note', async () => {
    const files = new MemoryFiles();
    const { writer, notes } = await openJournal(files, { segmentBytes: 1_000, wholeSegments: 2, compactBytes: 3_000 });
    for (let n = 1; n <= 200; n += 1) {
      writer.queue(compliance(n));
      if (n % 5 === 0) await writer.flush();
    }
    expect(notes.some((note) => note.event === 'log-compliance-removed')).toBe(true);
    const size = files.paths().reduce((sum, path) => sum + (files.peek(path)?.length ?? 0), 0);
    expect(size).toBeLessThan(10_000);
    expect((await readAll(files)).at(-1)?.seq).toBe(200);
  });

  it('makes room by itself on a full disk', async () => {
    const files = new MemoryFiles({ capacity: 12_000 });
    const { writer, clock } = await openJournal(files, { segmentBytes: 2_000, wholeSegments: 40 });
    for (let n = 1; n <= 300; n += 1) {
      writer.queue(n % 50 === 0 ? compliance(n) : reading(n));
      if (n % 5 === 0) await writer.flush();
    }
    await clock.advance(120_000);
    const kept = await readAll(files);
    expect(kept.at(-1)?.seq).toBe(300);
    expect(kept.filter((record) => (record.body as { kind: string }).kind === 'transition')).toHaveLength(6);
  });
});

describe('a reader beside the writer', () => {
  it('gets each record once, in order, across segments and while the writer appends', async () => {
    const files = new MemoryFiles();
    const { writer } = await openJournal(files, { segmentBytes: 1_500 });
    const reader = new LogReader({ files, directory: 'log' });
    const got: number[] = [];
    for (let n = 1; n <= 120; n += 1) {
      writer.queue(compliance(n));
      if (n % 3 === 0) await writer.flush();
      const read = await reader.readAfter(got.at(-1) ?? 0, 2, writer.head);
      if (read.ok) got.push(...read.value.map((record) => record.seq));
    }
    for (let more = 1; more > 0; ) {
      const read = await reader.readAfter(got.at(-1) ?? 0, 50, writer.head);
      more = read.ok ? read.value.length : 0;
      if (read.ok) got.push(...read.value.map((record) => record.seq));
    }
    expect(got).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
  });

  it('never hands out a record behind the committed head', async () => {
    const files = new MemoryFiles();
    const { writer } = await openJournal(files);
    for (let n = 1; n <= 4; n += 1) writer.queue(compliance(n));
    await writer.flush();
    const read = await new LogReader({ files, directory: 'log' }).readAfter(0, 10, 3);
    expect(read.ok && read.value.map((record) => record.seq)).toEqual([1, 2, 3]);
  });

  it('steps over a damaged sector and gives what lies behind it', async () => {
    const files = new MemoryFiles();
    const { writer } = await openJournal(files);
    for (let n = 1; n <= 40; n += 1) writer.queue(compliance(n));
    await writer.close();
    const bytes = files.peek('log/00000001.seg')!.slice();
    bytes.fill(0xff, 1024, 1536);
    files.put('log/00000001.seg', bytes);
    const seqs = (await readAll(files)).map((record) => record.seq);
    expect(seqs[0]).toBe(1);
    expect(seqs.at(-1)).toBe(40);
    expect(seqs.length).toBeGreaterThan(30);
    const reopened = await openJournal(files);
    expect(reopened.notes.map((note) => note.event)).toEqual(['log-damaged']);
    expect(reopened.writer.queue(compliance(41))).toBe(41);
  });

  it('answers with nothing where there is no log yet', async () => {
    expect(await readAll(new MemoryFiles())).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import { monoMs, utilitySeconds } from '#base/units.ts';
import { Channels } from '#app/northd/channels.ts';
import { decodeNorthState } from '#app/northd/north-state.ts';
import { Suspects } from '#app/northd/suspects.ts';
import { encodeHeader, encodeRecord, segmentName } from '#log/segment.ts';
import type { Lfdi } from '#utility/identity/fingerprint.ts';
import type { ReportPayload } from '#utility/report/delivery.ts';
import type { Delivery } from '#utility/report/queue.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

const now = monoMs(1000);
const transition = (mRID: string): unknown => ({
  kind: 'transition',
  server: 'u',
  mRID,
  status: 'received',
  at: 5,
  replyTo: 'https://u.test/r',
  responseRequired: 3,
  modes: [],
});
const reading = (start: number): unknown => ({
  kind: 'reading',
  start,
  duration: 60,
  coverage: 1,
  siteNetImport: { mean: 1, min: 1, max: 1 },
  siteReactiveImport: null,
  siteVoltage: null,
  siteFrequency: null,
  generation: null,
  generationReactive: null,
  importedEnergy: null,
  exportedEnergy: null,
});

const logOf = async (files: MemoryFiles, bodies: readonly unknown[]): Promise<void> => {
  const frames = bodies.map((body, index) => encodeRecord({ seq: index + 1, format: 1, bootId: 'b', mono: monoMs(index), body }));
  const header = encodeHeader({ firstSeq: 1, compact: false, bodyBytes: 0 });
  await files.replace(`log/${segmentName(1)}`, Buffer.concat([header, ...frames.filter((frame) => frame !== null)]));
};

const life = async (files: MemoryFiles, notes: string[] = []): Promise<Channels> => {
  const context = { server: 'u', lfdi: 'AB'.repeat(20) as Lfdi, pen: 1, responses: [1] };
  const channels = new Channels({ files, context, note: ({ event }) => notes.push(event) });
  await channels.load();
  return channels;
};

const seqsOf = (run: readonly Delivery<ReportPayload>[]): readonly number[] => run.map(({ seq }) => seq);

describe('a record that ends its reader', () => {
  test('three times is set aside at the fourth, and the ones after it go', async () => {
    const files = new MemoryFiles();
    await logOf(files, [transition('A1'), transition('A2')]);
    await (await life(files)).save();
    const notes: string[] = [];
    for (let crash = 0; crash < 3; crash += 1) {
      const channels = await life(files, notes);
      await channels.fill(2);
      // The life ends while it works on this one: nothing is settled, nothing saved.
      expect(seqsOf(await channels.next('responses', now))).toEqual([1]);
    }
    expect(notes).toEqual([]);
    const channels = await life(files, notes);
    await channels.fill(2);
    expect(notes).toContain('record-set-aside');
    expect(seqsOf(await channels.next('responses', now))).toEqual([2]);
  });

  test('is not suspected when the lives ended as asked', async () => {
    const files = new MemoryFiles();
    await logOf(files, [transition('A1')]);
    for (let turn = 0; turn < 5; turn += 1) {
      const channels = await life(files);
      await channels.fill(1);
      expect(seqsOf(await channels.next('responses', now))).toEqual([1]);
      await channels.close();
    }
  });

  test('costs no write after a life that ended as asked', () => {
    const suspects = new Suspects();
    const state = decodeNorthState({ responses: START, 'site-readings': START, 'der-readings': START, clean: true });
    if (!state.ok) throw new Error(state.fault);
    suspects.load(state.value);
    expect(suspects.take({ channel: 'responses', seq: 1 })).toBe(false);
  });
});

const START = { seq: 0, beyond: [] };

describe('the state of northd', () => {
  test('of an older release is read: alarms up to the last Response count as told', () => {
    const older = { responses: { seq: 7, beyond: [9] }, 'site-readings': START, 'der-readings': START };
    expect(decodeNorthState(older)).toMatchObject({ ok: true, value: { 'log-events': { seq: 7, beyond: [] }, clean: false } });
    expect(decodeNorthState({ responses: START })).toMatchObject({ ok: false });
  });
});

test('a disk that cannot be read for a while does not let everything be told again', async () => {
  const files = new MemoryFiles();
  await logOf(files, [transition('A1'), transition('A2')]);
  const before = await life(files);
  await before.fill(2);
  await before.next('responses', now);
  await before.settle('responses', [1], { kind: 'accepted' }, now);
  files.options = { faultOf: (_, path) => ({ kind: 'failed', path, why: 'input/output error' }) };
  const channels = await life(files);
  await channels.fill(2);
  await channels.close();
  expect(await channels.next('responses', now)).toEqual([]);
  files.options = {};
  await channels.fill(2);
  expect(seqsOf(await channels.next('responses', now))).toEqual([2]);
});

test('readings that nobody takes wait a day and then make room', async () => {
  const files = new MemoryFiles();
  await logOf(files, [reading(0), reading(60), reading(120)]);
  const channels = await life(files);
  await channels.fill(3);
  expect(await channels.dropOld('site-readings', now, utilitySeconds(86_400))).toBe(0);
  expect(await channels.dropOld('site-readings', now, utilitySeconds(86_500))).toBe(2);
  expect(channels.waiting('site-readings').map(({ start }) => start)).toEqual([120]);
});

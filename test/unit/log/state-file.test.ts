import { describe, expect, it } from 'vitest';
import { fail, ok } from '#base/result.ts';
import { StateFile } from '#log/state-file.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

const stateOf = (files: MemoryFiles, format = 1): StateFile<string> =>
  new StateFile({
    files,
    name: 'plan',
    format,
    decode: (value, written) => (written <= format + 1 && typeof value === 'string' ? ok(value) : fail(`format ${written}`)),
  });

const damage = (files: MemoryFiles, path: string): void => {
  const bytes = files.peek(path)!.slice();
  bytes[bytes.length - 3]! ^= 0x20;
  files.put(path, bytes);
};

describe('a state file', () => {
  it('is nothing, and no problem, before the first save', async () => {
    expect(await stateOf(new MemoryFiles()).load()).toMatchObject({ value: null, problems: [] });
  });

  it('falls back to the older copy when the newer is damaged, and says so', async () => {
    const files = new MemoryFiles();
    const state = stateOf(files);
    await state.load();
    await state.save('first');
    await state.save('second');
    expect(await stateOf(files).load()).toMatchObject({ value: 'second', problems: [] });
    damage(files, 'plan.b');
    expect(await stateOf(files).load()).toMatchObject({ value: 'first', problems: ['plan.b: damaged'] });
  });

  it('never overwrites the copy in use', async () => {
    const files = new MemoryFiles();
    const state = stateOf(files);
    await state.load();
    await state.save('first');
    await state.save('second');
    damage(files, 'plan.b');
    const next = stateOf(files);
    await next.load();
    await next.save('third');
    damage(files, 'plan.b');
    expect((await stateOf(files).load()).value).toBe('first');
  });

  it('starts with both copies damaged', async () => {
    const files = new MemoryFiles();
    files.put('plan.a', new Uint8Array(0));
    files.put('plan.b', new TextEncoder().encode('GWST 1 9 00000000\n"x"\n'));
    const state = stateOf(files);
    expect(await state.load()).toMatchObject({ value: null, problems: ['plan.a: damaged', 'plan.b: damaged'] });
    expect((await state.save('new')).ok).toBe(true);
    expect((await stateOf(files).load()).value).toBe('new');
  });

  it('reads the next format and leaves one beyond it alone', async () => {
    const files = new MemoryFiles();
    const newer = stateOf(files, 2);
    await newer.load();
    await newer.save('from the next release');
    expect((await stateOf(files, 1).load()).value).toBe('from the next release');
    const far = stateOf(files, 7);
    await far.load();
    await far.save('from far ahead');
    expect(await stateOf(files, 1).load()).toMatchObject({ value: 'from the next release', problems: ['plan.b: format 7'] });
  });

  it('leaves out all but the newest of the saves that wait', async () => {
    const files = new MemoryFiles();
    const state = stateOf(files);
    await state.load();
    const results = await Promise.all(['a', 'b', 'c', 'd'].map(async (value) => await state.save(value)));
    expect(results.every((result) => result.ok)).toBe(true);
    expect((await stateOf(files).load()).value).toBe('d');
    expect(files.paths()).toEqual(['plan.a', 'plan.b']);
  });

  it('returns the fault of a full disk and keeps the old value', async () => {
    const files = new MemoryFiles({ capacity: 60 });
    const state = stateOf(files);
    await state.load();
    await state.save('short');
    expect(await state.save('x'.repeat(100))).toMatchObject({ ok: false, fault: { kind: 'full' } });
    expect((await stateOf(files).load()).value).toBe('short');
  });
});

describe('a state file on a disk that fails at the start', () => {
  const EIO = { kind: 'failed', path: 'plan', why: 'EIO' } as const;
  const bench = async (patience?: number) => {
    const disk = { reads: true, writes: true };
    const faultOf = (operation: string) => ((operation === 'read' ? disk.reads : disk.writes) ? null : EIO);
    const files = new MemoryFiles({ faultOf });
    const earlier = stateOf(files);
    await earlier.load();
    await earlier.save('first');
    await earlier.save('second');
    await earlier.save('third');
    disk.reads = false;
    const decode = (value: unknown) => ok(String(value));
    const state = new StateFile({ files, name: 'plan', format: 1, decode, ...(patience === undefined ? {} : { patience }) });
    expect(await state.load()).toMatchObject({ value: null, isUnread: true });
    return { disk, files, state };
  };

  it('is not saved over once it heals, and says that it can be read', async () => {
    const { disk, files, state } = await bench();
    expect((await state.save('fresh')).ok).toBe(false);
    expect([state.isUnread, state.isBehind]).toEqual([true, false]);
    disk.reads = true;
    expect((await state.save('fresh')).ok).toBe(false);
    expect(state.isBehind).toBe(true);
    expect((await stateOf(files).load()).value).toBe('third');
    expect((await state.load()).value).toBe('third');
    expect((await state.save('fourth')).ok).toBe(true);
    expect((await stateOf(files).load()).value).toBe('fourth');
  });

  it('is given up after so many saves: both copies are written, or an old one would count as the newer', async () => {
    const { disk, files, state } = await bench(3);
    expect([(await state.save('fresh')).ok, (await state.save('fresh')).ok]).toEqual([false, false]);
    expect((await state.save('fresh')).ok).toBe(true);
    expect(state.isUnread).toBe(false);
    disk.reads = true;
    expect((await stateOf(files).load()).value).toBe('fresh');
  });
});

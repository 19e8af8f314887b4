import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assert } from '#base/assert.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { readBootId } from '#platform/systemd/boot-id.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gridward-files-'));
});
afterEach(async () => await rm(root, { recursive: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each([
  ['on disk', () => directoryFiles(root)],
  ['in memory', () => new MemoryFiles()],
])('files %s', (_, make) => {
  it('replaces, reads, lists and removes', async () => {
    const files = make();
    expect(await files.replace('a/b/state', bytes('one'))).toEqual({ ok: true, value: undefined });
    await files.replace('a/b/state', bytes('two'));
    expect(await files.read('a/b/state', 10)).toEqual({ ok: true, value: bytes('two') });
    expect(await files.read('a/b/state', 2)).toMatchObject({ ok: false, fault: { kind: 'too-large', size: 3 } });
    expect(await files.readRange('a/b/state', 1, 100)).toEqual({ ok: true, value: bytes('wo') });
    expect(await files.readRange('a/b/state', 9, 5)).toEqual({ ok: true, value: bytes('') });
    expect(await files.list('a/b')).toEqual({ ok: true, value: ['state'] });
    expect((await files.remove('a/b/state')).ok).toBe(true);
    expect(await files.remove('a/b/state')).toMatchObject({ ok: false, fault: { kind: 'absent' } });
    expect(await files.read('a/b/state', 10)).toMatchObject({ ok: false, fault: { kind: 'absent' } });
    expect(await files.list('none')).toMatchObject({ ok: false, fault: { kind: 'absent' } });
  });

  it('appends after cutting the file to its known length', async () => {
    const files = make();
    const first = await files.openAppend('log/1', 0);
    assert(first.ok, 'it opens');
    await first.value.append(bytes('whole,'));
    await first.value.append(bytes('torn'));
    await first.value.close();
    const second = await files.openAppend('log/1', 6);
    assert(second.ok, 'it opens again');
    await second.value.append(bytes('next'));
    await second.value.close();
    expect(await files.read('log/1', 100)).toEqual({ ok: true, value: bytes('whole,next') });
  });
});

describe('files on disk', () => {
  it('gives what the operating system refuses as a value', async () => {
    await writeFile(join(root, 'plain'), 'x');
    const files = directoryFiles(root);
    expect(await files.read('plain/below', 10)).toMatchObject({ ok: false, fault: { kind: 'failed', path: 'plain/below' } });
    expect(await files.replace('plain/below', bytes('x'))).toMatchObject({ ok: false });
  });

  it('leaves nothing beside a replaced file, which others cannot read', async () => {
    await directoryFiles(root).replace('state', bytes('x'));
    expect(await readdir(root)).toEqual(['state']);
    expect((await stat(join(root, 'state'))).mode & 0o007).toBe(0);
  });

  it('reads the boot id', async () => {
    expect(await readBootId()).toMatchObject({ ok: true });
    await writeFile(join(root, 'boot'), 'nonsense');
    expect(await readBootId(join(root, 'boot'))).toMatchObject({ ok: false });
  });
});

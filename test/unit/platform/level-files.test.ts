import { execFileSync } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { levelFiles } from '#platform/contacts/level-files.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gridward-level-'));
  path = join(directory, 'value');
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('the level of an input', () => {
  it('is what its file says now', async () => {
    const read = levelFiles();
    expect(read(path)).toBe(null);
    await writeFile(path, '1\n');
    expect(read(path)).toBe(1);
    await writeFile(path, '0\n');
    expect(read(path)).toBe(0);
  });

  it('is not known where the file says something else or nothing; it is found again after that', async () => {
    const read = levelFiles();
    await writeFile(path, 'in\n');
    expect(read(path)).toBe(null);
    await writeFile(path, '');
    expect(read(path)).toBe(null);
    await rm(path);
    await writeFile(`${path}.new`, '1\n');
    await rename(`${path}.new`, path);
    expect(read(path)).toBe(1);
  });

  it('is not waited for: a pipe or a directory is no input', () => {
    execFileSync('mkfifo', [path]);
    const read = levelFiles();
    expect(read(path)).toBe(null);
    expect(read(directory)).toBe(null);
  });
});

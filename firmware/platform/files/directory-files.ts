import { type FileHandle, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assert } from '#base/assert.ts';
import type { AppendFile, FileFault, Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';

const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

const faultOf = (path: string, error: unknown): FileFault => {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = message;
  switch (code) {
    case 'ENOENT':
      return { kind: 'absent', path };
    case 'ENOSPC':
    case 'EDQUOT':
      return { kind: 'full', path };
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { kind: 'denied', path, why };
    default:
      return { kind: 'failed', path, why };
  }
};

/** Errors of the operating system become values; a broken invariant passes through. */
const attempt = async <T>(path: string, run: () => Promise<T>): Promise<Result<T, FileFault>> => {
  try {
    return ok(await run());
  } catch (error) {
    if (error instanceof Error && 'code' in error) return fail(faultOf(path, error));
    throw error;
  }
};

const withHandle = async <T>(path: string, flags: string, use: (handle: FileHandle) => Promise<T>): Promise<T> => {
  const handle = await open(path, flags, FILE_MODE);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
};

const syncDirectory = async (path: string): Promise<void> => {
  await withHandle(path, 'r', async (handle) => await handle.sync());
};

/** Creates what is missing of a directory; the names are durable when it resolves. */
const makeDirectory = async (path: string): Promise<void> => {
  const first = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
};

const writeAll = async (handle: FileHandle, bytes: Uint8Array): Promise<void> => {
  let at = 0;
  while (at < bytes.length) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
};

/** Fills a buffer of `length` from `offset`, or what the file has of it. */
const readAt = async (handle: FileHandle, offset: number, length: number): Promise<Uint8Array> => {
  const size = (await handle.stat()).size;
  const buffer = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
  let at = 0;
  while (at < buffer.length) {
    const { bytesRead } = await handle.read(buffer, at, buffer.length - at, offset + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return buffer.subarray(0, at);
};

const appendFile = (path: string, handle: FileHandle): AppendFile => ({
  append: async (bytes) =>
    await attempt(path, async () => {
      await writeAll(handle, bytes);
      await handle.datasync();
    }),
  close: async () => {
    await attempt(path, async () => await handle.close());
  },
});

/** The files below `root` on a real file system. */
export const directoryFiles = (root: string): Files => {
  const full = (path: string): string => {
    assert(!path.startsWith('/') && !path.split('/').includes('..'), 'a path stays below its root');
    return join(root, path);
  };
  return {
    read: async (path, maxBytes) => {
      const read = await attempt(path, async () =>
        withHandle(full(path), 'r', async (handle) => {
          const { size } = await handle.stat();
          return size > maxBytes ? size : await readAt(handle, 0, maxBytes);
        }),
      );
      if (!read.ok) return read;
      return typeof read.value === 'number' ? fail({ kind: 'too-large', path, size: read.value }) : ok(read.value);
    },
    readRange: async (path, offset, length) =>
      await attempt(path, async () => withHandle(full(path), 'r', async (handle) => readAt(handle, offset, length))),
    replace: async (path, bytes) =>
      await attempt(path, async () => {
        const target = full(path);
        await makeDirectory(dirname(target));
        await withHandle(`${target}.new`, 'w', async (handle) => {
          await writeAll(handle, bytes);
          await handle.sync();
        });
        await rename(`${target}.new`, target);
        await syncDirectory(dirname(target));
      }),
    openAppend: async (path, length) =>
      await attempt(path, async () => {
        const target = full(path);
        await makeDirectory(dirname(target));
        const handle = await open(target, 'a', FILE_MODE);
        try {
          await handle.truncate(length);
          // What a killed process wrote and never synced is durable before anyone builds on it.
          await handle.sync();
          await syncDirectory(dirname(target));
        } catch (error) {
          await handle.close();
          throw error;
        }
        return appendFile(path, handle);
      }),
    list: async (directory) => await attempt(directory, async () => (await readdir(full(directory))).sort()),
    remove: async (path) =>
      await attempt(path, async () => {
        await unlink(full(path));
        await syncDirectory(dirname(full(path)));
      }),
  };
};

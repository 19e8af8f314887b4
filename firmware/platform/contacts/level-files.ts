import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** A line of gpio sysfs, and what drivers of input modules offer alike: a file that begins with 0 or 1, read anew from its start. */
const LEVELS: ReadonlyMap<number, 0 | 1> = new Map([
  [0x30, 0],
  [0x31, 1],
]);

const openFile = (path: string): number | null => {
  try {
    // Not a terminal, not a pipe: neither may hold the loop up.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (fstatSync(file).isFile()) return file;
    closeSync(file);
  } catch {
    return null;
  }
  return null;
};

/** Reads levels of inputs at once; null: there is no such file, it cannot be read, or it says neither 0 nor 1. Files stay open. */
export const levelFiles = (): ((path: string) => 0 | 1 | null) => {
  const files = new Map<string, number>();
  const byte = new Uint8Array(1);
  return (path) => {
    const file = files.get(path) ?? openFile(path);
    if (file === null) return null;
    files.set(path, file);
    try {
      if (readSync(file, byte, 0, 1, 0) === 1) return LEVELS.get(byte[0] ?? 0) ?? null;
      files.delete(path);
      closeSync(file);
    } catch {
      // The driver went: the file is opened again the next time.
      files.delete(path);
    }
    return null;
  };
};

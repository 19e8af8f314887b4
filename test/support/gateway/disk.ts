import type { AppendFile, Files } from '#base/ports.ts';

/** What one process sees of the machine's disk. */
export interface ProcessFiles extends Files {
  /** The process died: no call of it comes back any more. What was under way comes to its end, as in a kernel. */
  kill(): void;
}

/**
 * `disk` is asked at each call: a power cut puts another in its place. `touch`: promises have to settle. `onCall`: before a call and after
 * it, where the process may be killed.
 */
export const processFiles = (disk: () => Files, touch: () => void, onCall: () => void = () => undefined): ProcessFiles => {
  let alive = true;
  const call = async <T>(act: () => Promise<T>): Promise<T> => {
    touch();
    onCall();
    if (!alive) await new Promise(() => undefined);
    const result = await act();
    onCall();
    if (!alive) await new Promise(() => undefined);
    return result;
  };
  const append = (file: AppendFile): AppendFile => ({
    append: (bytes) => call(() => file.append(bytes)),
    close: () => call(() => file.close()),
  });
  return {
    read: (path, maxBytes) => call(() => disk().read(path, maxBytes)),
    readRange: (path, offset, length) => call(() => disk().readRange(path, offset, length)),
    replace: (path, bytes) => call(() => disk().replace(path, bytes)),
    openAppend: async (path, length) => {
      const opened = await call(() => disk().openAppend(path, length));
      return opened.ok ? { ok: true, value: append(opened.value) } : opened;
    },
    list: (directory) => call(() => disk().list(directory)),
    remove: (path) => call(() => disk().remove(path)),
    kill: () => {
      alive = false;
    },
  };
};

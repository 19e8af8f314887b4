import type { DurationMs, MonoMs, WallSeconds } from './units.ts';
import type { Result } from './result.ts';

/** Cancels what it was returned for; calling it again, or late, does nothing. */
export type Cancel = () => void;

/**
 * Time as the code sees it. The only source of it: production wires CLOCK_MONOTONIC, simulation a virtual clock.
 * A killed process's clock never calls back again.
 */
export interface Clock {
  /** CLOCK_MONOTONIC; never steps, same scale in every process of this boot. */
  now(): MonoMs;
  /** The device's real-time clock; may be decades off and may step. */
  wall(): WallSeconds;
  /** Calls `run` once, at `deadline` or as soon after as the loop allows; in the past means as soon as possible, never synchronously. */
  at(deadline: MonoMs, run: () => void): Cancel;
}

/** Resolves at the deadline or when the signal aborts, whichever is first; never rejects. */
export const sleepUntil = async (clock: Clock, deadline: MonoMs, signal?: AbortSignal): Promise<void> => {
  await new Promise<void>((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const cancel = clock.at(deadline, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    const stop = (): void => {
      cancel();
      resolve();
    };
    signal?.addEventListener('abort', stop, { once: true });
  });
};

export const sleepFor = async (clock: Clock, span: DurationMs, signal?: AbortSignal): Promise<void> => {
  await sleepUntil(clock, (clock.now() + span) as MonoMs, signal);
};

/** Randomness; seeded in simulation. */
export interface Entropy {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
  /** Uniform in [0, 1). */
  fraction(): number;
}

export type FileFault =
  | { readonly kind: 'absent'; readonly path: string }
  | { readonly kind: 'full'; readonly path: string }
  | { readonly kind: 'denied'; readonly path: string; readonly why: string }
  | { readonly kind: 'too-large'; readonly path: string; readonly size: number }
  | { readonly kind: 'failed'; readonly path: string; readonly why: string };

/** An open file for appending. */
export interface AppendFile {
  /** Appends and, before resolving, makes the bytes durable (fdatasync). */
  append(bytes: Uint8Array): Promise<Result<void, FileFault>>;
  close(): Promise<void>;
}

/** Files below one directory; paths are relative, `/`-separated, without `..`. */
export interface Files {
  /** Whole file, at most `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Result<Uint8Array, FileFault>>;
  /** `length` bytes from `offset`, fewer at the end of the file. */
  readRange(path: string, offset: number, length: number): Promise<Result<Uint8Array, FileFault>>;
  /** Temporary file, fsync, rename, fsync of the directory: after a power cut the old or the new content, never a mix. */
  replace(path: string, bytes: Uint8Array): Promise<Result<void, FileFault>>;
  /** Opens for appending after cutting the file to `length` bytes; creates it when absent. */
  openAppend(path: string, length: number): Promise<Result<AppendFile, FileFault>>;
  list(directory: string): Promise<Result<readonly string[], FileFault>>;
  remove(path: string): Promise<Result<void, FileFault>>;
}

/** What a module tells its process; made into a log line by the app, never by the module (design D4). */
export interface Note {
  /** Stable kebab-case name. */
  readonly event: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** For a person; numbers with units. */
  readonly text: string;
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
}

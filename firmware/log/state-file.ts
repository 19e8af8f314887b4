import { crc32 } from 'node:zlib';
import { assert } from '#base/assert.ts';
import type { FileFault, Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';

/**
 * A small state kept as two checksummed copies, NAME.a and NAME.b, written in turn (design D17). Content:
 *
 *     GWST <format> <generation> <crc32 of format, generation and text, 8 hex digits>\n<JSON text>
 */
const HEAD = /^GWST (\d{1,6}) (\d{1,15}) ([0-9a-f]{8})\n/;
/** Longest state file unless the caller says otherwise. */
export const STATE_BYTES_MAX = 4 * 1024 * 1024;

interface Copy {
  readonly format: number;
  readonly generation: number;
  readonly value: unknown;
}

const sumOf = (format: number, generation: number, text: string): string =>
  crc32(`${format} ${generation}\n${text}`).toString(16).padStart(8, '0');

export const encodeState = (format: number, generation: number, value: unknown): Uint8Array => {
  const text = JSON.stringify(value);
  return new TextEncoder().encode(`GWST ${format} ${generation} ${sumOf(format, generation, text)}\n${text}\n`);
};

/** Null: torn, damaged or no state file. Never throws. */
export const decodeState = (bytes: Uint8Array): Copy | null => {
  try {
    const content = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const head = HEAD.exec(content);
    if (head === null || !content.endsWith('\n')) return null;
    const text = content.slice(head[0].length, -1);
    const format = Number(head[1]);
    const generation = Number(head[2]);
    if (sumOf(format, generation, text) !== head[3]) return null;
    return { format, generation, value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
};

export interface StateFileOptions<T> {
  readonly files: Files;
  /** Path without `.a` and `.b`, below the root of `files`. */
  readonly name: string;
  /** Format number written. */
  readonly format: number;
  /** Reads a value of `format` (own or next, design D17); anything else is a failure with the reason. */
  readonly decode: (value: unknown, format: number) => Result<T, string>;
  readonly maxBytes?: number;
  /** So many saves are refused for copies that cannot be read; then those are given up for lost, and both are written over. Absent: 5. */
  readonly patience?: number;
}

const PATIENCE = 5;

export interface Loaded<T> {
  /** Null: no readable copy. */
  readonly value: T | null;
  /** What was wrong with a copy that exists; for an alarm. Empty when all is well or nothing was ever saved. */
  readonly problems: readonly string[];
  /** No copy was read, and one that is there could not be looked at: it may be readable later. */
  readonly isUnread: boolean;
}

type Slot = 'a' | 'b';

interface Found<T> {
  readonly slot: Slot;
  readonly generation: number;
  readonly value: T;
}

/** Loads and saves one state. One instance a file, `load` before the first `save`. */
export class StateFile<T> {
  readonly #options: StateFileOptions<T>;
  #generation = 0;
  #next: Slot = 'a';
  #writing: Promise<Result<void, FileFault>> | null = null;
  #waiting: { value: T; done: Promise<Result<void, FileFault>> } | null = null;
  /** How often copies that could not be read were looked at since; null: none is in doubt. */
  #looks: number | null = null;
  #isBehind = false;
  /** How many of the copies the next save writes. */
  #copies = 1;

  constructor(options: StateFileOptions<T>) {
    this.#options = options;
  }

  /** Copies are there that could not be read when they were loaded, and have not been since: nothing is saved over them. */
  get isUnread(): boolean {
    return this.#looks !== null;
  }

  /** They can be read by now: who began without them has to load them before anything is saved. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** The newest valid copy. A missing, truncated or corrupt copy is only reported: it never stops a start. */
  async load(): Promise<Loaded<T>> {
    const problems: string[] = [];
    const { newest, failed } = await this.#read(problems);
    // The copy written next is the one that is not in use.
    this.#next = newest?.slot === 'a' ? 'b' : 'a';
    const isUnread = newest === null && failed;
    this.#looks = isUnread ? (this.#looks ?? 0) : null;
    this.#isBehind = false;
    return { value: newest?.value ?? null, problems, isUnread };
  }

  /** `failed`: a copy may be there that could not be looked at. */
  async #read(problems: string[]): Promise<{ readonly newest: Found<T> | null; readonly failed: boolean }> {
    let newest: Found<T> | null = null;
    let failed = false;
    for (const slot of ['a', 'b'] as const) {
      const bytes = await this.#options.files.read(this.#path(slot), this.#options.maxBytes ?? STATE_BYTES_MAX);
      failed ||= !bytes.ok && bytes.fault.kind === 'failed';
      const copy = this.#copyOf(slot, bytes, problems);
      if (copy === null) continue;
      this.#generation = Math.max(this.#generation, copy.generation);
      const decoded = this.#options.decode(copy.value, copy.format);
      if (!decoded.ok) {
        problems.push(`${this.#path(slot)}: ${decoded.fault}`);
      } else if (newest === null || copy.generation > newest.generation) {
        newest = { slot, generation: copy.generation, value: decoded.value };
      }
    }
    return { newest, failed };
  }

  /**
   * Durable when it resolves. Saves never overlap: while one is on its way only the newest value waits, an older waiting one
   * is left out and resolves with the newer.
   */
  async save(value: T): Promise<Result<void, FileFault>> {
    if (this.#waiting !== null) {
      this.#waiting.value = value;
      return await this.#waiting.done;
    }
    if (this.#writing === null) return await this.#start(value);
    const waiting = { value, done: this.#afterwards(this.#writing) };
    this.#waiting = waiting;
    return await waiting.done;
  }

  /** Writes, after the save on its way, whatever waits then. */
  async #afterwards(before: Promise<unknown>): Promise<Result<void, FileFault>> {
    await before;
    const waiting = this.#waiting;
    assert(waiting !== null, 'a save that waits is remembered');
    this.#waiting = null;
    return await this.#start(waiting.value);
  }

  async #start(value: T): Promise<Result<void, FileFault>> {
    const writing = this.#write(value);
    this.#writing = writing;
    const result = await writing;
    if (this.#writing === writing) this.#writing = null;
    return result;
  }

  async #write(value: T): Promise<Result<void, FileFault>> {
    if (!(await this.#mayWrite())) {
      const why = this.#isBehind ? 'what could not be read can be read now' : 'it cannot be read';
      return fail({ kind: 'failed', path: this.#path('a'), why });
    }
    for (; this.#copies > 1; this.#copies -= 1) {
      const written = await this.#writeOne(value);
      if (!written.ok) return written;
    }
    return await this.#writeOne(value);
  }

  /** Not over a copy that could not be read so far: a disk that fails at a start, and heals, would lose what it kept. */
  async #mayWrite(): Promise<boolean> {
    if (this.#looks === null) return true;
    const { newest, failed } = await this.#read([]);
    this.#isBehind = newest !== null;
    this.#looks += 1;
    if (this.#isBehind || (failed && this.#looks < (this.#options.patience ?? PATIENCE))) return false;
    this.#looks = null;
    // One that is left would count as the newer.
    this.#copies = 2;
    return true;
  }

  async #writeOne(value: T): Promise<Result<void, FileFault>> {
    const slot = this.#next;
    const generation = this.#generation + 1;
    const bytes = encodeState(this.#options.format, generation, value);
    const maxBytes = this.#options.maxBytes ?? STATE_BYTES_MAX;
    if (bytes.length > maxBytes) return fail({ kind: 'too-large', path: this.#path(slot), size: bytes.length });
    const written = await this.#options.files.replace(this.#path(slot), bytes);
    if (!written.ok) return written;
    this.#generation = generation;
    this.#next = slot === 'a' ? 'b' : 'a';
    return ok(undefined);
  }

  #copyOf(slot: Slot, bytes: Result<Uint8Array, FileFault>, problems: string[]): Copy | null {
    const path = this.#path(slot);
    if (!bytes.ok) {
      if (bytes.fault.kind !== 'absent') problems.push(`${path}: ${bytes.fault.kind}`);
      return null;
    }
    const copy = decodeState(bytes.value);
    if (copy === null) problems.push(`${path}: damaged`);
    return copy;
  }

  #path(slot: Slot): string {
    return `${this.#options.name}.${slot}`;
  }
}

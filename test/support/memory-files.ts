import { assert } from '#base/assert.ts';
import type { AppendFile, FileFault, Files } from '#base/ports.ts';
import type { SeededRandom } from '#base/random.ts';
import { fail, ok, type Result } from '#base/result.ts';

const SECTOR_BYTES = 512;

interface Inode {
  /** What the flash certainly holds. */
  durable: Uint8Array;
  /** What a read sees. */
  current: Uint8Array;
}

type Operation = 'read' | 'write' | 'sync' | 'rename' | 'sync-directory' | 'create' | 'truncate' | 'unlink' | 'list';

export interface MemoryFilesOptions {
  /** Bytes of all files together; more is `full`. */
  readonly capacity?: number;
  /** The step at which the power goes, counted from 1; nothing resolves from then on. */
  readonly cutAt?: number;
  /** A fault for one operation, or null. Asked before the step. */
  readonly faultOf?: (operation: Operation, path: string) => FileFault | null;
  /** Waited for in each sync: a slow disk. */
  readonly syncGate?: () => Promise<void>;
}

/**
 * `Files` in memory that keeps what is durable and what is only in the page cache apart: data until its sync, names until the
 * sync of their directory. A power cut leaves the durable part and, torn in sectors, any part of the rest.
 */
export class MemoryFiles implements Files {
  options: MemoryFilesOptions;
  readonly #names = new Map<string, Inode>();
  readonly #durableNames = new Map<string, Inode>();
  #steps = 0;
  #isCut = false;
  readonly #cutListeners: (() => void)[] = [];

  constructor(options: MemoryFilesOptions = {}) {
    this.options = options;
  }

  /** Elementary steps that changed something so far: where a cut can fall. */
  get steps(): number {
    return this.#steps;
  }

  /** Resolves when the power went. */
  async cut(): Promise<void> {
    if (this.#isCut) return;
    await new Promise<void>((resolve) => this.#cutListeners.push(resolve));
  }

  /** The files after the power came back. Without `random` nothing that was not synced survived; with it, any part of it may have. */
  afterPowerCut(random: SeededRandom | null = null): MemoryFiles {
    const files = new MemoryFiles();
    const names = random?.chance(0.5) === true ? this.#names : this.#durableNames;
    for (const [path, inode] of names) {
      const content = random === null ? inode.durable : torn(inode, random);
      files.put(path, content);
    }
    return files;
  }

  /** The files a process started after a kill sees: the page cache survives. */
  afterKill(): MemoryFiles {
    const files = new MemoryFiles();
    for (const [path, inode] of this.#names) {
      const copy = { durable: inode.durable.slice(), current: inode.current.slice() };
      files.#names.set(path, copy);
      if (this.#durableNames.get(path) === inode) files.#durableNames.set(path, copy);
    }
    return files;
  }

  /** Sets a file, durable. For tests that damage one. */
  put(path: string, bytes: Uint8Array): void {
    const inode = { durable: bytes.slice(), current: bytes.slice() };
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  /** A file as a read sees it; null: absent. */
  peek(path: string): Uint8Array | null {
    return this.#names.get(path)?.current ?? null;
  }

  paths(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  async read(path: string, maxBytes: number): Promise<Result<Uint8Array, FileFault>> {
    const inode = await this.#look('read', path);
    if (!inode.ok) return inode;
    const size = inode.value.current.length;
    return size > maxBytes ? fail({ kind: 'too-large', path, size }) : ok(inode.value.current.slice());
  }

  async readRange(path: string, offset: number, length: number): Promise<Result<Uint8Array, FileFault>> {
    const inode = await this.#look('read', path);
    return inode.ok ? ok(inode.value.current.slice(offset, offset + length)) : inode;
  }

  async replace(path: string, bytes: Uint8Array): Promise<Result<void, FileFault>> {
    const temporary = `${path}.new`;
    const inode: Inode = { durable: new Uint8Array(0), current: new Uint8Array(0) };
    const steps: readonly [Operation, () => void][] = [
      ['create', () => this.#names.set(temporary, inode)],
      ['write', () => (inode.current = bytes.slice())],
      ['sync', () => (inode.durable = inode.current.slice())],
      ['rename', () => this.#rename(temporary, path, inode)],
      ['sync-directory', () => this.#syncNames()],
    ];
    for (const [operation, act] of steps) {
      const done = await this.#step(operation, path, act, operation === 'write' ? bytes.length : 0);
      if (!done.ok) return done;
    }
    return ok(undefined);
  }

  async openAppend(path: string, length: number): Promise<Result<AppendFile, FileFault>> {
    const inode: Inode = this.#names.get(path) ?? { durable: new Uint8Array(0), current: new Uint8Array(0) };
    const steps: readonly [Operation, () => void][] = [
      ['create', () => this.#names.set(path, inode)],
      ['truncate', () => (inode.current = resized(inode.current, length))],
      ['sync', () => (inode.durable = inode.current.slice())],
      ['sync-directory', () => this.#syncNames()],
    ];
    for (const [operation, act] of steps) {
      const done = await this.#step(operation, path, act);
      if (!done.ok) return done;
    }
    return ok({
      append: async (bytes) => {
        const written = await this.#step('write', path, () => (inode.current = joined(inode.current, bytes)), bytes.length);
        if (!written.ok) return written;
        return await this.#step('sync', path, () => (inode.durable = inode.current.slice()));
      },
      close: async () => {
        await Promise.resolve();
      },
    });
  }

  async list(directory: string): Promise<Result<readonly string[], FileFault>> {
    await this.#alive();
    const fault = this.options.faultOf?.('list', directory) ?? null;
    if (fault !== null) return fail(fault);
    const prefix = directory === '' || directory === '.' ? '' : `${directory}/`;
    const names = new Set<string>();
    for (const path of this.#names.keys()) if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split('/')[0] ?? '');
    return names.size === 0 ? fail({ kind: 'absent', path: directory }) : ok([...names].sort());
  }

  async remove(path: string): Promise<Result<void, FileFault>> {
    if (!this.#names.has(path)) return fail({ kind: 'absent', path });
    const unlinked = await this.#step('unlink', path, () => this.#names.delete(path));
    return unlinked.ok ? await this.#step('sync-directory', path, () => this.#syncNames()) : unlinked;
  }

  async #look(operation: Operation, path: string): Promise<Result<Inode, FileFault>> {
    await this.#alive();
    const fault = this.options.faultOf?.(operation, path) ?? null;
    if (fault !== null) return fail(fault);
    const inode = this.#names.get(path);
    return inode === undefined ? fail({ kind: 'absent', path }) : ok(inode);
  }

  /** One step that changes something; with the power gone it never comes back. */
  async #step(operation: Operation, path: string, act: () => unknown, grows = 0): Promise<Result<void, FileFault>> {
    await this.#alive();
    if (operation === 'sync') await this.options.syncGate?.();
    const fault = this.options.faultOf?.(operation, path) ?? null;
    if (fault !== null) return fail(fault);
    if (grows > 0 && this.#size() + grows > (this.options.capacity ?? Number.POSITIVE_INFINITY))
      return fail({ kind: 'full', path });
    this.#steps += 1;
    if (this.#steps === this.options.cutAt) {
      // A write under way when the power goes may have reached the flash in part; anything else has not happened.
      if (operation === 'write') act();
      this.#isCut = true;
      for (const listener of this.#cutListeners) listener();
      await this.#alive();
    }
    act();
    return ok(undefined);
  }

  async #alive(): Promise<void> {
    if (this.#isCut) await new Promise(() => undefined);
    await Promise.resolve();
  }

  #size(): number {
    return [...this.#names.values()].reduce((sum, inode) => sum + inode.current.length, 0);
  }

  #rename(from: string, to: string, inode: Inode): void {
    assert(this.#names.get(from) === inode, 'what is renamed was written here');
    this.#names.delete(from);
    this.#names.set(to, inode);
  }

  #syncNames(): void {
    this.#durableNames.clear();
    for (const [path, inode] of this.#names) this.#durableNames.set(path, inode);
  }
}

const resized = (bytes: Uint8Array, length: number): Uint8Array => {
  const result = new Uint8Array(length);
  result.set(bytes.subarray(0, length));
  return result;
};

const joined = (first: Uint8Array, second: Uint8Array): Uint8Array => {
  const result = new Uint8Array(first.length + second.length);
  result.set(first);
  result.set(second, first.length);
  return result;
};

/** Any sectors that differ from the durable content may have been written, with any length in between. */
const torn = (inode: Inode, random: SeededRandom): Uint8Array => {
  const { durable, current } = inode;
  const length = random.integer(Math.min(durable.length, current.length), Math.max(durable.length, current.length));
  const result = resized(durable, length);
  for (let at = 0; at < length; at += SECTOR_BYTES) {
    if (random.chance(0.5)) result.set(current.subarray(at, Math.min(at + SECTOR_BYTES, length)), at);
  }
  return result;
};

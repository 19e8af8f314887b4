const NEWLINE = 0x0a;

/** Cuts a byte stream into lines of at most `maxBytes`. A longer one stops it for good: `overflowed`. */
export class LineSplitter {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #held = 0;
  #overflowed = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that `chunk` completes, without newlines; bytes that are no UTF-8 become replacement characters. */
  push(chunk: Uint8Array): readonly string[] {
    const lines: string[] = [];
    let from = 0;
    while (!this.#overflowed) {
      const at = chunk.indexOf(NEWLINE, from);
      const part = chunk.subarray(from, at < 0 ? chunk.length : at);
      this.#held += part.length;
      if (this.#held > this.#maxBytes) {
        this.#overflowed = true;
        this.#parts = [];
        break;
      }
      if (part.length > 0) this.#parts.push(part);
      if (at < 0) break;
      lines.push(Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
      this.#held = 0;
      from = at + 1;
    }
    return lines;
  }

  get overflowed(): boolean {
    return this.#overflowed;
  }
}

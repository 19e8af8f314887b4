import type { MonoMs } from '#base/units.ts';
import { assert } from '#base/assert.ts';
import type { Job } from './queue.ts';
import { functionCode, garble, progress, type Progress } from './reply.ts';
import { PRIORITY } from './transaction.ts';
import type { Request } from './transaction.ts';
import { EXCEPTION_BYTES, LONGEST_FRAME_BYTES, replyBytes } from './wire-time.ts';

const NOTHING: Uint8Array = new Uint8Array(0);
/** Unit and function are alike in request and reply; from the third byte on an echo can be told. */
const ECHO_EVIDENCE_BYTES = 3;

/** A reply must not be faster than this part of its wire time: clocks of UARTs differ by some per cent. */
const PACE_TOLERANCE = 0.9;

/** The one transaction on the wire and the bytes that came back. One object per line, used again and again. */
export class Flight {
  sentAt = 0 as MonoMs;
  /** When the last bit of the request left. */
  requestEnd = 0 as MonoMs;
  /** The scan's question to a unit that never answered. */
  isStranger = false;
  #job: Job | null = null;
  #request: Request | null = null;
  #sent: Uint8Array = NOTHING;
  readonly #bytes = new Uint8Array(LONGEST_FRAME_BYTES);
  #length = 0;
  #echoDue = 0;
  #isEchoWrong = false;
  #isLatePossible = false;

  /** `request` is what goes on the wire: the job's own, or one that settles what the unit still owes. */
  begin(
    job: Job,
    request: Request,
    sent: Uint8Array,
    when: { sentAt: MonoMs; requestEnd: MonoMs; echo: boolean; known: boolean },
  ): void {
    this.#job = job;
    this.#request = request;
    this.#sent = sent;
    this.sentAt = when.sentAt;
    this.requestEnd = when.requestEnd;
    this.#length = 0;
    this.#echoDue = when.echo ? sent.length : 0;
    this.#isEchoWrong = false;
    this.isStranger = !when.known && job.priority === PRIORITY.scan;
    this.#isLatePossible = false;
  }

  /** The request on the wire, or the last that was. */
  get request(): Request {
    assert(this.#request !== null, 'something was sent');
    return this.#request;
  }

  get isSettling(): boolean {
    return this.#job !== null && this.#job.request !== this.#request;
  }

  /** Bytes of the reply so far, local echo not counted. */
  get length(): number {
    return this.#length;
  }

  /** Adds received bytes; false when they are more than any frame. */
  append(bytes: Uint8Array): boolean {
    let from = 0;
    while (this.#echoDue > 0 && from < bytes.length) {
      if (bytes[from] !== this.#sent[this.#sent.length - this.#echoDue]) this.#isEchoWrong = true;
      this.#echoDue -= 1;
      from += 1;
    }
    const fresh = bytes.length - from;
    if (fresh > LONGEST_FRAME_BYTES - this.#length) return false;
    if (fresh > 0) this.#bytes.set(from === 0 ? bytes : bytes.subarray(from), this.#length);
    this.#length += fresh;
    return true;
  }

  progress(): Progress {
    if (this.#isEchoWrong) return 'echo';
    return progress(this.request, this.#bytes, this.#length);
  }

  /** Bytes without which what is here cannot become a whole frame; the least, while the kind of reply is not known. 0: nothing is awaited. */
  missing(): number {
    if (this.#job === null) return 0;
    if (this.#echoDue > 0) return this.#echoDue;
    const isReply = this.#length >= 2 && this.#bytes[1] === functionCode(this.request);
    return Math.max(0, (isReply ? replyBytes(this.request) : EXCEPTION_BYTES) - this.#length);
  }

  /** True when what came by `at` cannot be a reply to what was sent: the wire was not fast enough. */
  isEarly(at: MonoMs, characterTime: number): boolean {
    const least = this.requestEnd - this.sentAt + this.#length * characterTime;
    return this.#length > 0 && at < this.sentAt + PACE_TOLERANCE * least;
  }

  /** True when what came back begins as the request did. */
  looksLikeEcho(): boolean {
    if (this.#length < ECHO_EVIDENCE_BYTES) return false;
    for (let i = 0; i < this.#length && i < this.#sent.length; i += 1) if (this.#bytes[i] !== this.#sent[i]) return false;
    return true;
  }

  /** A stranger said nothing at all. */
  get isUnanswered(): boolean {
    return this.isStranger && this.#length === 0;
  }

  /** A copy of the reply so far. */
  frame(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  takeJob(): Job | null {
    const job = this.#job;
    this.#job = null;
    return job;
  }

  /** From now on the bytes that come may be the late reply. */
  expectLate(): void {
    this.#isLatePossible = true;
  }

  get isLatePossible(): boolean {
    return this.#isLatePossible;
  }

  /** Adds bytes that came after the time-out; the whole late reply when they complete it. */
  appendLate(bytes: Uint8Array): Uint8Array | null {
    if (!this.#isLatePossible) return null;
    const state = this.append(bytes) ? this.progress() : 'length';
    if (state === 'partial') return null;
    this.#isLatePossible = false;
    return state === 'whole' && garble(this.request, this.#bytes, this.#length) === null ? this.frame() : null;
  }
}

import { Ring } from '#base/ring.ts';
import type { MonoMs } from '#base/units.ts';
import type { Garble } from './transaction.ts';

/** Frames kept per line. */
export const TRACE_CAPACITY = 2000;

/**
 * `sent`: a request. `settling`: a request of the engine's own after a time-out. `timeout`: what had come, perhaps nothing.
 * `late`: a reply after its time-out. `stray`: bytes nobody waited for. A `Garble`: thrown away for that reason.
 */
export type Verdict = 'sent' | 'settling' | 'ok' | 'refused' | 'timeout' | 'late' | 'stray' | Garble;

export interface TracedFrame {
  /** When a request's first byte was handed to the port, or the last byte of a reply arrived; microseconds in the fraction. */
  readonly at: MonoMs;
  readonly direction: 'request' | 'reply';
  readonly bytes: Uint8Array;
  readonly verdict: Verdict;
}

/** The last frames of one line, for a person or a capture file. */
export class FrameTrace {
  readonly #frames = new Ring<TracedFrame>(TRACE_CAPACITY);

  add(frame: TracedFrame): void {
    this.#frames.push(frame);
  }

  /** Frames recorded since the start; the sequence number that the next one will get. */
  get next(): number {
    return this.#frames.dropped + this.#frames.length;
  }

  /** The frames from sequence number `from` on that are still kept, oldest first. Following: pass the `next` of the last answer. */
  since(from: number): { readonly frames: readonly TracedFrame[]; readonly next: number } {
    const skip = Math.max(0, from - this.#frames.dropped);
    return { frames: this.#frames.toArray().slice(skip), next: this.next };
  }
}

const MILLISECOND_WIDTH = 14;
const VERDICT_WIDTH = 16;

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** One line of text: milliseconds since boot with microseconds, direction, verdict, bytes. */
export const formatFrame = (frame: TracedFrame): string => {
  const at = frame.at.toFixed(3).padStart(MILLISECOND_WIDTH);
  const arrow = frame.direction === 'request' ? '->' : '<-';
  return `${at} ${arrow} ${frame.verdict.padEnd(VERDICT_WIDTH)} ${hex(frame.bytes)}`.trimEnd();
};

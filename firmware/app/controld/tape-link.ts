import { type Decided, decidedBy, encodeTapeLine, type TapeLine } from '#control/tick/tape.ts';
import type { ControlState, SiteFacts, TickInputs, TickResult } from '#control/tick/state.ts';
import { TAPE_PIECE_MAX } from '#link/message.ts';
import type { ToViewer } from '#link/role.ts';
import type { Peer } from '#link/server.ts';

/** One tick from outside: what it started from, saw and decided. */
export interface TickSeen {
  readonly before: ControlState;
  readonly facts: SiteFacts;
  readonly inputs: TickInputs;
  readonly result: TickResult;
}

/** Sends each tick to those who record; costs nothing while nobody does. One that reads too slowly is dropped by the link. */
export class TapeLink {
  readonly #release: string;
  /** Each with the site it was told last; null: not begun. */
  readonly #recorders = new Map<Peer<ToViewer>, SiteFacts | null>();

  constructor(release: string) {
    this.#release = release;
  }

  add(peer: Peer<ToViewer>): void {
    this.#recorders.set(peer, null);
  }

  forget(peer: Peer<ToViewer>): void {
    this.#recorders.delete(peer);
  }

  take({ before, facts, inputs, result }: TickSeen): void {
    if (this.#recorders.size === 0) return;
    const decided: Decided = decidedBy(result);
    for (const [peer, told] of [...this.#recorders]) {
      const began = told !== null || this.#send(peer, { kind: 'start', release: this.#release, state: before, facts });
      const changed = told === null || told === facts ? {} : { facts };
      const sent = began && this.#send(peer, { kind: 'tick', inputs, ...changed, decided });
      if (sent) this.#recorders.set(peer, facts);
      else this.#recorders.delete(peer);
    }
  }

  #send(peer: Peer<ToViewer>, line: TapeLine): boolean {
    const text = encodeTapeLine(line);
    for (let from = 0; from < text.length; from += TAPE_PIECE_MAX) {
      const piece = text.slice(from, from + TAPE_PIECE_MAX);
      if (!peer.send({ type: 'tape', text: piece, more: from + TAPE_PIECE_MAX < text.length })) return false;
    }
    return true;
  }
}

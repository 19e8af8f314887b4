import { SUSPECTS_MAX, type InHand, type NorthState } from './north-state.ts';

/** A record that ended its reader this often is set aside (design D3). */
const CRASHES_MAX = 3;
/** Records watched one by one after a life that did not end as asked: the one that ended it is among the first to come again. */
const WATCHED_MAX = 256;

/**
 * Finds the record that crashes its reader. After a life that ended by itself each record is named on disk before it is worked on: if
 * this life ends too, the next one knows the record. Costs nothing after a life that ended as asked.
 */
export class Suspects {
  #crashes: NorthState['crashes'] = [];
  #inHand: InHand | null = null;
  #watches = 0;

  /** What the last life left. */
  load({ clean, inHand, crashes }: NorthState): void {
    this.#crashes = crashes;
    if (inHand !== null) {
      const known = crashes.find((one) => same(one, inHand));
      const others = crashes.filter((one) => !same(one, inHand));
      this.#crashes = [...others, { ...inHand, count: (known?.count ?? 0) + 1 }].slice(-SUSPECTS_MAX);
    }
    this.#watches = clean ? 0 : WATCHED_MAX;
  }

  /** Part of what is saved. */
  get state(): Pick<NorthState, 'inHand' | 'crashes'> {
    return { inHand: this.#inHand, crashes: this.#crashes };
  }

  isGuilty(record: InHand): boolean {
    return this.#crashes.some((one) => same(one, record) && one.count >= CRASHES_MAX);
  }

  /** Work on `record` begins. True: that must be on disk first. */
  take(record: InHand): boolean {
    if (this.#watches === 0) return false;
    this.#watches -= 1;
    this.#inHand = record;
    return true;
  }

  /** Nothing is worked on; the next save tells. */
  done(): void {
    this.#inHand = null;
  }

  /** The cursor has passed it: it cannot come again. */
  forget(record: InHand): void {
    this.#crashes = this.#crashes.filter((one) => !same(one, record));
  }
}

const same = (a: InHand, b: InHand): boolean => a.channel === b.channel && a.seq === b.seq;

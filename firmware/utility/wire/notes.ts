import type { WireNote } from './fault.ts';
import { NOTES_MAX } from './fault.ts';

/**
 * Collects notes of one body; the same note again only counts. Item numbers are left out so that a long list stays
 * short here. Dropped items are always counted, however many other notes there are: paging counts on them.
 */
export class Notes {
  readonly #notes = new Map<string, WireNote>();

  add(kind: WireNote['kind'], place: string, text: string): void {
    const path = place.replaceAll(/\[\d+\]/g, '');
    const key = `${kind} ${path}`;
    const known = this.#notes.get(key);
    if (known !== undefined) this.#notes.set(key, { ...known, count: known.count + 1 });
    else if (this.#notes.size < NOTES_MAX || kind === 'dropped-item') this.#notes.set(key, { kind, path, text, count: 1 });
  }

  list(): readonly WireNote[] {
    return [...this.#notes.values()];
  }
}

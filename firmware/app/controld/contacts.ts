import type { Cancel, Clock } from '#base/ports.ts';
import { after, durationMs, type MonoMs } from '#base/units.ts';
import { contactLimits, type SourceLimits } from '#control/local/inputs.ts';
import type { ContactInput } from '../config/inputs.ts';

/** A contact that bounces shows the same twice in a row only once it rests. */
const POLL_EVERY = durationMs(200);
/** Relays of a receiver that change over may be between two states for so long. */
const COUNTS_FOR = durationMs(1000);

/** The level of an input: what its file reads; null: it cannot be read. */
export type ReadLevel = (path: string) => 0 | 1 | null;

export interface ContactsOptions {
  readonly clock: Clock;
  readonly inputs: readonly ContactInput[];
  readonly read: ReadLevel;
  readonly onLimits: (source: string, limits: SourceLimits, until: MonoMs) => void;
}

/**
 * Looks at the contacts five times a second. What shows twice in a row and means something counts for a second from then; what cannot be
 * read, and a combination that nobody agreed on, is silence.
 */
export class Contacts {
  readonly #options: ContactsOptions;
  readonly #last = new Map<string, string | null>();
  #cancel: Cancel = () => undefined;

  constructor(options: ContactsOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, inputs } = this.#options;
    if (inputs.length === 0) return;
    for (const input of inputs) this.#look(input);
    this.#cancel = clock.at(after(clock.now(), POLL_EVERY), () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  #look({ name, contacts, states }: ContactInput): void {
    const { clock, read, onLimits } = this.#options;
    const levels = contacts.map(({ path }) => read(path));
    const shown = levels.includes(null) ? null : levels.join('');
    const stands = shown !== null && shown === this.#last.get(name);
    this.#last.set(name, shown);
    if (!stands) return;
    const closed = contacts.filter((contact, index) => levels[index] === contact.closed).map((contact) => contact.name);
    const limits = contactLimits(states, new Set(closed));
    if (limits !== null) onLimits(name, limits, after(clock.now(), COUNTS_FOR));
  }
}

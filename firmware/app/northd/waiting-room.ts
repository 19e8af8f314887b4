import { ControlLink, type ControlLinkOptions } from './control-link.ts';

/** northd before it has an identity: nothing goes north yet, and controld hears why, so that `gridward status` can say it. */
export class WaitingRoom {
  readonly #options: Omit<ControlLinkOptions, 'onNews'>;
  #link: ControlLink | null = null;

  constructor(options: Omit<ControlLinkOptions, 'onNews'>) {
    this.#options = options;
  }

  /** Why it waits; connects at the first time. */
  tell(text: string): void {
    this.#link ??= new ControlLink({ ...this.#options, onNews: () => undefined });
    this.#link.alarm('tpm', text);
  }

  /** The identity serves, or the process ends: the alarm is over with this connection. */
  leave(): void {
    this.#link?.close();
    this.#link = null;
  }
}

import type { Note } from '#base/ports.ts';
import type { LinkPort } from '#link/port.ts';
import { helloOf, serveInstall } from '#link/role.ts';

export interface InstallLinkOptions {
  readonly port: LinkPort;
  readonly directory: string;
  readonly release: string;
  readonly onLockoutReset: () => void;
  readonly note: (note: Note) => void;
}

/** controld's side of the installer's socket: who may open it may say so. */
export class InstallLink {
  readonly #options: InstallLinkOptions;
  #close: () => void = () => undefined;

  constructor(options: InstallLinkOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { port, directory, release, onLockoutReset, note } = this.#options;
    const opened = await serveInstall({
      port,
      directory,
      hello: () => helloOf(release, null),
      note,
      onPeer: (peer) => ({
        onMessage: () => {
          note({ event: 'lock-out-reset', level: 'warn', text: 'the installer lifts the lock-out' });
          onLockoutReset();
          peer.send({ type: 'done' });
        },
        onClosed: () => undefined,
      }),
    });
    if (opened.ok) this.#close = () => opened.value.close();
    else note({ event: 'install-unavailable', level: 'warn', text: `${opened.fault.path}: ${opened.fault.why}` });
  }

  close(): void {
    this.#close();
  }
}

import type { Note } from '#base/ports.ts';
import type { LinkPort } from '#link/port.ts';
import { type FromInstaller, helloOf, serveInstall, type ToInstaller } from '#link/role.ts';
import type { Peer } from '#link/server.ts';
import type { CheckLink } from './check-link.ts';

export interface InstallLinkOptions {
  readonly port: LinkPort;
  readonly directory: string;
  readonly release: string;
  readonly onLockoutReset: () => void;
  readonly check: CheckLink;
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
    const { port, directory, release, check, note } = this.#options;
    const opened = await serveInstall({
      port,
      directory,
      hello: () => helloOf(release, null),
      note,
      onPeer: (peer) => ({
        onMessage: (message) => this.#take(peer, message),
        onClosed: () => check.forget(peer),
      }),
    });
    if (opened.ok) this.#close = () => opened.value.close();
    else note({ event: 'install-unavailable', level: 'warn', text: `${opened.fault.path}: ${opened.fault.why}` });
  }

  #take(peer: Peer<ToInstaller>, request: FromInstaller): void {
    const { check, onLockoutReset, note } = this.#options;
    switch (request.type) {
      case 'lockout-reset':
        note({ event: 'lock-out-reset', level: 'warn', text: 'the installer lifts the lock-out' });
        onLockoutReset();
        peer.send({ type: 'done' });
        return;
      case 'meter-check-request':
        check.add(peer);
    }
  }

  close(): void {
    this.#close();
  }
}

import type { Clock, Note } from '#base/ports.ts';
import { after, durationMs } from '#base/units.ts';
import type { LinkPort } from '#link/port.ts';
import { type FromInstaller, helloOf, serveInstall, type ToInstaller } from '#link/role.ts';
import type { Peer } from '#link/server.ts';
import type { CheckLink } from './check-link.ts';
import type { Storing } from './ports.ts';

/** The answer is on its way before the process ends. */
const RESTART_AFTER = durationMs(200);

export interface InstallLinkOptions {
  readonly clock: Clock;
  readonly port: LinkPort;
  readonly directory: string;
  readonly release: string;
  /** What the installer may ask of the control; null: there is none, the site is not commissioned. */
  readonly control: { readonly onLockoutReset: (by: 'installer' | 'user') => boolean; readonly check: CheckLink } | null;
  readonly storing: Storing;
  readonly note: (note: Note) => void;
}

/** controld's side of the installer's socket: who may open it may say so. */
export class InstallLink {
  readonly #options: InstallLinkOptions;
  #close: () => void = () => undefined;
  #isStoring = false;

  constructor(options: InstallLinkOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { port, directory, release, control, note } = this.#options;
    const opened = await serveInstall({
      port,
      directory,
      hello: () => helloOf(release, null),
      note,
      onPeer: (peer) => ({
        onMessage: (message) => this.#take(peer, message),
        onClosed: () => control?.check.forget(peer),
      }),
    });
    if (opened.ok) this.#close = () => opened.value.close();
    else note({ event: 'install-unavailable', level: 'warn', text: `${opened.fault.path}: ${opened.fault.why}` });
  }

  close(): void {
    this.#close();
  }

  #take(peer: Peer<ToInstaller>, request: FromInstaller): void {
    const { control, note } = this.#options;
    if (request.type === 'config-store') {
      this.#store(peer, request.text);
      return;
    }
    if (control === null) {
      peer.close();
      return;
    }
    if (request.type === 'meter-check-request') {
      control.check.add(peer);
      return;
    }
    const { by = 'installer' } = request;
    const may = control.onLockoutReset(by);
    note({
      event: 'lock-out-reset',
      level: 'warn',
      text: `the ${by} ${may ? 'lifts the lock-out' : 'may not lift the lock-out'}`,
    });
    peer.send(may ? { type: 'done' } : { type: 'done', refused: 'the user may not lift it (again): the installer must' });
  }

  /** Validate, replace, restart. */
  #store(peer: Peer<ToInstaller>, text: string): void {
    const { clock, storing, note } = this.#options;
    if (this.#isStoring) {
      peer.send({ type: 'config-stored', problems: ['another configuration is being stored'] });
      return;
    }
    this.#isStoring = true;
    const told = (problems: readonly string[]): void => {
      this.#isStoring = false;
      peer.send({ type: 'config-stored', problems });
    };
    storing.store(text).then(
      (stored) => {
        told(stored.ok ? [] : stored.fault);
        if (!stored.ok) return;
        note({ event: 'config-stored', level: 'warn', text: 'the installer stored a configuration: restarting with it' });
        clock.at(after(clock.now(), RESTART_AFTER), () => storing.restart('a new configuration'));
      },
      (error: unknown) => told([String(error)]),
    );
  }
}

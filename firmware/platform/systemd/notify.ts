import { loadAddon, type Addon } from '../native/addon.ts';

/** What the service manager is told (sd_notify). Nothing here waits or throws. */
export interface ServiceManager {
  /** True: it listens. False: every call does nothing. */
  readonly isPresent: boolean;
  /** Why it is absent; empty where it is not. */
  readonly why: string;
  ready(): void;
  /** At the end of a good tick, never from a bare timer (design D12). */
  watchdog(): void;
  /** One line of what the process does now, for `systemctl status`. */
  status(text: string): void;
  stopping(): void;
  /** Datagrams the manager's queue had no room for; what they said goes with the next one. */
  readonly unsent: number;
}

/** Longest status line, characters. */
const STATUS_MAX = 200;

/** The manager at NOTIFY_SOCKET: a path, or an abstract name behind `@`. Undefined: not started by systemd with Type=notify. */
export const serviceManager = (notifySocket: string | undefined): ServiceManager => {
  if (notifySocket === undefined) return absent('NOTIFY_SOCKET is not set');
  const addon = loadAddon();
  return addon.ok ? present(notifySocket, addon.value) : absent(addon.fault);
};

const absent = (why: string): ServiceManager => ({
  isPresent: false,
  why,
  ready: () => undefined,
  watchdog: () => undefined,
  status: () => undefined,
  stopping: () => undefined,
  unsent: 0,
});

const present = (address: string, addon: Pick<Addon, 'notify'>): ServiceManager => {
  /** Not taken yet, by variable: a READY=1 that met a full queue goes with the next tick's datagram. */
  const pending = new Map<string, string>();
  let unsent = 0;
  const send = (variable: string, value: string): void => {
    pending.set(variable, value);
    const text = [...pending].map(([name, said]) => `${name}=${said}`).join('\n');
    if (addon.notify(address, text) === '') pending.clear();
    else {
      unsent += 1;
      // Evidence does not keep: a late WATCHDOG=1 would vouch for a tick that was not good.
      pending.delete('WATCHDOG');
    }
  };
  return {
    isPresent: true,
    why: '',
    ready: () => send('READY', '1'),
    watchdog: () => send('WATCHDOG', '1'),
    status: (text) => send('STATUS', text.replaceAll(/\s+/g, ' ').slice(0, STATUS_MAX)),
    stopping: () => send('STOPPING', '1'),
    get unsent() {
      return unsent;
    },
  };
};

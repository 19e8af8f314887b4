/** What the service manager is told (sd_notify). */
export interface ServiceManager {
  /** True: it listens. False: every call does nothing. */
  readonly isPresent: boolean;
  ready(): void;
  /** At the end of a good tick, never from a bare timer (design D12). */
  watchdog(): void;
  stopping(): void;
}

/**
 * Without NOTIFY_SOCKET (not started by systemd, or not with Type=notify) there is nobody to tell. With it the datagram still
 * needs the native addon, which is not built yet: `isPresent` is false there too, and `why` says so for the start-up note.
 */
export const serviceManager = (notifySocket: string | undefined): ServiceManager & { readonly why: string } => ({
  isPresent: false,
  why: notifySocket === undefined ? 'NOTIFY_SOCKET is not set' : 'this build has no datagram socket',
  ready: () => undefined,
  watchdog: () => undefined,
  stopping: () => undefined,
});

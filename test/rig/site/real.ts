import { openPty, type Pty } from './pty.ts';
import type { Truth } from './plant.ts';
import { RigSite, type SiteSettings } from './site.ts';

/** A simulated site that lives in real time behind a pseudo-terminal. */
export interface RealSite {
  /** What the gateway opens; stays the same over unplug and plug. */
  readonly path: string;
  /** The core, for faults and truth. Times are `now()`. */
  readonly site: RigSite;
  /** Milliseconds since the site's start. */
  now(): number;
  /** Pulls the adapter: the gateway sees a hang-up, `path` is gone. */
  unplug(): Promise<void>;
  plug(): Promise<void>;
  /** Ends everything; nothing is left behind. */
  stop(): Promise<void>;
}

export interface RealSiteOptions {
  readonly settings: SiteSettings;
  /** Where the link to the line's device is put. */
  readonly path: string;
  /** CLOCK_MONOTONIC in milliseconds that counts as zero; the present by default. */
  readonly origin?: number;
  readonly onTruth: (truth: Truth) => void;
  /** Bytes as they really come and go, with the time of it: for proofs of timing. */
  readonly onWire?: (direction: 'in' | 'out', at: number, bytes: number) => void;
}

/** The site is brought up to date at least this often, milliseconds: keeps the truth log flowing. */
const HEARTBEAT_MS = 100;
/** Timers come up to a millisecond late: the rest is waited for in turns of the event loop. */
const TIMER_SLACK_MS = 1.5;
/** An operating system may hand over one write in two pieces. */
const PATIENCE_MS = 15;
const PIECE_BYTES = 16;

export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Starts a site on real time. The line's byte times, gaps and turnarounds are kept by absolute schedule. */
export const startRealSite = async (options: RealSiteOptions): Promise<RealSite> => {
  const line = { ...options.settings.line, patienceMs: PATIENCE_MS };
  const settings = { ...options.settings, line: { ...line, pieceBytes: line.pieceBytes === 0 ? PIECE_BYTES : line.pieceBytes } };
  const origin = options.origin ?? monotonicMs();
  const now = (): number => monotonicMs() - origin;
  const site = new RigSite(settings, options.onTruth);
  let pty: Pty | null = null;
  let timer: NodeJS.Timeout | null = null;
  let turn: NodeJS.Immediate | null = null;
  let stopped = false;

  const disarm = (): void => {
    if (timer !== null) clearTimeout(timer);
    if (turn !== null) clearImmediate(turn);
    timer = null;
    turn = null;
  };
  const arm = (): void => {
    disarm();
    if (stopped) return;
    const at = now();
    const wait = Math.min(site.nextAt() ?? Infinity, at + HEARTBEAT_MS) - at;
    if (wait > TIMER_SLACK_MS) timer = setTimeout(work, Math.max(1, wait - TIMER_SLACK_MS));
    else turn = setImmediate(work);
  };
  const send = (at: number): void => {
    for (const { bytes } of site.advance(at)) {
      pty?.write(bytes);
      options.onWire?.('out', now(), bytes.length);
    }
  };
  const work = (): void => {
    send(now());
    arm();
  };
  const plug = async (): Promise<void> => {
    if (pty !== null || stopped) return;
    site.line.plug(true);
    pty = await openPty(options.path, (bytes) => {
      const at = now();
      options.onWire?.('in', at, bytes.length);
      send(at);
      site.receive(at, bytes);
      arm();
    });
  };
  const unplug = async (): Promise<void> => {
    const open = pty;
    pty = null;
    site.line.plug(false);
    await open?.close();
  };

  await plug();
  arm();
  return {
    path: options.path,
    site,
    now,
    unplug,
    plug,
    stop: async () => {
      stopped = true;
      disarm();
      await unplug();
    },
  };
};

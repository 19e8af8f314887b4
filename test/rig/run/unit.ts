import { startChild, type Child } from './child.ts';

/** One process of the gateway, supervised as systemd would with `Restart=always`, `RestartSec=1`. */
export interface Unit {
  readonly name: string;
  status(): UnitStatus;
  /** As `kill -9`, or another signal; it is restarted. */
  kill(signal: NodeJS.Signals): void;
  /** Ends it in order and starts it again at once, as after a build. */
  replace(): Promise<void>;
  /** Its power goes: killed, and not started again before `powerOn`. */
  powerOff(): void;
  powerOn(): void;
  /** Ends it for good; the milliseconds it took, null: it was not running. */
  stop(): Promise<number | null>;
}

export interface UnitStatus {
  readonly name: string;
  readonly state: 'running' | 'waiting' | 'stopped';
  readonly pid: number | null;
  readonly restarts: number;
  /** CLOCK_MONOTONIC milliseconds of the last start. */
  readonly startedAt: number;
}

export interface UnitOptions {
  readonly name: string;
  /** Asked at each start: what runs may have been built anew. */
  readonly command: () => readonly [file: string, ...args: string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly now: () => number;
  readonly onLine: (line: string) => void;
  readonly onNews: (news: UnitNews) => void;
}

export interface UnitNews {
  readonly unit: string;
  readonly kind: 'started' | 'restarted' | 'ended' | 'stopped';
  readonly pid: number | null;
  readonly text: string;
}

const RESTART_AFTER_MS = 1000;
/** systemd's TimeoutStopSec of the units; a process that takes longer is killed. */
export const STOP_WITHIN_MS = 5000;

interface Life {
  child: Child | null;
  restarts: number;
  startedAt: number;
  stopping: boolean;
  replacing: boolean;
  dark: boolean;
  again: NodeJS.Timeout | null;
}

/** Starts a unit and keeps it running until it is stopped. */
export const startUnit = async (options: UnitOptions): Promise<Unit> => {
  const life: Life = { child: null, restarts: 0, startedAt: 0, stopping: false, replacing: false, dark: false, again: null };
  const { name, onNews } = options;

  const start = async (): Promise<void> => {
    const [file, ...args] = options.command();
    life.again = null;
    const child = await startChild({
      file,
      args,
      env: options.env,
      onLine: options.onLine,
      onError: options.onLine,
      onEnd: (how) => ended(how),
    });
    life.child = child;
    life.startedAt = options.now();
    const kind = life.restarts === 0 ? 'started' : 'restarted';
    onNews({ unit: name, kind, pid: child.pid, text: kind });
  };
  const ended = (how: string): void => {
    const pid = life.child?.pid ?? null;
    life.child = null;
    if (life.stopping) {
      onNews({ unit: name, kind: 'stopped', pid, text: `stopped (${how})` });
      return;
    }
    if (life.replacing) {
      onNews({ unit: name, kind: 'stopped', pid, text: 'replaced' });
      return;
    }
    if (life.dark) {
      onNews({ unit: name, kind: 'ended', pid, text: 'is without power' });
      return;
    }
    onNews({ unit: name, kind: 'ended', pid, text: `ended by itself (${how}), restart in 1 s` });
    startLater();
  };
  const startLater = (): void => {
    life.restarts += 1;
    life.again = setTimeout(() => {
      start().catch((thrown: unknown) => ended(String(thrown)));
    }, RESTART_AFTER_MS);
  };

  await start();
  return {
    name,
    status: () => ({
      name,
      state: life.child !== null ? 'running' : life.stopping ? 'stopped' : 'waiting',
      pid: life.child?.pid ?? null,
      restarts: life.restarts,
      startedAt: life.startedAt,
    }),
    kill: (signal) => life.child?.signal(signal),
    powerOff: () => {
      life.dark = true;
      if (life.again !== null) clearTimeout(life.again);
      life.again = null;
      life.child?.signal('SIGKILL');
    },
    powerOn: () => {
      if (!life.dark || life.stopping) return;
      life.dark = false;
      startLater();
    },
    replace: async () => {
      if (life.stopping || life.replacing || life.child === null) return;
      life.replacing = true;
      await life.child.stop(STOP_WITHIN_MS);
      life.restarts += 1;
      await start();
      life.replacing = false;
    },
    stop: async () => {
      life.stopping = true;
      if (life.again !== null) clearTimeout(life.again);
      return life.child === null ? null : await life.child.stop(STOP_WITHIN_MS);
    },
  };
};

import type { Clock } from '#base/ports.ts';
import { SeededRandom } from '#base/random.ts';
import type { TopicInput } from '#app/config/inputs.ts';
import { LimitTopics } from '#app/northd/limit-topics.ts';
import { northd, type Northd, type NorthdConfig } from '#app/northd/northd.ts';
import type { HttpClient } from '#utility/walk/http-port.ts';
import type { ProcessClock, VirtualTime } from '../virtual-clock.ts';
import { RUNTIME_DIRECTORY, type NoteTaken } from '../virtual-gateway.ts';
import type { ProcessBroker } from './broker.ts';
import type { ProcessFiles } from './disk.ts';
import type { ProcessSockets } from './sockets.ts';

/** One life of a northd process in virtual time. */
export interface VirtualNorthd {
  /** SIGTERM. */
  stop(): Promise<void>;
  /** Ends it at once; nothing of it runs again. */
  kill(): void;
}

interface VirtualNorthdOptions {
  readonly time: VirtualTime;
  readonly config: Omit<NorthdConfig, 'release' | 'directory'>;
  readonly files: ProcessFiles;
  readonly sockets: ProcessSockets;
  readonly http: (clock: Clock) => HttpClient;
  /** Where the topics of limits are; none: nobody goes there. */
  readonly broker: ProcessBroker;
  readonly topics: readonly TopicInput[];
  /** Of this life: seeds its entropy. */
  readonly seed: number;
  readonly onNote: (note: NoteTaken) => void;
}

/** A clock whose every alarm lets promises settle: northd sleeps in promises. */
const settling = (time: VirtualTime, clock: ProcessClock): Clock => ({
  now: () => clock.now(),
  wall: () => clock.wall(),
  at: (deadline, run) =>
    clock.at(deadline, () => {
      time.touch();
      run();
    }),
});

/** Starts northd as it is in production; only clock, files, sockets and the HTTPS client are others. */
export const startVirtualNorthd = (options: VirtualNorthdOptions): VirtualNorthd => {
  const { time, config, files, sockets, seed, onNote } = options;
  const process = time.process();
  const clock = settling(time, process);
  const random = new SeededRandom(seed, 'north entropy');
  let alive = true;
  let running: Northd | null = null;
  const note = (event: string, text: string): void => {
    onNote({ at: time.now, module: 'simulation', note: { event, level: 'error', text } });
  };
  const entropy = { bytes: (length: number) => random.bytes(length), fraction: () => random.fraction() };
  const take = (taken: NoteTaken['note']): void => {
    if (alive) onNote({ at: time.now, module: 'northd', note: taken });
  };
  time.touch();
  const topics =
    options.topics.length === 0
      ? null
      : new LimitTopics({
          ...{ dial: options.broker.dial, user: null, password: null, inputs: options.topics, clock, entropy, link: sockets },
          ...{ directory: RUNTIME_DIRECTORY, release: 'simulated', note: take },
        });
  topics?.start();
  northd(
    {
      clock,
      entropy,
      link: sockets,
      state: files,
      http: options.http(clock),
      note: take,
      onGoodTurn: () => undefined,
    },
    { ...config, release: 'simulated', directory: RUNTIME_DIRECTORY },
  ).then(
    (started) => {
      running = started;
    },
    (error: unknown) => note('crashed', error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
  const kill = (): void => {
    alive = false;
    process.kill();
    options.broker.kill();
    files.kill();
    sockets.kill();
  };
  return {
    stop: async () => {
      time.touch();
      topics?.close();
      await running?.stop();
      kill();
    },
    kill,
  };
};

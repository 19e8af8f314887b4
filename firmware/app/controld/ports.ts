import type { Clock, Entropy, Files, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import type { LinePort } from '#drivers/line/port.ts';
import type { LinkPort } from '#link/port.ts';
import type { LineConfiguration } from '../config/configuration.ts';
import type { ReadLevel } from './contacts.ts';

/** A new configuration of the installer's. */
export interface Storing {
  /** Validates and replaces the file; the fault lists every problem. */
  readonly store: (text: string) => Promise<Result<void, readonly string[]>>;
  /** Ends the process in order, and says why: the service manager starts it anew. */
  readonly restart: (why: string) => void;
}

/** The outside world as controld sees it; everything else in it is ours and pure. */
export interface ControldPorts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Identity of this boot of the machine. */
  readonly bootId: string;
  /** The state directory. */
  readonly state: Files;
  readonly link: LinkPort;
  /** Directory of the sockets. */
  readonly runtimeDirectory: string;
  /** Of the contacts that limit the site. */
  readonly readLevel: ReadLevel;
  readonly linePort: (line: LineConfiguration) => LinePort;
  readonly note: (module: string) => (note: Note) => void;
  /** Told at the end of every good tick (design D12). */
  readonly onGoodTick: () => void;
  readonly release: string;
  readonly storing: Storing;
}

import type { Note } from '#base/ports.ts';
import type { ClockAnchor } from '#control/clock/clock.ts';
import type { ProgramSet } from '#control/program.ts';
import type { RecordBody } from '#control/record.ts';
import type { LocalLimitMessage, SiteSnapshot } from '#link/message.ts';
import { type FromNorth, helloOf, servePlan, type ToNorth } from '#link/role.ts';
import type { LinkServer, Peer } from '#link/server.ts';
import type { LinkPort } from '#link/port.ts';

export interface NorthLinkOptions {
  readonly port: LinkPort;
  readonly directory: string;
  readonly release: string;
  /** Digest of the newest program set folded. */
  readonly planId: () => string | null;
  readonly snapshot: () => SiteSnapshot;
  readonly head: () => number;
  /** `planId`: northd's name for this content, told back in the next hello. */
  readonly onProgramSet: (set: ProgramSet, planId: string) => void;
  readonly onAnchor: (anchor: ClockAnchor) => void;
  readonly onLocalLimit: (message: LocalLimitMessage) => void;
  readonly onRecord: (record: RecordBody) => void;
  readonly note: (note: Note) => void;
}

/** Alarms that stand at a time, of one connection; more are logged alone. */
const STANDING_MAX = 16;
/** Of the text of one alarm. */
export const ALARM_CHARACTERS_MAX = 400;

/** controld's side of the socket to northd: takes what the utility says, tells what the site is, rings when the log grew. */
export class NorthLink {
  readonly #options: NorthLinkOptions;
  /** What stands, of each connection: one that ended cannot say any more when its alarm does. */
  readonly #standing = new Set<Map<string, string>>();
  #server: LinkServer<ToNorth> | null = null;
  #sent = '';

  constructor(options: NorthLinkOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { port, directory, release, planId, note } = this.#options;
    const opened = await servePlan({
      port,
      directory,
      hello: () => helloOf(release, planId()),
      note,
      onPeer: (peer) => {
        this.#greet(peer);
        const standing = new Map<string, string>();
        this.#standing.add(standing);
        return {
          onMessage: (message) => this.#take(message, standing),
          onClosed: () => {
            this.#standing.delete(standing);
          },
        };
      },
    });
    if (opened.ok) this.#server = opened.value;
    else note({ event: 'link-unavailable', level: 'error', text: `${opened.fault.path}: ${opened.fault.why}` });
  }

  /** Alarms of the north that stand, for people. */
  get alarms(): readonly string[] {
    return [...this.#standing].flatMap((standing) => [...standing].map(([event, text]) => `${event}: ${text}`));
  }

  /** The log grew. */
  ring(head: number): void {
    this.#server?.broadcast({ type: 'log-head', seq: head });
  }

  /** Sends the snapshot when it changed. */
  show(snapshot: SiteSnapshot): void {
    const text = JSON.stringify(snapshot);
    if (text === this.#sent) return;
    this.#sent = text;
    this.#server?.broadcast(snapshot);
  }

  close(): void {
    this.#server?.close();
  }

  #greet(peer: Peer<ToNorth>): void {
    peer.send(this.#options.snapshot());
    peer.send({ type: 'log-head', seq: this.#options.head() });
  }

  #take(message: FromNorth, standing: Map<string, string>): void {
    switch (message.type) {
      case 'program-set':
        this.#options.onProgramSet(message.set, message.planId);
        return;
      case 'clock-anchor':
        this.#options.onAnchor(message);
        return;
      case 'local-limit':
        this.#options.onLocalLimit(message);
        return;
      case 'north-note':
        if (message.standing === true && (standing.size < STANDING_MAX || standing.has(message.event)))
          standing.set(message.event, message.text.slice(0, ALARM_CHARACTERS_MAX));
        else if (message.standing === false) standing.delete(message.event);
        this.#options.onRecord({ kind: 'north', event: message.event, text: message.text });
    }
  }
}

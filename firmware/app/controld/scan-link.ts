import type { Clock } from '#base/ports.ts';
import { after, durationMs, seconds } from '#base/units.ts';
import type { Line, LineFault, Reply } from '#drivers/line/transaction.ts';
import { PRIORITY } from '#drivers/line/transaction.ts';
import { propose } from '#drivers/sunspec/proposal.ts';
import { Scan, scanOrder, type ScanAction, type ScanInput } from '#drivers/sunspec/scan.ts';
import { shippedProfiles } from '#drivers/profile/catalogue.ts';
import { fingerprintsOf } from '#drivers/profile/fingerprint.ts';
import type { Result } from '#base/result.ts';
import type { ScanReport, ScanRequest } from '#link/message.ts';
import type { ToViewer } from '#link/role.ts';
import type { Peer } from '#link/server.ts';

/** How soon a read that never was on the wire is asked again. */
const DROPPED_RETRY = durationMs(100);
const DOWN_RETRY = seconds(1);
/** A line that stays away so often does not open. */
const DOWNS_MAX = 10;
/** Progress is told when a unit was found, and each so many ids. */
const TELL_EVERY = 8;

interface Running {
  readonly line: string;
  readonly scan: Scan;
  readonly watchers: Set<Peer<ToViewer>>;
  /** In a row, that the line was not there. */
  downs: number;
}

/** Looks for units on a line while control goes on: lowest priority, one transaction at a time. Ends with its last watcher. One scan a line. */
export class ScanLink {
  readonly #clock: Clock;
  readonly #line: (request: ScanRequest) => Line | null;
  readonly #running = new Map<string, Running>();

  constructor(clock: Clock, line: (request: ScanRequest) => Line | null) {
    this.#clock = clock;
    this.#line = line;
  }

  /** Starts a scan for this viewer, or lets it watch the one that runs. */
  add(peer: Peer<ToViewer>, request: ScanRequest): void {
    const name = request.line;
    const present = this.#running.get(name);
    if (present !== undefined) {
      present.watchers.add(peer);
      return;
    }
    const line = this.#line(request);
    if (line === null) {
      this.#refuse(peer, name);
      return;
    }
    const scan = new Scan(scanOrder(), fingerprintsOf(shippedProfiles()));
    const running: Running = { line: name, scan, watchers: new Set([peer]), downs: 0 };
    this.#running.set(name, running);
    this.#follow(running, line, running.scan.start());
  }

  #refuse(peer: Peer<ToViewer>, line: string): void {
    peer.send({ type: 'scan', line, known: false, tried: 0, total: 0, done: true, units: [] });
  }

  forget(peer: Peer<ToViewer>): void {
    for (const { watchers } of this.#running.values()) watchers.delete(peer);
  }

  #follow(running: Running, line: Line, action: ScanAction): void {
    if (running.watchers.size === 0 || action.kind === 'done') {
      this.#running.delete(running.line);
      this.#tell(running, true);
      return;
    }
    const { unitId, address, count, table = 'holding' } = action;
    line.submit({ kind: 'read', unitId, address, count, table }, PRIORITY.scan, (result) =>
      this.#took(running, line, action, result),
    );
  }

  #took(running: Running, line: Line, action: ScanAction, result: Result<Reply, LineFault>): void {
    running.downs = !result.ok && result.fault.kind === 'down' ? running.downs + 1 : 0;
    if (running.downs >= DOWNS_MAX) {
      this.#running.delete(running.line);
      for (const peer of running.watchers) this.#refuse(peer, running.line);
      return;
    }
    if (!result.ok && (result.fault.kind === 'down' || result.fault.kind === 'dropped')) {
      const wait = result.fault.kind === 'down' ? DOWN_RETRY : DROPPED_RETRY;
      this.#clock.at(after(this.#clock.now(), wait), () => this.#follow(running, line, action));
      return;
    }
    const before = running.scan.progress();
    const next = running.scan.next(inputOf(result));
    const now = running.scan.progress();
    if (now.units.length > before.units.length || (now.tried > before.tried && now.tried % TELL_EVERY === 0))
      this.#tell(running, false);
    this.#follow(running, line, next);
  }

  #tell({ line, scan, watchers }: Running, done: boolean): void {
    const { tried, total, units } = scan.progress();
    const report: ScanReport = { type: 'scan', line, known: true, tried, total, done, units: units.flatMap(propose) };
    for (const peer of watchers) peer.send(report);
  }
}

const inputOf = (result: Result<Reply, LineFault>): ScanInput => {
  if (result.ok) return { kind: 'words', words: result.value.words };
  if (result.fault.kind === 'garbled') return { kind: 'garbled' };
  return { kind: result.fault.kind === 'refused' ? 'refused' : 'no-reply' };
};

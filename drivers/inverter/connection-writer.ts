import type { Cancel, Clock, Note } from '#base/ports.ts';
import type { Result } from '#base/result.ts';
import { after, durationMs, seconds } from '#base/units.ts';
import type { DurationMs } from '#base/units.ts';
import type { Connection, DeviceId, ModelPlace } from '#site/device.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { Line, LineFault, Reply } from '../line/transaction.ts';
import type { InverterProfile } from '../profile/profile.ts';
import { checkHeader } from '../sunspec/codec.ts';
import { connectionStands, connectionStart, connectionWords, connectionReadLength } from './connection-block.ts';

/** Rewrites at once after a read-back that differs; then every RETRY, which is also the pace after a write that was refused or lost. */
const MISMATCHES_AT_ONCE = 3;
const RETRY: DurationMs = seconds(5);
/** A write without reply is repeated at once, then at the pace above. */
const LOSSES_AT_ONCE = 1;
/** How soon a request that found no room in the line's queue is asked again. */
const DROPPED_RETRY: DurationMs = durationMs(100);

interface ConnectionWriterOptions {
  readonly device: DeviceId;
  readonly unitId: number;
  readonly line: Line;
  readonly clock: Clock;
  readonly connection: InverterProfile['connection'];
  /** What the connection provably is has changed. */
  readonly onChange: () => void;
  readonly onAnswered: () => void;
  readonly onUnanswered: (fault: LineFault) => void;
  /** A reply that is not the model written to. */
  readonly onForeign: (why: string) => void;
  readonly onNote: (note: Note) => void;
}

/**
 * Opens and closes the connection of one inverter (SunSpec 123 Conn, 703 ES), which is left alone until it is asked for: one write block a
 * change, read back, looked at again while it is to be open. Works only between `open` and `close`, that is while the device is verified.
 */
export class ConnectionWriter {
  readonly #options: ConnectionWriterOptions;
  #wanted: Connection | null = null;
  #place: ModelPlace | null = null;
  #proven: Connection | null = null;
  /** Of the newest write; replies to older ones are ignored. */
  #sequence = 0;
  #mismatches = 0;
  #losses = 0;
  #refused = false;
  #cancelTimer: Cancel | null = null;

  constructor(options: ConnectionWriterOptions) {
    this.#options = options;
  }

  /** The device is verified: what was asked of it is written again, since it may have forgotten. Called after the cap's turn. */
  open(place: ModelPlace): void {
    this.#place = place;
    this.#prove(null);
    this.#write();
  }

  /** Contact is lost: nothing is written any more. What was read back stays known. */
  close(): void {
    this.#place = null;
    this.#sequence += 1;
    this.#rest();
  }

  want(connection: Connection): void {
    if (connection === this.#wanted) return;
    this.#wanted = connection;
    this.#prove(null);
    this.#mismatches = 0;
    this.#losses = 0;
    this.#write();
  }

  /** What the connection is, by read-back; null: not known, or never asked for. */
  proven(): Connection | null {
    return this.#proven;
  }

  #write(): void {
    this.#rest();
    const { line, unitId, device, connection } = this.#options;
    const place = this.#place;
    const wanted = this.#wanted;
    if (place === null || wanted === null) return;
    this.#sequence += 1;
    const sequence = this.#sequence;
    const take = (result: Result<Reply, LineFault>): void => {
      if (sequence === this.#sequence) this.#afterWrite(result, place, wanted);
    };
    const words = connectionWords(connection, wanted);
    const request = { kind: 'write', unitId, address: place.address + connectionStart(connection), words } as const;
    line.submit(request, wanted === 'disconnected' ? PRIORITY.cut : PRIORITY.control, take, `${device}:connection`);
  }

  #afterWrite(result: Result<Reply, LineFault>, place: ModelPlace, wanted: Connection): void {
    if (result.ok) {
      this.#losses = 0;
      this.#refused = false;
      this.#options.onAnswered();
      this.#later(this.#options.connection.readBackDelayMs, () => this.#readBack(place, wanted));
      return;
    }
    const { fault } = result;
    if (fault.kind === 'dropped') this.#later(DROPPED_RETRY, () => this.#write());
    else if (fault.kind === 'refused') this.#onRefused(fault.exceptionCode);
    else this.#onLost(fault);
  }

  #onRefused(exceptionCode: number): void {
    const { device, onAnswered, onNote } = this.#options;
    onAnswered();
    // Told once, not at every try.
    const text = `the connection was refused with exception ${exceptionCode}`;
    if (!this.#refused) onNote({ event: 'connection-refused', level: 'error', text, detail: { device, exceptionCode } });
    this.#refused = true;
    this.#later(RETRY, () => this.#write());
  }

  #onLost(fault: LineFault): void {
    this.#options.onUnanswered(fault);
    if (this.#place === null) return;
    this.#losses += 1;
    if (this.#losses <= LOSSES_AT_ONCE) this.#write();
    else this.#later(RETRY, () => this.#write());
  }

  #readBack(place: ModelPlace, wanted: Connection): void {
    const { line, unitId, device, connection } = this.#options;
    const sequence = this.#sequence;
    const take = (result: Result<Reply, LineFault>): void => {
      if (sequence === this.#sequence) this.#afterReadBack(result, place, wanted);
    };
    const request = { kind: 'read', unitId, address: place.address, count: connectionReadLength(connection) } as const;
    line.submit(request, PRIORITY.verify, take, `${device}:connection-read-back`);
  }

  #afterReadBack(result: Result<Reply, LineFault>, place: ModelPlace, wanted: Connection): void {
    const { connection, onAnswered, onUnanswered, onForeign } = this.#options;
    const again = (): void => this.#readBack(place, wanted);
    if (!result.ok) {
      if (result.fault.kind === 'refused') onAnswered();
      else if (result.fault.kind !== 'dropped') onUnanswered(result.fault);
      if (this.#place !== null) this.#later(result.fault.kind === 'refused' ? connection.checkSeconds : DROPPED_RETRY, again);
      return;
    }
    onAnswered();
    const header = checkHeader(result.value.words, place);
    if (!header.ok) {
      onForeign(`read-back is not model ${place.id}: ${header.fault.kind}`);
      return;
    }
    if (!connectionStands(connection, result.value.words, wanted)) {
      this.#differs();
      return;
    }
    this.#mismatches = 0;
    this.#prove(wanted);
    if (wanted === 'disconnected') this.#later(connection.checkSeconds, again);
    else this.#rest();
  }

  #differs(): void {
    this.#prove(null);
    this.#mismatches += 1;
    if (this.#mismatches <= MISMATCHES_AT_ONCE) this.#write();
    else this.#later(RETRY, () => this.#write());
  }

  #prove(connection: Connection | null): void {
    if (connection === this.#proven) return;
    this.#proven = connection;
    this.#options.onChange();
  }

  #later(span: DurationMs, run: () => void): void {
    const { clock } = this.#options;
    this.#rest();
    this.#cancelTimer = clock.at(after(clock.now(), span), run);
  }

  /** Nothing is waited for. */
  #rest(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }
}

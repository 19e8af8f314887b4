import { assert } from '#base/assert.ts';
import type { Cancel, Clock, Note } from '#base/ports.ts';
import { after, type DurationMs, seconds, type Watts, watts } from '#base/units.ts';
import type { DeviceId, DeviceRecord, Setpoint } from '#site/device.ts';
import type { DeviceStanding, LoadSample } from '#site/sample.ts';
import { type Order, OrderWriter, type Urgency } from '../line/order-writer.ts';
import { PRIORITY } from '../line/transaction.ts';
import type { Line, LineFault, Reply, Request } from '../line/transaction.ts';
import { type LoadProfile, registerAtMost } from '../profile/storage-profile.ts';

/** As in drivers/sunspec/contact.ts. */
const FAILURES_UNTIL_SILENT = 3;
const FIRST_PROBE: DurationMs = seconds(1);
const PROBE_PERIOD: DurationMs = seconds(10);
const DOWN_PROBE_PERIOD: DurationMs = seconds(1);

export interface LoadSessionOptions {
  readonly device: DeviceId;
  readonly unitId: number;
  readonly line: Line;
  readonly clock: Clock;
  readonly profile: LoadProfile;
  /** What it draws at most, from the configuration: it does not say so itself. */
  readonly maxPower: Watts;
  readonly onSample: (sample: LoadSample) => void;
  /** What it provably holds may have changed. */
  readonly onOutcome: () => void;
  readonly onRecord: (record: DeviceRecord) => void;
  readonly onStanding: (standing: DeviceStanding) => void;
  readonly onNote: (note: Note) => void;
}

/**
 * What a load may draw as its register or coil takes it: rounded down; a relay is off below the load's rating. A relay has no serial
 * number to verify it by: what answers at its unit id is taken for it, and nothing but its own coil is ever written.
 */
export const loadOrder = (most: Watts, unitId: number, maxPower: Watts, { control }: LoadProfile): Order<Watts> => {
  const { address } = control;
  if (control.kind === 'register') {
    const raw = registerAtMost(watts(Math.min(most, maxPower)), control.stepW);
    const single = control.function === 6 ? ({ single: true } as const) : {};
    return orderOf(raw, watts(Math.min(raw * control.stepW, maxPower)), {
      write: { kind: 'write', unitId, address, words: [raw], ...single },
      read: { kind: 'read', unitId, address, count: 1 },
    });
  }
  const runs = most >= maxPower;
  const word = runs ? control.on : 1 - control.on;
  const single = control.function === 5 ? ({ single: true } as const) : {};
  return orderOf(word, runs ? maxPower : watts(0), {
    write: { kind: 'write', unitId, address, words: [word], table: 'coils', ...single },
    read: { kind: 'read', unitId, address, count: 1, table: 'coils' },
  });
};

const orderOf = (
  word: number,
  meaning: Watts,
  { write, read }: { readonly write: Request; readonly read: Request },
): Order<Watts> => ({
  meaning,
  key: String(word),
  writes: [write],
  read,
  stands: (words) => words[0] === word,
  lapses: null,
});

/** A relay or a load with a power register: switched, read back, looked at again and again. */
export class LoadSession {
  readonly #options: LoadSessionOptions;
  readonly #writer: OrderWriter<Watts>;
  #standing: DeviceStanding = 'unverified';
  #failures = 0;
  #started = false;
  #probing = false;
  #cancel: Cancel | null = null;
  #attempt = 0;

  constructor(options: LoadSessionOptions) {
    this.#options = options;
    const { device, line, clock, profile } = options;
    const { readBackDelayMs, checkSeconds, spacingMs } = profile.control;
    this.#writer = new OrderWriter<Watts>({
      ...{ device, line, clock, readBackDelayMs, spacingMs, checkEvery: checkSeconds },
      onConfirmed: options.onOutcome,
      onFault: options.onOutcome,
      onAnswered: () => this.#answered(),
      onUnanswered: (fault) => this.#failed(fault),
      onRead: (reply) => this.#seen(reply),
      onNote: options.onNote,
    });
  }

  start(): void {
    this.#started = true;
    this.#probe();
  }

  stop(): void {
    this.#started = false;
    this.#attempt += 1;
    this.#cancel?.();
    this.#writer.close();
  }

  want(setpoint: Setpoint, urgency: Urgency): void {
    assert(setpoint.command.kind === 'consume', 'a load is told what it may draw');
    const { unitId, maxPower, profile } = this.#options;
    this.#writer.want(loadOrder(setpoint.command.most, unitId, maxPower, profile), urgency);
  }

  /** What it provably draws at most; null: nothing is proven. */
  heldPower(): Watts | null {
    const held = this.#writer.held();
    return held === null ? null : watts(Math.max(held.proven, ...held.since));
  }

  attend(): void {
    // it is looked at when it was written, and at its own pace
  }

  /** Probes now when silent: the whole line was down. */
  probeNow(): void {
    if (this.#standing === 'silent' && !this.#probing) this.#probe();
  }

  standing(): DeviceStanding {
    return this.#standing;
  }

  record(): DeviceRecord | null {
    const { device, maxPower, profile } = this.#options;
    const plate = { manufacturer: '', model: profile.name, serialNumber: '', firmwareVersion: '' };
    const none = { base: 0, models: [], nameplate: null, limitScale: null };
    return this.#standing === 'unverified' ? null : { device, role: 'load', ...plate, ...none, load: { maxPower } };
  }

  /** One read of its own coil or register: is it there? */
  #probe(): void {
    const { line, unitId, maxPower, profile, device } = this.#options;
    this.#cancel?.();
    this.#cancel = null;
    this.#probing = true;
    this.#attempt += 1;
    const attempt = this.#attempt;
    const { read } = loadOrder(maxPower, unitId, maxPower, profile);
    const priority = this.#standing === 'silent' ? PRIORITY.probe : PRIORITY.verify;
    line.submit(
      read,
      priority,
      (result) => {
        if (attempt !== this.#attempt || !this.#started) return;
        this.#probing = false;
        if (result.ok) {
          this.#seen(result.value);
          this.#answered();
        } else if (result.fault.kind === 'refused') this.#answered();
        else if (result.fault.kind === 'dropped') this.#later(FIRST_PROBE);
        else this.#failed(result.fault);
      },
      `${device}:probe`,
    );
  }

  #answered(): void {
    this.#failures = 0;
    if (this.#standing === 'answering') return;
    this.#stand('answering');
    const record = this.record();
    if (record !== null) this.#options.onRecord(record);
    this.#writer.open();
  }

  #failed(fault: LineFault): void {
    this.#failures += 1;
    if (this.#standing === 'answering' && this.#failures < FAILURES_UNTIL_SILENT) return;
    const wasSilent = this.#standing === 'silent';
    if (!wasSilent && this.#failures < FAILURES_UNTIL_SILENT) {
      this.#probe();
      return;
    }
    this.#writer.close();
    if (!wasSilent) {
      this.#stand('silent');
      const { device } = this.#options;
      this.#options.onNote({ event: 'device-silent', level: 'warn', text: 'no answer three times', detail: { device } });
    }
    this.#later(fault.kind === 'down' ? DOWN_PROBE_PERIOD : wasSilent ? PROBE_PERIOD : FIRST_PROBE);
  }

  #later(span: DurationMs): void {
    const { clock } = this.#options;
    this.#cancel?.();
    this.#cancel = clock.at(after(clock.now(), span), () => this.#probe());
  }

  #seen({ words, takenAt }: Reply): boolean {
    const { device, profile, onSample } = this.#options;
    const [word] = words;
    if (word === undefined) return false;
    const { control } = profile;
    // A power register says what it may draw, not what it draws.
    const on = control.kind === 'coil' ? word === control.on : word > 0;
    onSample({ kind: 'load', device, takenAt, power: null, on });
    return true;
  }

  #stand(standing: DeviceStanding): void {
    this.#standing = standing;
    this.#options.onStanding(standing);
  }
}

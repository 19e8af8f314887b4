import { fail, ok } from '#base/result.ts';
import type { Result } from '#base/result.ts';
import { monoMs } from '#base/units.ts';
import type { Deliver, Line, LineFault, Priority, Reply, Request } from '#drivers/line/transaction.ts';
import type { Image } from './register-image.ts';
import type { VirtualClock } from './virtual-clock.ts';

const CHARACTER_MS = 10_000 / 9600;
const GAP_MS = 3.5 * CHARACTER_MS;
const TURNAROUND_MS = 20;
const TIMEOUT_MS = 250;

interface Queued {
  readonly request: Request;
  readonly priority: Priority;
  readonly deliver: Deliver;
  readonly key: string | undefined;
}

export interface Done {
  readonly at: number;
  readonly request: Request;
  readonly priority: Priority;
  readonly ok: boolean;
}

/** One simulated unit on the line. */
export interface Unit {
  image: Image;
  silent: boolean;
  /** Exception to every write; null: takes them. */
  refuseWrites: number | null;
  /** Takes the write into its registers; replaced to model a device that rounds, ignores or forgets. */
  onWrite: (address: number, words: readonly number[]) => void;
}

/** A 9600 baud line that answers from register images, byte times on a virtual clock. */
export class ScriptedLine implements Line {
  readonly name = 'test';
  readonly done: Done[] = [];
  readonly units = new Map<number, Unit>();
  /** Milliseconds the line was occupied, turnaround included. */
  occupied = 0;
  /** Milliseconds with bytes or gaps on the wire. */
  wire = 0;
  down = false;
  /** Writes get no answer. */
  loseWrites = false;
  /** What the next transactions end with instead of a reply. */
  readonly nextFaults: LineFault[] = [];
  readonly #clock: VirtualClock;
  #queue: Queued[] = [];
  #busy = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  attach(unitId: number, image: Image): Unit {
    const unit: Unit = {
      image,
      silent: false,
      refuseWrites: null,
      onWrite: (address, words) => words.forEach((word, i) => unit.image.set(address + i, word)),
    };
    this.units.set(unitId, unit);
    return unit;
  }

  submit(request: Request, priority: Priority, deliver: Deliver, key?: string): void {
    if (this.down) {
      deliver(fail({ kind: 'down', why: 'test' }));
      return;
    }
    const replaced = this.#queue.find((queued) => key !== undefined && queued.key === key);
    this.#queue = this.#queue.filter((queued) => queued !== replaced);
    this.#queue.push({ request, priority, deliver, key });
    replaced?.deliver(fail({ kind: 'dropped' }));
    this.#next();
  }

  wireTime(request: Request): number {
    const bytes = request.kind === 'read' ? 13 + 2 * request.count : 17 + 2 * request.words.length;
    return bytes * CHARACTER_MS + 2 * GAP_MS;
  }

  use(): number {
    return 0;
  }

  writes(): readonly (Request & { readonly kind: 'write' })[] {
    return this.done.flatMap(({ request }) => (request.kind === 'write' ? [request] : []));
  }

  #next(): void {
    if (this.#busy) return;
    const best = [...this.#queue].sort((a, b) => a.priority - b.priority)[0];
    if (best === undefined) return;
    this.#queue = this.#queue.filter((queued) => queued !== best);
    this.#busy = true;
    const result = this.#answer(best.request);
    const silent = !result.ok && result.fault.kind === 'timeout';
    const wire = silent ? 8 * CHARACTER_MS + GAP_MS : this.wireTime(best.request);
    const span = wire + (silent ? TIMEOUT_MS : TURNAROUND_MS);
    this.wire += wire;
    this.occupied += span;
    this.#clock.at(monoMs(this.#clock.now() + span), () => {
      this.#busy = false;
      this.done.push({ at: this.#clock.now(), request: best.request, priority: best.priority, ok: result.ok });
      best.deliver(result);
      this.#next();
    });
  }

  #answer(request: Request): Result<Reply, LineFault> {
    const scripted = this.nextFaults.shift();
    if (scripted !== undefined) return fail(scripted);
    const { unitId } = request;
    const unit = this.units.get(unitId);
    if (unit === undefined || unit.silent || (this.loseWrites && request.kind === 'write'))
      return fail({ kind: 'timeout', unitId });
    const takenAt = monoMs(this.#clock.now() + 8 * CHARACTER_MS + GAP_MS + TURNAROUND_MS);
    if (request.kind === 'write') {
      if (unit.refuseWrites !== null) return fail({ kind: 'refused', unitId, exceptionCode: unit.refuseWrites });
      unit.onWrite(request.address, request.words);
      return ok({ words: new Uint16Array(0), takenAt });
    }
    const words = Array.from({ length: request.count }, (_, i) => unit.image.get(request.address + i));
    if (words.some((word) => word === undefined)) return fail({ kind: 'refused', unitId, exceptionCode: 2 });
    return ok({ words: Uint16Array.from(words, (word) => word ?? 0), takenAt });
  }
}

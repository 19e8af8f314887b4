import type { Result } from '#base/result.ts';
import { LineEngine } from '#drivers/line/engine.ts';
import type { LineSettings } from '#drivers/line/settings.ts';
import type { LineFault, Priority, Reply, Request } from '#drivers/line/transaction.ts';
import { characterTime } from '#drivers/line/wire-time.ts';
import { VirtualClock, VirtualLine } from './virtual-line.ts';

export const SETTINGS: LineSettings = {
  name: 'a',
  baudRate: 9600,
  parity: 'none',
  stopBits: 1,
  localEcho: false,
  paced: true,
};

export interface Outcome {
  readonly at: number;
  readonly request: Request;
  readonly result: Result<Reply, LineFault>;
}

export const read = (unitId: number, address: number, count: number): Request => ({ kind: 'read', unitId, address, count });
export const write = (unitId: number, address: number, ...words: number[]): Request => ({
  kind: 'write',
  unitId,
  address,
  words,
});

/** Engine, wire and clock on one table; running, first quarantine over. */
export class EngineBench {
  readonly clock = new VirtualClock();
  readonly line: VirtualLine;
  readonly engine: LineEngine;
  readonly outcomes: Outcome[] = [];

  constructor(settings: Partial<LineSettings> = {}) {
    const all = { ...SETTINGS, ...settings };
    this.line = new VirtualLine(this.clock, characterTime(all));
    this.engine = new LineEngine(all, this.clock, this.line);
  }

  started(): this {
    this.engine.start();
    this.clock.run(1000);
    return this;
  }

  submit(request: Request, priority: Priority, key?: string): void {
    this.engine.submit(request, priority, (result) => this.outcomes.push({ at: this.clock.now(), request, result }), key);
  }

  /** The faults delivered so far, as text; `ok` for a reply. */
  verdicts(): string[] {
    return this.outcomes.map(({ result }) => {
      if (result.ok) return 'ok';
      return result.fault.kind === 'garbled' ? result.fault.why : result.fault.kind;
    });
  }
}

import { LineEngine } from '#drivers/line/engine.ts';
import type { LinePort } from '#drivers/line/port.ts';
import { RigLine, LINE_9600_8N1, type LineDevice } from '../../rig/site/line.ts';
import type { VirtualClock } from './virtual-clock.ts';

type Handlers = Parameters<LinePort['open']>[0];

/** The byte pipe to a line of the rig, on the tests' clock. */
const portTo = (line: RigLine, clock: VirtualClock): LinePort => {
  let handlers: Handlers | null = null;
  const deliver = (): void => {
    for (const { at, bytes } of line.advance(clock.now()))
      handlers?.onBytes(bytes, clock.now() < at ? clock.now() : (at as never));
    const next = line.nextAt();
    if (next !== null) clock.at(Math.max(next, clock.now()) as never, deliver);
  };
  return {
    open: (given) => {
      handlers = given;
      clock.at(clock.now(), given.onUp);
    },
    write: (bytes) => {
      line.advance(clock.now());
      line.receive(clock.now(), bytes);
      deliver();
    },
    flush: () => undefined,
    close: () => {
      handlers = null;
    },
  };
};

/** A running line engine with these devices of the rig at the other end, 9600 baud 8N1. */
export const lineWith = (clock: VirtualClock, devices: readonly LineDevice[]): LineEngine => {
  const port = portTo(new RigLine(LINE_9600_8N1, devices, 1), clock);
  const engine = new LineEngine(
    { name: 'rig', baudRate: 9600, parity: 'none', stopBits: 1, localEcho: false, paced: true },
    clock,
    port,
  );
  engine.start();
  return engine;
};

import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { objectOf, readLines } from './lines.ts';

/** What controld tells its viewers once a second; watts, UTC seconds. Read as any tool would, from its socket. */
export interface GatewayView {
  readonly utilityTime: number | null;
  readonly exportLimit: number | null;
  readonly limitSource: string;
  readonly netImport: number | null;
  readonly generation: number | null;
  readonly load: number | null;
  readonly cap: number | null;
  readonly seeing: string;
  readonly missing: readonly string[];
  readonly devices: readonly {
    readonly device: string;
    readonly standing: string;
    readonly state: string;
    readonly text: string;
  }[];
  /** The latest that a tick of the last seconds ran after it was due, milliseconds. */
  readonly lateMs?: number;
  readonly lines: readonly { readonly line: string; readonly use: number; readonly faults: number }[];
  readonly alarms: readonly string[];
  readonly events: readonly { readonly mRID: string; readonly state: string; readonly start: number; readonly until: number }[];
}

const AGAIN_AFTER_MS = 250;
const HELLO = { type: 'hello', protocol: 1, release: 'rig', planId: null };

/** Follows the gateway's view; `onView(null)`: controld hung up. Returns how to end it. */
export const followView = (runtimeDirectory: string, onView: (view: GatewayView | null) => void): (() => void) => {
  let socket: Socket | null = null;
  let again: NodeJS.Timeout | null = null;
  let closed = false;
  const dial = (): void => {
    const open = connect(join(runtimeDirectory, 'view.sock'));
    socket = open;
    open.once('connect', () => open.write(`${JSON.stringify(HELLO)}\n`));
    readLines(open, (line) => {
      const message = objectOf(line);
      if (message?.['type'] === 'view') onView(message as unknown as GatewayView);
    });
    open.once('close', () => {
      if (closed) return;
      onView(null);
      again = setTimeout(dial, AGAIN_AFTER_MS);
    });
  };
  dial();
  return () => {
    closed = true;
    if (again !== null) clearTimeout(again);
    socket?.destroy();
  };
};

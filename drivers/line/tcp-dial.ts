import { connect } from 'node:net';
import type { Dial } from './port.ts';

/** Between probes of a connection on which nothing is said, milliseconds. */
const KEEP_ALIVE_MS = 10_000;

/** Connects to a TCP server; `onDown` comes once, for a connection that failed or ended, and not after `close`. */
export const tcpDial =
  (host: string, port: number): Dial =>
  ({ onUp, onBytes, onDown }) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    let over = false;
    const end = (why: string): void => {
      if (over) return;
      over = true;
      socket.destroy();
      onDown(why);
    };
    socket.on('connect', onUp);
    socket.on('data', (bytes) => {
      if (!over) onBytes(bytes);
    });
    socket.on('error', (error) => end(error.message));
    socket.on('close', () => end('the connection ended'));
    return {
      write: (bytes) => {
        if (!over) socket.write(bytes);
      },
      close: () => {
        over = true;
        socket.destroy();
      },
    };
  };

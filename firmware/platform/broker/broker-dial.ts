import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { BrokerDial } from '#broker/port.ts';

const KEEP_ALIVE_MS = 10_000;

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  /** PEM: the roots its certificate must chain to; null: no TLS. */
  readonly trust: string | null;
}

const open = ({ host, port, trust }: BrokerAddress, onUp: () => void): Socket => {
  if (trust === null) return connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, onUp);
  const isName = /[a-zA-Z]/.test(host) && !host.includes(':');
  return connectTls({ host, port, ca: trust, minVersion: 'TLSv1.2', ...(isName ? { servername: host } : {}) }, onUp);
};

/** Connects to a broker over TCP, or over TLS with a server certificate of that host. */
export const brokerDial =
  (address: BrokerAddress): BrokerDial =>
  ({ onUp, onBytes, onDown }) => {
    let over = false;
    const socket = open(address, () => {
      if (!over) onUp();
    });
    const end = (why: string): void => {
      if (over) return;
      over = true;
      socket.destroy();
      onDown(why);
    };
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
        socket.destroySoon();
      },
    };
  };

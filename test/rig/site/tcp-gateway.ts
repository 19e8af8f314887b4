import { createServer, type Server, type Socket } from 'node:net';
import type { LineDevice } from './line.ts';

/** Transaction, protocol, length, unit. */
const HEAD = 7;
/** Modbus exception 11: the gateway's target did not respond. */
const NO_ANSWER = 11;

/** A Modbus TCP server with several units behind it, for one connection at a time, as most inverters have it. */
export interface TcpGateway {
  readonly port: number;
  /** Connections accepted since the start. */
  readonly connections: () => number;
  /** Drops the connection that is open. */
  hangUp(): void;
  stop(): Promise<void>;
}

const replyOf = (device: LineDevice | undefined, at: number, pdu: Uint8Array): Uint8Array =>
  device?.answer(at, pdu)?.pdu ?? Uint8Array.of((pdu[0] ?? 0) | 0x80, NO_ANSWER);

const serve = (socket: Socket, devices: readonly LineDevice[], now: () => number): void => {
  let gathered = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    gathered = Buffer.concat([gathered, bytes]);
    while (gathered.length >= HEAD && gathered.length >= 6 + gathered.readUInt16BE(4)) {
      const whole = 6 + gathered.readUInt16BE(4);
      const unit = gathered[6] ?? 0;
      const device = devices.find(({ unitId }) => unitId === unit);
      const pdu = replyOf(device, now(), Uint8Array.from(gathered.subarray(HEAD, whole)));
      const head = Buffer.from(gathered.subarray(0, HEAD));
      head.writeUInt16BE(pdu.length + 1, 4);
      gathered = gathered.subarray(whole);
      socket.write(Buffer.concat([head, pdu]));
    }
  });
};

const listening = async (server: Server): Promise<number> =>
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });

/** Starts it on a free port of this machine; `now` is the devices' time, milliseconds. */
export const startTcpGateway = async (devices: readonly LineDevice[], now: () => number): Promise<TcpGateway> => {
  let open: Socket | null = null;
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    open?.destroy();
    open = socket;
    serve(socket, devices, now);
  });
  const port = await listening(server);
  return {
    port,
    connections: () => connections,
    hangUp: () => open?.destroy(),
    stop: async () => {
      open?.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};

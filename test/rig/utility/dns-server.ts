/** A small DNS server over UDP: PTR, SRV and TXT of the names it is given; everything else does not exist. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface Zone {
  readonly ptr?: Readonly<Record<string, readonly string[]>>;
  readonly srv?: Readonly<Record<string, { readonly host: string; readonly port: number; readonly priority?: number }>>;
  readonly txt?: Readonly<Record<string, readonly string[]>>;
}

export interface DnsServer {
  /** `address:port` */
  readonly address: string;
  /** Names asked for, with the type, in order. */
  readonly asked: readonly string[];
  /** From now on this zone. */
  serve(zone: Zone): void;
  stop(): Promise<void>;
}

const TYPES: Readonly<Record<number, 'ptr' | 'txt' | 'srv'>> = { 12: 'ptr', 16: 'txt', 33: 'srv' };
const HEADER_BYTES = 12;
const TTL = 60;
/** A response, authoritative, recursion available; the lowest bits say whether the name exists. */
const FLAGS = 0x8580;
const NO_NAME = 3;

const encodeName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.from([Buffer.byteLength(label)]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);

/** The name at `from`, and where it ends. Questions are never compressed. */
const readName = (query: Buffer, from: number): { readonly name: string; readonly end: number } => {
  const labels: string[] = [];
  let at = from;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
};

/** The records of a name; case does not count in DNS. */
const at = <T>(records: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  Object.entries(records ?? {}).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];

const number16 = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff]);

const dataOf = (zone: Zone, type: 'ptr' | 'txt' | 'srv', name: string): readonly Buffer[] => {
  if (type === 'ptr') return (at(zone.ptr, name) ?? []).map(encodeName);
  if (type === 'txt') {
    const strings = at(zone.txt, name);
    if (strings === undefined) return [];
    return [Buffer.concat(strings.map((text) => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)])))];
  }
  const service = at(zone.srv, name);
  if (service === undefined) return [];
  return [Buffer.concat([number16(service.priority ?? 0), number16(0), number16(service.port), encodeName(service.host)])];
};

const answerTo = (zone: Zone, query: Buffer, asked: string[]): Buffer => {
  const { name, end } = readName(query, HEADER_BYTES);
  const code = query.readUInt16BE(end);
  const type = TYPES[code];
  asked.push(`${type ?? code} ${name}`);
  const records = type === undefined ? [] : dataOf(zone, type, name);
  const flags = records.length === 0 ? FLAGS | NO_NAME : FLAGS;
  const counts = [1, records.length, 0, 0].map(number16);
  const header = Buffer.concat([query.subarray(0, 2), number16(flags), ...counts]);
  const answers = records.map((data) =>
    // The name is the question's own, at byte 12.
    Buffer.concat([number16(0xc00c), number16(code), number16(1), number16(0), number16(TTL), number16(data.length), data]),
  );
  return Buffer.concat([header, query.subarray(HEADER_BYTES, end + 4), ...answers]);
};

/** Starts it on a free port of this machine. */
export const startDnsServer = async (zone: Zone): Promise<DnsServer> => {
  const socket: Socket = createSocket('udp4');
  const asked: string[] = [];
  let served = zone;
  socket.on('message', (query, from) => socket.send(answerTo(served, query, asked), from.port, from.address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    serve: (next) => {
      served = next;
    },
    stop: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
};

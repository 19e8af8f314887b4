import { fail, ok, type Result } from '#base/result.ts';

/** What a broker may send at most in one packet; a limit takes a hundred bytes. */
export const PACKET_BYTES_MAX = 4096;
const LENGTH_BYTES_MAX = 4;
const SEVEN_BITS = 0x7f;
const MORE = 0x80;
const PROTOCOL_LEVEL = 4;
const CLEAN_SESSION = 0x02;
const WITH_PASSWORD = 0x40;
const WITH_USER = 0x80;
const SUBSCRIBED_MAX = 2;

/** Packets of MQTT 3.1.1 (OASIS) that a subscriber meets. */
export type BrokerPacket =
  /** `code` 0: entered; 1-5: refused. */
  | { readonly kind: 'connack'; readonly code: number }
  /** For each topic, in order: granted quality of service, or 0x80 refused. */
  | { readonly kind: 'suback'; readonly granted: readonly boolean[] }
  | {
      readonly kind: 'publish';
      readonly topic: string;
      readonly payload: Uint8Array;
      /** It is what the broker kept, of unknown age. */
      readonly retained: boolean;
      /** To be acknowledged; null: quality of service 0. */
      readonly id: number | null;
    }
  | { readonly kind: 'other' };

const TYPE = { connack: 2, publish: 3, suback: 9 } as const;

const packetOf = (header: number, body: Uint8Array): Uint8Array => {
  const length: number[] = [];
  let left = body.length;
  do {
    const more = left > SEVEN_BITS ? MORE : 0;
    length.push((left & SEVEN_BITS) | more);
    left >>= 7;
  } while (left > 0);
  return Uint8Array.from([header, ...length, ...body]);
};

const word = (value: number): readonly number[] => [value >> 8, value & 0xff];
const text = (value: string): readonly number[] => {
  const bytes = new TextEncoder().encode(value);
  return [...word(bytes.length), ...bytes];
};

export interface Entry {
  readonly clientId: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly keepAliveSeconds: number;
}

/** A session of its own each time: the broker keeps nothing for us. */
export const encodeConnect = ({ clientId, user, password, keepAliveSeconds }: Entry): Uint8Array => {
  const flags = CLEAN_SESSION | (user === null ? 0 : WITH_USER) | (password === null ? 0 : WITH_PASSWORD);
  const entry = [clientId, user, password].filter((one) => one !== null).flatMap(text);
  return packetOf(0x10, Uint8Array.from([...text('MQTT'), PROTOCOL_LEVEL, flags, ...word(keepAliveSeconds), ...entry]));
};

/** Quality of service 1: each message once at least while the connection lasts. */
export const encodeSubscribe = (topics: readonly string[], id: number): Uint8Array =>
  packetOf(0x82, Uint8Array.from([...word(id), ...topics.flatMap((topic) => [...text(topic), 1])]));

export const encodePuback = (id: number): Uint8Array => packetOf(0x40, Uint8Array.from(word(id)));
export const PINGREQ = Uint8Array.of(0xc0, 0);
export const DISCONNECT = Uint8Array.of(0xe0, 0);

const publishOf = (flags: number, body: Uint8Array): BrokerPacket | null => {
  const quality = (flags >> 1) & 0x03;
  const topicEnd = 2 + (((body[0] ?? 0) << 8) | (body[1] ?? 0));
  const payloadAt = quality === 0 ? topicEnd : topicEnd + 2;
  if (quality > 1 || body.length < Math.max(2, payloadAt)) return null;
  const id = quality === 0 ? null : ((body[topicEnd] ?? 0) << 8) | (body[topicEnd + 1] ?? 0);
  const topic = new TextDecoder().decode(body.subarray(2, topicEnd));
  return { kind: 'publish', topic, payload: body.slice(payloadAt), retained: (flags & 1) === 1, id };
};

const decode = (header: number, body: Uint8Array): BrokerPacket | null => {
  switch (header >> 4) {
    case TYPE.connack:
      return body.length === 2 ? { kind: 'connack', code: body[1] ?? 0 } : null;
    case TYPE.suback:
      return body.length < 3 ? null : { kind: 'suback', granted: [...body.subarray(2)].map((code) => code <= SUBSCRIBED_MAX) };
    case TYPE.publish:
      return publishOf(header & 0x0f, body);
    default:
      return { kind: 'other' };
  }
};

/** Cuts a stream of bytes into packets. After a fault the connection is of no use any more. */
export class PacketReader {
  #rest: Uint8Array = new Uint8Array(0);

  push(bytes: Uint8Array): Result<readonly BrokerPacket[], string> {
    let rest = Uint8Array.from([...this.#rest, ...bytes]);
    const packets: BrokerPacket[] = [];
    for (;;) {
      const head = headOf(rest);
      if (head === 'short') break;
      if (head === 'wrong') return fail(`a packet over ${PACKET_BYTES_MAX} bytes, or no MQTT`);
      if (rest.length < head.end) break;
      const packet = decode(rest[0] ?? 0, rest.subarray(head.begin, head.end));
      if (packet === null) return fail('a packet that is no MQTT 3.1.1');
      packets.push(packet);
      rest = rest.slice(head.end);
    }
    this.#rest = rest;
    return ok(packets);
  }
}

/** Where the body of the first packet begins and ends. */
const headOf = (bytes: Uint8Array): 'short' | 'wrong' | { readonly begin: number; readonly end: number } => {
  let length = 0;
  for (let index = 1; index <= LENGTH_BYTES_MAX; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return 'short';
    length += (byte & SEVEN_BITS) << (7 * (index - 1));
    if ((byte & MORE) === 0) return length > PACKET_BYTES_MAX ? 'wrong' : { begin: index + 1, end: index + 1 + length };
  }
  return 'wrong';
};

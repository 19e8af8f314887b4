import { crc16 } from './crc.ts';

/** Transaction, protocol and length in front of unit and PDU (MODBUS Messaging on TCP/IP 1.0b, 3.1.3). */
const HEADER_BYTES = 6;
const CRC_BYTES = 2;
/** Unit and function at least, unit and the longest PDU at most. */
const LEAST_LENGTH = 2;
const MOST_LENGTH = 254;
const TRANSACTIONS = 0x10000;

/**
 * Turns the frames of a serial line into those of Modbus TCP and back, so that the line engine serves both. A reply belongs to the
 * newest request or is dropped: a late one cannot pass for the answer to another. No I/O; arbitrary bytes are welcome.
 */
export class MbapTranslator {
  #transaction = 0;
  #gathered: Uint8Array = new Uint8Array(0);

  /** A frame with CRC becomes one with a header of its own. */
  request(frame: Uint8Array): Uint8Array {
    this.#transaction = (this.#transaction + 1) % TRANSACTIONS;
    const body = frame.subarray(0, Math.max(0, frame.length - CRC_BYTES));
    const sent = new Uint8Array(HEADER_BYTES + body.length);
    const view = new DataView(sent.buffer);
    view.setUint16(0, this.#transaction);
    view.setUint16(4, body.length);
    sent.set(body, HEADER_BYTES);
    return sent;
  }

  /** Forgets what came in part: another connection. */
  reset(): void {
    this.#gathered = new Uint8Array(0);
  }

  /** Bytes as they came. The reply to the newest request as a frame with CRC, or nothing yet; `broken`: this is no Modbus TCP, the connection is of no use. */
  receive(bytes: Uint8Array): { readonly frames: readonly Uint8Array[]; readonly broken: boolean } {
    const all = new Uint8Array(this.#gathered.length + bytes.length);
    all.set(this.#gathered);
    all.set(bytes, this.#gathered.length);
    const frames: Uint8Array[] = [];
    let from = 0;
    while (all.length - from >= HEADER_BYTES) {
      const view = new DataView(all.buffer, from);
      const length = view.getUint16(4);
      if (view.getUint16(2) !== 0 || length < LEAST_LENGTH || length > MOST_LENGTH) {
        this.reset();
        return { frames, broken: true };
      }
      const end = from + HEADER_BYTES + length;
      if (end > all.length) break;
      if (view.getUint16(0) === this.#transaction) frames.push(withCrc(all.subarray(from + HEADER_BYTES, end)));
      from = end;
    }
    this.#gathered = all.slice(from);
    return { frames, broken: false };
  }
}

const withCrc = (body: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(body.length + CRC_BYTES);
  frame.set(body);
  const crc = crc16(body, body.length);
  frame[body.length] = crc & 0xff;
  frame[body.length + 1] = crc >>> 8;
  return frame;
};

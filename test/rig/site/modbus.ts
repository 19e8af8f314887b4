/** Modbus exception codes (MODBUS Application Protocol 1.1b3, section 7). */
export const EXCEPTION = { function: 1, address: 2, value: 3, failure: 4, busy: 6 } as const;

export type Request =
  | { readonly kind: 'read'; readonly address: number; readonly count: number }
  /** `single`: function 6, else 16. */
  | { readonly kind: 'write'; readonly single: boolean; readonly address: number; readonly words: readonly number[] };

const MAX_READ = 125;
const MAX_WRITE = 123;

/** Reads a request PDU (function code and data); a number is the exception it earns. */
export const parseRequest = (pdu: Uint8Array): Request | number => {
  const word = (at: number): number => ((pdu[at] ?? 0) << 8) | (pdu[at + 1] ?? 0);
  switch (pdu[0]) {
    case 3: {
      if (pdu.length !== 5 || word(3) < 1 || word(3) > MAX_READ) return EXCEPTION.value;
      return { kind: 'read', address: word(1), count: word(3) };
    }
    case 6:
      return pdu.length === 5 ? { kind: 'write', single: true, address: word(1), words: [word(3)] } : EXCEPTION.value;
    case 16: {
      const count = word(3);
      if (count < 1 || count > MAX_WRITE || pdu[5] !== 2 * count || pdu.length !== 6 + 2 * count) return EXCEPTION.value;
      return { kind: 'write', single: false, address: word(1), words: Array.from({ length: count }, (_, i) => word(6 + 2 * i)) };
    }
    default:
      return EXCEPTION.function;
  }
};

export const exceptionReply = (functionCode: number, code: number): Uint8Array => Uint8Array.of(functionCode | 0x80, code);

export const readReply = (words: Uint16Array): Uint8Array => {
  const pdu = new Uint8Array(2 + 2 * words.length);
  pdu[0] = 3;
  pdu[1] = 2 * words.length;
  words.forEach((word, i) => {
    pdu[2 + 2 * i] = word >> 8;
    pdu[3 + 2 * i] = word & 0xff;
  });
  return pdu;
};

/** Function 6 echoes the request, function 16 its first five bytes. */
export const writeReply = (pdu: Uint8Array): Uint8Array => pdu.slice(0, 5);

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  return crc;
});

/** CRC-16/MODBUS of `length` bytes. */
export const crc16 = (bytes: Uint8Array, length: number): number => {
  let crc = 0xffff;
  for (let i = 0; i < length; i += 1) crc = (crc >> 8) ^ (CRC_TABLE[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return crc;
};

/** Unit id, PDU, CRC low byte first. */
export const frameOf = (unitId: number, pdu: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(pdu.length + 3);
  frame[0] = unitId;
  frame.set(pdu, 1);
  const crc = crc16(frame, pdu.length + 1);
  frame[pdu.length + 1] = crc & 0xff;
  frame[pdu.length + 2] = crc >> 8;
  return frame;
};

/** Whether a frame is long enough and its CRC right. */
export const isFrame = (bytes: Uint8Array): boolean => {
  const length = bytes.length;
  return (
    length >= 4 && length <= 256 && crc16(bytes, length - 2) === ((bytes[length - 2] ?? 0) | ((bytes[length - 1] ?? 0) << 8))
  );
};

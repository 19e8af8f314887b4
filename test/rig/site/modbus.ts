/** Modbus exception codes (MODBUS Application Protocol 1.1b3, section 7). */
export const EXCEPTION = { function: 1, address: 2, value: 3, failure: 4, busy: 6 } as const;

export type Request =
  | { readonly kind: 'read'; readonly address: number; readonly count: number }
  /** `single`: function 6, else 16. */
  | { readonly kind: 'write'; readonly single: boolean; readonly address: number; readonly words: readonly number[] }
  /** Functions 1, 5 and 15; `bits` null: a read. */
  | { readonly kind: 'coils'; readonly address: number; readonly count: number; readonly bits: readonly boolean[] | null };

const MAX_READ = 125;
const MAX_WRITE = 123;
const MAX_COILS = 2000;
const COIL_ON = 0xff00;

/** Functions 1 (read), 5 (one coil, FF00 or 0000) and 15 (several, packed, lowest first). */
const parseCoils = (pdu: Uint8Array, word: (at: number) => number): Request | number => {
  const address = word(1);
  const value = word(3);
  if (pdu[0] === 5) {
    if (pdu.length !== 5 || (value !== 0 && value !== COIL_ON)) return EXCEPTION.value;
    return { kind: 'coils', address, count: 1, bits: [value === COIL_ON] };
  }
  if (value < 1 || value > MAX_COILS) return EXCEPTION.value;
  if (pdu[0] === 1) return pdu.length === 5 ? { kind: 'coils', address, count: value, bits: null } : EXCEPTION.value;
  const bytes = Math.ceil(value / 8);
  if (pdu[5] !== bytes || pdu.length !== 6 + bytes) return EXCEPTION.value;
  const bits = Array.from({ length: value }, (_, i) => ((pdu[6 + (i >> 3)] ?? 0) & (1 << (i & 7))) !== 0);
  return { kind: 'coils', address, count: value, bits };
};

/** Reads a request PDU (function code and data); a number is the exception it earns. */
export const parseRequest = (pdu: Uint8Array): Request | number => {
  const word = (at: number): number => ((pdu[at] ?? 0) << 8) | (pdu[at + 1] ?? 0);
  switch (pdu[0]) {
    case 1:
    case 5:
    case 15:
      return parseCoils(pdu, word);
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

/** Function 1: bits packed, lowest first. */
export const coilsReply = (bits: readonly boolean[]): Uint8Array => {
  const bytes = Math.ceil(bits.length / 8);
  const pdu = new Uint8Array(2 + bytes);
  pdu[0] = 1;
  pdu[1] = bytes;
  bits.forEach((bit, i) => {
    if (bit) pdu[2 + (i >> 3)] = (pdu[2 + (i >> 3)] ?? 0) | (1 << (i & 7));
  });
  return pdu;
};

/** Functions 5 and 6 echo the request, 15 and 16 its first five bytes. */
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

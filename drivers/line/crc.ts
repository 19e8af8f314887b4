/** CRC-16/MODBUS: reflected polynomial 0xA001, start 0xFFFF. */
const tableEntry = (index: number): number => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ 0xa001 : value >>> 1;
  return value;
};

const TABLE: Readonly<Uint16Array> = Uint16Array.from({ length: 256 }, (_, index) => tableEntry(index));

/** CRC of the first `length` bytes. */
export const crc16 = (bytes: Uint8Array, length: number): number => {
  let crc = 0xffff;
  for (let i = 0; i < length; i += 1) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return crc;
};

/** True when the last two of the first `length` bytes are the CRC (low byte first) of those before them. */
export const crcHolds = (bytes: Uint8Array, length: number): boolean => {
  if (length < 3) return false;
  const crc = crc16(bytes, length - 2);
  return bytes[length - 2] === (crc & 0xff) && bytes[length - 1] === crc >>> 8;
};

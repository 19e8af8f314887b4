import { crcHolds } from './crc.ts';
import type { Garble, Request } from './transaction.ts';
import { EXCEPTION_BYTES, replyBytes } from './wire-time.ts';

const READ_HOLDING_REGISTERS = 3;
const READ_INPUT_REGISTERS = 4;
const WRITE_SINGLE_REGISTER = 6;
const WRITE_MULTIPLE_REGISTERS = 16;
export const EXCEPTION_FLAG = 0x80;

export const functionCode = (request: Request): number => {
  if (request.kind === 'read') return request.table === 'input' ? READ_INPUT_REGISTERS : READ_HOLDING_REGISTERS;
  return request.single === true ? WRITE_SINGLE_REGISTER : WRITE_MULTIPLE_REGISTERS;
};

/** `partial`: nothing wrong so far, bytes missing. `whole`: as many bytes as the reply has; its CRC is not looked at yet. */
export type Progress = 'partial' | 'whole' | Garble;

/** Function 16 echoes address and count, function 6 address and value. */
const writeEchoDiffers = (request: Request, bytes: Uint8Array): boolean =>
  request.kind === 'write' &&
  (((bytes[2] ?? 0) << 8) + (bytes[3] ?? 0) !== request.address ||
    ((bytes[4] ?? 0) << 8) + (bytes[5] ?? 0) !== (request.single === true ? request.words[0] : request.words.length));

/** Judges the first `length` bytes of what should become the reply to `request`, by its header and length alone. */
export const progress = (request: Request, bytes: Uint8Array, length: number): Progress => {
  if (length === 0) return 'partial';
  if (bytes[0] !== request.unitId) return 'foreign-unit';
  if (length === 1) return 'partial';
  const code = functionCode(request);
  const isException = bytes[1] === (code | EXCEPTION_FLAG);
  if (bytes[1] !== code && !isException) return 'foreign-function';
  if (request.kind === 'read' && !isException && length > 2 && bytes[2] !== 2 * request.count) return 'length';
  const whole = isException ? EXCEPTION_BYTES : replyBytes(request);
  if (length < whole) return 'partial';
  return length > whole ? 'length' : 'whole';
};

/** Judges a complete frame: header, length, CRC and, for a write, the echoed address and count. Null when it is the reply. */
export const garble = (request: Request, bytes: Uint8Array, length: number): Garble | null => {
  const state = progress(request, bytes, length);
  if (state === 'partial') return 'length';
  if (state !== 'whole') return state;
  if (!crcHolds(bytes, length)) return 'crc';
  return length !== EXCEPTION_BYTES && writeEchoDiffers(request, bytes) ? 'echo' : null;
};

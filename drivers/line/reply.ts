import { crcHolds } from './crc.ts';
import type { Garble, Request } from './transaction.ts';
import { dataBytes, EXCEPTION_BYTES, replyBytes } from './wire-time.ts';

const READ_COILS = 1;
const READ_HOLDING_REGISTERS = 3;
const READ_INPUT_REGISTERS = 4;
const WRITE_SINGLE_COIL = 5;
const WRITE_SINGLE_REGISTER = 6;
const WRITE_MULTIPLE_COILS = 15;
const WRITE_MULTIPLE_REGISTERS = 16;
export const EXCEPTION_FLAG = 0x80;

export const functionCode = (request: Request): number => {
  if (request.kind === 'read') {
    if (request.table === 'coils') return READ_COILS;
    return request.table === 'input' ? READ_INPUT_REGISTERS : READ_HOLDING_REGISTERS;
  }
  if (request.table === 'coils') return request.single === true ? WRITE_SINGLE_COIL : WRITE_MULTIPLE_COILS;
  return request.single === true ? WRITE_SINGLE_REGISTER : WRITE_MULTIPLE_REGISTERS;
};

/** `partial`: nothing wrong so far, bytes missing. `whole`: as many bytes as the reply has; its CRC is not looked at yet. */
export type Progress = 'partial' | 'whole' | Garble;

/** What function 5 writes for on. */
const COIL_ON = 0xff00;

const echoedValue = (request: Request & { readonly kind: 'write' }): number => {
  if (request.single !== true) return request.words.length;
  const value = request.words[0] ?? 0;
  return request.table === 'coils' && value !== 0 ? COIL_ON : value;
};

/** Functions 15 and 16 echo address and count, 5 and 6 address and value. */
const writeEchoDiffers = (request: Request, bytes: Uint8Array): boolean =>
  request.kind === 'write' &&
  (((bytes[2] ?? 0) << 8) + (bytes[3] ?? 0) !== request.address ||
    ((bytes[4] ?? 0) << 8) + (bytes[5] ?? 0) !== echoedValue(request));

/** Judges the first `length` bytes of what should become the reply to `request`, by its header and length alone. */
export const progress = (request: Request, bytes: Uint8Array, length: number): Progress => {
  if (length === 0) return 'partial';
  if (bytes[0] !== request.unitId) return 'foreign-unit';
  if (length === 1) return 'partial';
  const code = functionCode(request);
  const isException = bytes[1] === (code | EXCEPTION_FLAG);
  if (bytes[1] !== code && !isException) return 'foreign-function';
  if (request.kind === 'read' && !isException && length > 2 && bytes[2] !== dataBytes(request.table, request.count))
    return 'length';
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

import type { Request } from './transaction.ts';
import type { SerialSettings } from './port.ts';

/** Lengths of Modbus RTU frames in bytes, unit and CRC included (MODBUS over serial line 1.02). */
export const EXCEPTION_BYTES = 5;
export const WRITE_REPLY_BYTES = 8;
export const LONGEST_FRAME_BYTES = 256;

/** Above this speed the silence between frames no longer shrinks (MODBUS over serial line 1.02, 2.5.1.1). */
const FIXED_SILENCE_ABOVE_BAUD = 19_200;
const FIXED_SILENCE_MS = 1.75;
const SILENCE_CHARACTERS = 3.5;

/** Bits of one character on the wire: start, 8 data, parity when used, stop. */
export const bitsPerCharacter = (serial: SerialSettings): number => 1 + 8 + (serial.parity === 'none' ? 0 : 1) + serial.stopBits;

/** Milliseconds one character takes. */
export const characterTime = (serial: SerialSettings): number => (bitsPerCharacter(serial) * 1000) / serial.baudRate;

/** T3.5, the silence that separates frames, milliseconds. */
export const frameSilence = (serial: SerialSettings): number =>
  serial.baudRate > FIXED_SILENCE_ABOVE_BAUD ? FIXED_SILENCE_MS : SILENCE_CHARACTERS * characterTime(serial);

/** Data bytes of so many registers or coils. */
export const dataBytes = (table: Request['table'], count: number): number =>
  table === 'coils' ? Math.ceil(count / 8) : 2 * count;

/** Bytes of the request frame. */
export const requestBytes = (request: Request): number =>
  request.kind === 'read' || request.single === true ? 8 : 9 + dataBytes(request.table, request.words.length);

/** Bytes of the reply frame when the device does what was asked. */
export const replyBytes = (request: Request): number =>
  request.kind === 'read' ? 5 + dataBytes(request.table, request.count) : WRITE_REPLY_BYTES;

/** Wire time of request, reply and the two silences, without the device's turnaround; milliseconds. */
export const transactionTime = (request: Request, serial: SerialSettings): number =>
  (requestBytes(request) + replyBytes(request)) * characterTime(serial) + 2 * frameSilence(serial);

import modbus from 'modbus-serial';
import { assert } from '#base/assert.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { garble } from './reply.ts';
import type { LineFault, Request } from './transaction.ts';

export const HIGHEST_UNIT = 247;
export const MOST_READ_REGISTERS = 125;
export const MOST_WRITTEN_REGISTERS = 123;
const ADDRESS_SPACE = 0x10000;
const HIGHEST_WORD = 0xffff;

const NO_WORDS: Uint16Array = new Uint16Array(0);

type Outcome = Result<Uint16Array, LineFault>;

/** The port object that modbus-serial writes to and hears: memory only, no I/O, no timer. */
class MemoryPort {
  readonly isOpen = true;
  #sent: Uint8Array | null = null;
  #onData: ((frame: Buffer) => void) | null = null;

  open(callback: (error: null) => void): void {
    callback(null);
  }

  on(event: string, handler: (frame: Buffer) => void): void {
    if (event === 'data') this.#onData = handler;
  }

  once(): void {
    // modbus-serial announces `close` here; this port never closes
  }

  removeListener(): void {
    // modbus-serial removes before it adds; there is nothing to remove
  }

  write(frame: Uint8Array): void {
    this.#sent = frame;
  }

  takeSent(): Uint8Array {
    const sent = this.#sent;
    assert(sent !== null, 'modbus-serial writes synchronously');
    this.#sent = null;
    return sent;
  }

  receive(frame: Buffer): void {
    assert(this.#onData !== null, 'modbus-serial listens after open');
    this.#onData(frame);
  }
}

/** Whether the standard allows the request (MODBUS application protocol 1.1b3, 6.3 and 6.12); broadcast is not used. */
export const isValidRequest = (request: Request): boolean => {
  const size = request.kind === 'read' ? request.count : request.words.length;
  const most = request.kind === 'read' ? MOST_READ_REGISTERS : request.single === true ? 1 : MOST_WRITTEN_REGISTERS;
  if (!isWithin(request.unitId, 1, HIGHEST_UNIT) || !isWithin(size, 1, most)) return false;
  if (!isWithin(request.address, 0, ADDRESS_SPACE - size)) return false;
  return request.kind === 'read' || request.words.every((word) => isWithin(word, 0, HIGHEST_WORD));
};

const isWithin = (value: number, low: number, high: number): boolean => Number.isInteger(value) && value >= low && value <= high;

/**
 * Request to bytes and reply bytes to registers, with modbus-serial as the PDU codec and nothing else of it: our memory port,
 * its timer off (its default), every call synchronous. CRC, length, unit and function are checked here before it sees a frame, because
 * it accepts the late reply of an earlier read as the answer (its `_onReceive` knows only unit, function and length).
 *
 * Importing the package also loads serialport: index.js requires every port of its own, inside a try. No narrower path holds the
 * client class. Only this file and serial-port.ts import either.
 */
export class Codec {
  readonly #port = new MemoryPort();
  readonly #client = new modbus.default(this.#port);
  #isOpen = false;
  #request: Request | null = null;
  #outcome: Outcome | null = null;

  /** The frame of `request`. It becomes the one that `decode` expects an answer to. */
  encode(request: Request): Uint8Array {
    assert(isValidRequest(request), 'unit 1-247, 1-125 registers read or 1-123 written, within 0-65535');
    if (!this.#isOpen) {
      this.#client.open();
      this.#isOpen = true;
    }
    this.#request = request;
    if (request.kind === 'read') {
      const { unitId, address, count } = request;
      if (request.table === 'coils') this.#client.writeFC1(unitId, address, count, this.#onCoils);
      else if (request.table === 'input') this.#client.writeFC4(unitId, address, count, this.#onRead);
      else this.#client.writeFC3(unitId, address, count, this.#onRead);
    } else if (request.table === 'coils') {
      const { unitId, address, words } = request;
      const states = words.map((word) => word !== 0);
      if (request.single === true) this.#client.writeFC5(unitId, address, states[0] ?? false, this.#onWritten);
      else this.#client.writeFC15(unitId, address, states, this.#onWritten);
    } else if (request.single === true)
      this.#client.writeFC6(request.unitId, request.address, request.words[0] ?? 0, this.#onWritten);
    else this.#client.writeFC16(request.unitId, request.address, [...request.words], this.#onWritten);
    return this.#port.takeSent();
  }

  /** Registers of the reply to the request encoded last (none for a write), or what is wrong with it. Arbitrary bytes are welcome. */
  decode(frame: Uint8Array): Outcome {
    const request = this.#request;
    if (request === null) return fail({ kind: 'dropped' });
    const why = garble(request, frame, frame.length);
    if (why !== null) return fail({ kind: 'garbled', unitId: request.unitId, why });
    this.#outcome = null;
    this.#port.receive(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength));
    const outcome = this.#outcome as Outcome | null;
    return outcome ?? fail({ kind: 'garbled', unitId: request.unitId, why: 'length' });
  }

  readonly #onRead = (error: unknown, result: { readonly data: readonly number[] }): void => {
    this.#outcome = isFault(error) ? this.#refusal(error) : ok(new Uint16Array(result.data));
  };

  readonly #onCoils = (error: unknown, result: { readonly data: readonly boolean[] }): void => {
    const count = this.#request?.kind === 'read' ? this.#request.count : 0;
    this.#outcome = isFault(error)
      ? this.#refusal(error)
      : ok(new Uint16Array(result.data.slice(0, count).map((state) => (state ? 1 : 0))));
  };

  readonly #onWritten = (error: unknown): void => {
    this.#outcome = isFault(error) ? this.#refusal(error) : ok(NO_WORDS);
  };

  #refusal(error: object): Outcome {
    const unitId = this.#request?.unitId ?? 0;
    if ('modbusCode' in error && typeof error.modbusCode === 'number')
      return fail({ kind: 'refused', unitId, exceptionCode: error.modbusCode });
    return fail({ kind: 'garbled', unitId, why: 'length' });
  }
}

const isFault = (error: unknown): error is object => typeof error === 'object' && error !== null;

import type { Mutant } from './mutant.ts';

const ENGINE = ['test/unit/line/engine-faults.test.ts', 'test/unit/line/engine.test.ts'];
const SESSION = ['test/unit/drivers/inverter-session.test.ts'];
const CONNECTION = ['test/unit/drivers/inverter-connection.test.ts'];

/** Breaks on the line: engine, sessions, codec. */
export const FIELD_MUTANTS: readonly Mutant[] = [
  {
    name: 'a meter whose registers stopped moving is polled on in phase',
    file: 'drivers/meter/refresh.ts',
    search: 'at > this.#expected(this.#last).hi + 2 * POLL_ERROR_MS) this.forget();',
    replace: 'at > this.#expected(this.#last).hi + 1e9) this.forget();',
    tests: ['test/unit/drivers/refresh.test.ts'],
  },
  {
    name: 'a meter is read when its refresh may just begin',
    file: 'drivers/meter/refresh.ts',
    search: 'hi - from <= CLOSE_MS ? hi + POLL_ERROR_MS : (from + hi) / 2;',
    replace: 'from;',
    tests: ['test/unit/drivers/refresh.test.ts'],
  },
  {
    name: 'the rest of a frame is waited for longer than the wire needs',
    file: 'drivers/line/flight.ts',
    search: 'return Math.max(0, (isReply ? replyBytes(this.request) : EXCEPTION_BYTES) - this.#length);',
    replace: 'return Math.max(0, (isReply || this.#length < 2 ? replyBytes(this.request) : EXCEPTION_BYTES) - this.#length);',
    tests: ENGINE,
  },
  {
    name: 'a written cap is believed without reading it back',
    file: 'drivers/inverter/limit-writer.ts',
    search: "this.#later(this.#options.control.readBackDelayMs, () => this.#readBack('write'));",
    replace: "if (this.#written !== null) this.#stands(this.#written, 'write');",
    tests: SESSION,
  },
  {
    name: 'a read-back that differs is taken for a success',
    file: 'drivers/inverter/limit-writer.ts',
    search: 'if (reading.stands) this.#stands(written, reason);',
    replace: 'if (reading.raw >= 0) this.#stands(written, reason);',
    tests: SESSION,
  },
  {
    name: 'a reversion timer is never refreshed: the inverter opens',
    file: 'drivers/inverter/limit-writer.ts',
    search: 'refresh !== null && refresh <= check',
    replace: 'refresh !== null && refresh < 0',
    tests: SESSION,
  },
  {
    name: 'a limit is rounded up',
    file: 'drivers/sunspec/codec.ts',
    search: 'return worth(nearest) <= value ? nearest : Math.floor(steps) * step;',
    replace: 'return worth(nearest) <= value ? nearest : Math.ceil(steps) * step;',
    tests: SESSION,
  },
  {
    name: 'a device with another serial number is written',
    file: 'drivers/sunspec/contact.ts',
    search: 'if (wanted !== null && serialNumber !== wanted) {',
    replace: 'if (wanted !== null && serialNumber === null) {',
    tests: SESSION,
  },
  {
    name: 'a known device is written without looking at its control header',
    file: 'drivers/sunspec/contact.ts',
    search: 'if (result.ok && limitScaleOf(control, result.value.words, place) === record.limitScale) {',
    replace: 'if (result.ok) {',
    tests: SESSION,
  },
  {
    name: 'no quarantine after an error on the line',
    file: 'drivers/line/engine.ts',
    search: 'this.#quietUntil = (now + span) as MonoMs;',
    replace: 'this.#quietUntil = now;',
    tests: ENGINE,
  },
  {
    name: 'the CRC is ignored',
    file: 'drivers/line/reply.ts',
    search: "if (!crcHolds(bytes, length)) return 'crc';",
    replace: '',
    tests: ENGINE,
  },
  {
    name: 'the reply of a foreign unit is accepted',
    file: 'drivers/line/reply.ts',
    search: "if (bytes[0] !== request.unitId) return 'foreign-unit';",
    replace: '',
    tests: ENGINE,
  },
  {
    name: 'what a unit still owes after a time-out is forgotten',
    file: 'drivers/line/engine.ts',
    search: "unit.owes(flight.request, at);\n    if (fault.kind === 'timeout') flight.expectLate();",
    replace: "if (fault.kind === 'timeout') flight.expectLate();",
    tests: [...ENGINE, 'test/property/line/engine.test.ts'],
  },
  {
    name: 'an opened connection is believed without reading it back',
    file: 'drivers/inverter/connection-writer.ts',
    search: 'if (!connectionStands(connection, result.value.words, wanted)) {',
    replace: 'if (result.value.words.length === 0) {',
    tests: CONNECTION,
  },
  {
    name: 'caps for a whole fleet keep the meter off the line',
    file: 'drivers/line/queue.ts',
    search: 'if (this.#cutsInARow >= CUTS_IN_A_ROW)',
    replace: 'if (this.#cutsInARow >= Infinity)',
    tests: ['test/unit/line/queue.test.ts'],
  },
  {
    name: 'reads of the meter fill a slow line, and no inverter is found on it',
    file: 'drivers/line/queue.ts',
    search: 'this.#metersInARow < METERS_IN_A_ROW',
    replace: 'this.#metersInARow < Infinity',
    tests: ['test/unit/line/queue.test.ts'],
  },
  {
    name: 'a meter on a line of 1200 baud is blind between two reads',
    file: 'firmware/app/controld/site-facts.ts',
    search: 'return span > METER_STALE_MS ? span : null;',
    replace: 'return span > Infinity ? span : null;',
    tests: ['test/sim/line-settings.test.ts'],
  },
  {
    name: 'a serial line is opened without its parity',
    file: 'drivers/line/serial-port.ts',
    search: 'baudRate, parity, stopBits, dataBits: 8',
    replace: "baudRate, parity: 'none', stopBits, dataBits: 8",
    tests: ['test/protocol/line/serial-settings.test.ts'],
  },
];

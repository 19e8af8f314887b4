import modbus from 'modbus-serial';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Result } from '#base/result.ts';
import { LineEngine } from '#drivers/line/engine.ts';
import { SerialLinePort } from '#drivers/line/serial-port.ts';
import { PRIORITY, type LineFault, type Reply, type Request } from '#drivers/line/transaction.ts';
import { openPtyPair, type PtyPair } from './pty-pair.ts';
import { realClock, waitUntil } from './real-clock.ts';
import { Slave } from './slave.ts';

const SERIAL = { baudRate: 115_200, parity: 'none', stopBits: 1 } as const;
const LATE_BY_MS = 50;
const ATTEMPTS = 5;

let ptys: PtyPair;
let slave: Slave;
let engine: LineEngine;

beforeEach(async () => {
  ptys = await openPtyPair();
  slave = new Slave();
  await slave.open(ptys.right);
  const settings = { ...SERIAL, name: 'a', localEcho: false, paced: true };
  engine = new LineEngine(settings, realClock, new SerialLinePort(ptys.left, SERIAL, realClock));
});

afterEach(async () => {
  engine.stop();
  await slave.close();
  await ptys.remove();
});

const started = async (): Promise<void> => {
  engine.start();
  await waitUntil('the line is up', () => engine.status().down === null);
};

const ask = async (request: Request): Promise<Result<Reply, LineFault>> =>
  new Promise((resolve) => engine.submit(request, PRIORITY.meter, resolve));

/** Asks until there is an answer: a busy test machine may be slower than the turnaround that the engine learned. */
const askUntilAnswered = async (request: Request): Promise<Result<Reply, LineFault>> => {
  for (let attempt = 1; ; attempt += 1) {
    const result = await ask(request);
    if (result.ok || result.fault.kind !== 'timeout' || attempt === ATTEMPTS) return result;
  }
};

const read = (address: number, count: number): Request => ({ kind: 'read', unitId: 1, address, count });

const wordsFrom = (address: number, count: number): number[] => Array.from({ length: count }, (_, i) => address + i);

describe("against modbus-serial's server over a pty", () => {
  test('reads, writes and refusals', async () => {
    await started();
    const first = await askUntilAnswered(read(40_000, 125));
    expect(first.ok && [...first.value.words]).toEqual(wordsFrom(40_000, 125));
    const written = await askUntilAnswered({ kind: 'write', unitId: 1, address: 300, words: [7, 65_535, 0] });
    expect(written.ok).toBe(true);
    expect([...slave.written]).toEqual([
      [300, 7],
      [301, 65_535],
      [302, 0],
    ]);
    const back = await askUntilAnswered(read(299, 5));
    expect(back.ok && [...back.value.words]).toEqual([299, 7, 65_535, 0, 303]);
    expect(await askUntilAnswered(read(60_000, 2))).toEqual({
      ok: false,
      fault: { kind: 'refused', unitId: 1, exceptionCode: 2 },
    });
    expect(engine.status().counters).toMatchObject({ replies: 3, refused: 1, crc: 0, length: 0, early: 0 });
  });

  test('an unplugged port is reopened when it is back', async () => {
    await started();
    expect((await askUntilAnswered(read(10, 2))).ok).toBe(true);
    await slave.close();
    await ptys.unplug();
    await waitUntil('the line is down', () => engine.status().down !== null);
    const gone = await ask(read(10, 2));
    expect(gone.ok ? 'ok' : gone.fault.kind).toBe('down');
    await ptys.plug();
    await slave.open(ptys.right);
    await waitUntil('the line is up again', () => engine.status().down === null);
    const back = await askUntilAnswered(read(10, 2));
    expect(back.ok && [...back.value.words]).toEqual([10, 11]);
  });

  test('a second opener is kept out', async () => {
    await started();
    let why = '';
    const second = new SerialLinePort(ptys.left, SERIAL, realClock);
    second.open({
      onUp: () => {
        why = 'opened';
      },
      onBytes: () => 0,
      onDown: (reason) => {
        why = reason;
      },
    });
    await waitUntil('the second opener has an answer', () => why !== '');
    second.close();
    expect(why).toMatch(/lock/i);
  });
});

/** A reply 50 ms after its time-out, then back-to-back reads of the same length at other addresses. */
describe('the late-reply fault', () => {
  const addresses = [200, 300, 400, 500];

  /** What bare modbus-serial reads back to back after one late reply; null where its server lost a request meanwhile (no fault of the client). */
  const bareReads = async (): Promise<readonly number[] | null> => {
    const client = new modbus.default();
    await client.connectRTUBuffered(ptys.left, { baudRate: SERIAL.baudRate });
    client.setID(1);
    client.setTimeout(200);
    slave.hold();
    await expect(client.readHoldingRegisters(100, 10)).rejects.toMatchObject({ errno: 'ETIMEDOUT' });
    client.setTimeout(1000);
    setTimeout(() => slave.release(), LATE_BY_MS);
    const got: number[] = [];
    try {
      for (const address of addresses) got.push((await client.readHoldingRegisters(address, 10)).data[0] ?? -1);
      return got;
    } catch (error) {
      expect(error).toMatchObject({ errno: 'ETIMEDOUT' });
      return null;
    } finally {
      await new Promise<void>((resolve) => client.close(() => resolve()));
    }
  };

  test('bare modbus-serial answers each read with the registers of the one before', async () => {
    let got: readonly number[] | null = null;
    for (let tries = 0; got === null && tries < 10; tries += 1) got = await bareReads();
    expect(got).toEqual([100, 200, 300, 400]);
  });

  test('the line engine never delivers a wrong register', async () => {
    await started();
    slave.hold();
    const late = await ask(read(100, 10));
    expect(late).toEqual({ ok: false, fault: { kind: 'timeout', unitId: 1 } });
    setTimeout(() => slave.release(), LATE_BY_MS);
    const results = await Promise.all(addresses.map(async (address) => ask(read(address, 10))));
    const words = results.map((result) => (result.ok ? [...result.value.words] : result.fault.kind));
    expect(words).toEqual(addresses.map((address) => wordsFrom(address, 10)));
    expect(engine.status().counters).toMatchObject({ timeouts: 1, late: 1 });
  });
});

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import { InverterSession } from '#drivers/inverter/session.ts';
import { LineEngine } from '#drivers/line/engine.ts';
import { TcpLinePort } from '#drivers/line/tcp-port.ts';
import { MapMeterSession } from '#drivers/meter/map-session.ts';
import { inverterProfileNamed, meterProfileNamed } from '#drivers/profile/catalogue.ts';
import { tcpDial } from '#drivers/line/tcp-dial.ts';
import { toDeviceId } from '#site/device.ts';
import type { MeterSample } from '#site/sample.ts';
import { CardInverter, INVERTER_CARDS } from '../../rig/site/inverter-card.ts';
import { CardMeter, METER_CARDS } from '../../rig/site/meter-card.ts';
import { startTcpGateway, type TcpGateway } from '../../rig/site/tcp-gateway.ts';
import { realClock, waitUntil } from './real-clock.ts';

const SHOWN = { W: 500, WL1: 200, WL2: 200, WL3: 100, var: 0, VL1: 230, VL2: 230, VL3: 230, Hz: 50, kWhIn: 1, kWhOut: 2 };
const device = toDeviceId('pv');
const onNote = (): void => undefined;
const shared = { clock: realClock, known: null, expectedSerial: null, onRecord: onNote, onStanding: onNote, onNote };

let gateway: TcpGateway;
let inverter: CardInverter;
let engine: LineEngine;
let session: InverterSession;
let meter: MapMeterSession;
const samples: MeterSample[] = [];

beforeEach(async () => {
  inverter = new CardInverter(INVERTER_CARDS.find(({ product }) => product === 'plain 704')!);
  const card = new CardMeter(METER_CARDS.find(({ product }) => product === 'Carlo Gavazzi EM340')!, 200);
  card.show(SHOWN);
  gateway = await startTcpGateway([inverter, card], () => realClock.now());
  const settings = { name: 'tcp', baudRate: 115_200, parity: 'none', stopBits: 1, localEcho: false, paced: false } as const;
  engine = new LineEngine(settings, realClock, new TcpLinePort(tcpDial('127.0.0.1', gateway.port), realClock));
  const profile = inverterProfileNamed('sunspec-704')!;
  session = new InverterSession({
    ...shared,
    device,
    unitId: 1,
    line: engine,
    profile,
    onSample: onNote,
    onConnection: onNote,
    onOutcome: onNote,
    found: null,
    keepFound: (_, done) => done(true),
    foundCurves: [],
    keepCurve: (_, _found, done) => done(true),
  });
  const meterProfile = meterProfileNamed('carlo-gavazzi-em340')!;
  samples.length = 0;
  meter = new MapMeterSession({
    ...shared,
    device: toDeviceId('meter'),
    unitId: 200,
    line: engine,
    profile: meterProfile,
    map: meterProfile.map!,
    fitting: { sign: 1, plausiblePower: watts(30_000) },
    onSample: (sample) => samples.push(sample),
  });
  engine.start();
  session.start();
  meter.start();
});

afterEach(async () => {
  session.stop();
  meter.stop();
  engine.stop();
  await gateway.stop();
});

const cap = (value: number): void =>
  session.want({ device, command: { kind: 'cap', cap: watts(value) }, onSilence: { kind: 'holds' } }, 'cut');

test('two units behind one address: one is limited, the other measures', async () => {
  cap(3000);
  await waitUntil('the limit is held', () => session.heldCap() === 3000);
  expect(inverter.outputAt(realClock.now())).toBe(3000);
  await waitUntil('the meter is read', () => samples.length > 2);
  expect(samples.at(-1)?.netImport).toBeCloseTo(500, 3);
});

test('a connection that is dropped is made anew, and the limit moves again', async () => {
  cap(3000);
  await waitUntil('the limit is held', () => session.heldCap() === 3000);
  gateway.hangUp();
  cap(2000);
  await waitUntil('the new limit is held', () => session.heldCap() === 2000);
  expect(gateway.connections()).toBeGreaterThan(1);
  expect(inverter.outputAt(realClock.now())).toBe(2000);
});

test('mbpoll reads the rig as we do', async () => {
  engine.stop();
  const args = [
    '-m',
    'tcp',
    '-p',
    String(gateway.port),
    '-a',
    '1',
    '-0',
    '-r',
    '40000',
    '-c',
    '4',
    '-t',
    '4:hex',
    '-1',
    '-q',
    '127.0.0.1',
  ];
  const { stdout } = await promisify(execFile)('mbpoll', args);
  expect([...stdout.matchAll(/0x([0-9A-F]{4})/gi)].map(([, hex]) => hex?.toUpperCase())).toEqual([
    '5375',
    '6E53',
    '0001',
    '0042',
  ]);
});

/** What drivers/profile/README.md says of a new product, done by a stranger: invented devices, files in a temporary folder, no code. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Note } from '#base/ports.ts';
import { watts } from '#base/units.ts';
import { MapInverterSession } from '#drivers/inverter/map-session.ts';
import { LoadSession } from '#drivers/load/session.ts';
import { MapMeterSession } from '#drivers/meter/map-session.ts';
import { decodeProfile, onSilenceOf, type Profile } from '#drivers/profile/profile.ts';
import { toDeviceId } from '#site/device.ts';
import type { InverterSample, MeterSample } from '#site/sample.ts';
import { CardMeter } from '../../rig/site/meter-card.ts';
import { RegisterInverter, type RegisterInverterCard } from '../../rig/site/register-inverter.ts';
import { RELAY_DEFAULTS, SwitchedLoad } from '../../rig/site/switched-load.ts';
import { lineWith } from './rig-line.ts';
import { VirtualClock } from './virtual-clock.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SHIPPED = join(ROOT, 'drivers/profile');
const folder = mkdtempSync(join(tmpdir(), 'profile-'));
const device = toDeviceId('any');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Json = Record<string, unknown>;
const read = (path: string): Json => JSON.parse(readFileSync(path, 'utf8')) as Json;

/** Steps 2 to 6: the nearest file under another name, with what the maker's list and the bench say. */
const added = (name: string, nearest: string, change: (json: Json) => Json): Profile => {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify({ ...change(read(join(SHIPPED, `${nearest}.json`))), name }));
  const decoded = decodeProfile(read(path));
  expect(decoded).toMatchObject({ ok: true, value: { name } });
  return (decoded as { readonly value: Profile }).value;
};

const nothing = (): undefined => undefined;

/** What every session is given beside its line; `notes` is what they tell. */
const told = () => {
  const notes: Note[] = [];
  const shared = { device, known: null, expectedSerial: null, onOutcome: nothing, onRecord: nothing, onStanding: nothing };
  return { notes, shared: { ...shared, onNote: (note: Note) => notes.push(note) } };
};

/** Of its invented manual: watts in hundreds of milliwatts at 301, a limit in watts at 900, what it falls to at 902 after 901 seconds. */
const register = (at: number, coding: 'u16' | 's32', steps = 1) =>
  ({ table: 'holding', at, coding, steps, first: 'high' }) as const;
const MANUAL: RegisterInverterCard = {
  product: 'Example Sun',
  unitId: 7,
  spans: [
    ['holding', 40, 60],
    ['holding', 300, 320],
    ['holding', 900, 902],
  ],
  serial: ['holding', 40],
  fixed: [
    [register(50, 'u16', 0.1), 10_000],
    [register(300, 'u16'), 4242],
    [register(303, 'u16'), 2],
    [register(304, 'u16', 10), 230],
    [register(305, 'u16', 10), 231],
    [register(306, 'u16', 10), 232],
    [register(307, 'u16', 100), 50],
    [register(900, 'u16'), 10_000],
    [register(902, 'u16'), 10_000],
  ],
  watts: register(301, 's32', 10),
  writes: [6],
  takes: [900, 901, 902],
  limit: (get, quiet) => {
    const seconds = get(register(901, 'u16'));
    return get(register(seconds > 0 && quiet > seconds ? 902 : 900, 'u16'));
  },
  refreshedBy: 900,
};

const sunMap = {
  ...{ function: 3, wordOrder: 'high-first', slow: [], expects: [{ at: 300, values: [4242] }] },
  fast: { address: 300, count: 8 },
  serial: { function: 3, address: 40, count: 6, type: 'string' },
  rating: { function: 3, at: 50, type: 'uint16', factor: 10, wordOrder: 'high-first' },
  points: {
    W: { at: 301, type: 'int32', factor: 0.1 },
    PhVphA: { at: 304, type: 'uint16', factor: 0.1 },
    PhVphB: { at: 305, type: 'uint16', factor: 0.1 },
    PhVphC: { at: 306, type: 'uint16', factor: 0.1 },
    Hz: { at: 307, type: 'uint16', factor: 0.01 },
  },
  state: { at: 303, values: [{ value: 2, state: 'producing' }] },
};
const sunWrites = [
  { at: 901, type: 'uint16', value: 'timeout', when: 'different' },
  { at: 902, type: 'uint16', value: 'fallback', when: 'different' },
  { at: 900, type: 'uint16', value: 'limit', when: 'always' },
];

describe('a product that no release knows, in seven steps', () => {
  it('an inverter of registers of its own is found, limited, measured and held, and falls to nothing in silence', () => {
    const profile = added('example-sun', 'sungrow-sg', (json) => ({
      ...json,
      map: sunMap,
      control: {
        ...(json['control'] as Json),
        ...{ writes: sunWrites, wordOrder: 'high-first', function: 6, unit: 'watts', stepsPerUnit: 1, zeroMeans: 'zero' },
        readBack: { address: 900, count: 3 },
      },
      onSilence: { kind: 'reverts-to', percent: 0, afterSeconds: 60 },
    }));
    if (profile.kind !== 'map-inverter') throw new Error('of another kind than the file it was copied from');
    const clock = new VirtualClock();
    const inverter = new RegisterInverter(MANUAL);
    const { notes, shared } = told();
    const samples: InverterSample[] = [];
    const session = new MapInverterSession({
      ...{ ...shared, unitId: 7, line: lineWith(clock, [inverter]), clock, profile },
      onSample: (sample) => samples.push(sample),
    });
    const onSilence = onSilenceOf(profile, watts(10_000));
    session.want({ device, command: { kind: 'cap', cap: watts(3333) }, onSilence }, 'cut');
    session.start();
    expect(clock.runUntil(() => session.heldCap() === 3333, 15_000)).toBe(true);
    clock.runFor(150_000);
    expect(inverter.outputAt(clock.now())).toBe(3333);
    expect(samples.at(-1)).toMatchObject({ generation: 3333, state: 'producing', voltage: { a: 230, b: 231, c: 232 } });
    expect(notes).toEqual([]);
    session.stop();
    clock.runFor(61_000);
    expect(inverter.outputAt(clock.now())).toBe(0);
  });

  it('a meter of a register map is read, with its sign', () => {
    const profile = added('example-meter', 'eastron-sdm120', (json) => ({
      ...json,
      map: {
        ...{ function: 3, wordOrder: 'low-first', fast: { address: 500, count: 6 }, slow: [], serial: null },
        points: { W: { at: 500, type: 'int32', factor: 0.1 }, Hz: { at: 504, type: 'uint16', factor: 0.01 } },
      },
    }));
    if (profile.kind !== 'meter' || profile.map === null) throw new Error('of another kind than the file it was copied from');
    const clock = new VirtualClock();
    const values = [
      ['W', 500, 's32', 10],
      ['Hz', 504, 'u16', 100],
    ] as const;
    const card = { product: 'Example Meter', functions: [3], first: 'low', longest: 20, spans: [[500, 520]], values } as const;
    const meter = new CardMeter({ ...card, serial: null }, 9);
    const idle = { WL1: 0, WL2: 0, WL3: 0, var: 0, VL1: 0, VL2: 0, VL3: 0, kWhIn: 0, kWhOut: 0 };
    meter.show({ ...idle, W: -1234.5, Hz: 49.98 });
    const { notes, shared } = told();
    const samples: MeterSample[] = [];
    const session = new MapMeterSession({
      ...{ ...shared, unitId: 9, line: lineWith(clock, [meter]), clock, profile, map: profile.map },
      fitting: { sign: -1, plausiblePower: watts(30_000) },
      onSample: (sample) => samples.push(sample),
    });
    session.start();
    clock.runFor(3000);
    expect(samples.at(-1)?.netImport).toBeCloseTo(1234.5, 6);
    expect(samples.at(-1)?.frequency).toBeCloseTo(49.98, 6);
    expect(notes).toEqual([]);
  });

  it('a relay at an address of its own is switched', () => {
    const profile = added('example-relay', 'relay', (json) => ({
      ...json,
      control: { ...(json['control'] as Json), address: 17, on: 0 },
    }));
    if (profile.kind !== 'load') throw new Error('of another kind than the file it was copied from');
    const clock = new VirtualClock();
    const load = new SwitchedLoad({ ...RELAY_DEFAULTS, takes: { kind: 'coil', coil: 17 } });
    // Its contact opens when energised.
    load.turn(0);
    const { shared } = told();
    const session = new LoadSession({
      ...{ ...shared, unitId: load.unitId, line: lineWith(clock, [load]), clock, profile, maxPower: watts(3000) },
      onSample: () => undefined,
    });
    session.want({ device, command: { kind: 'consume', most: watts(0) }, onSilence: { kind: 'holds' } }, 'cut');
    session.start();
    expect(clock.runUntil(() => session.heldPower() === 0, 5000)).toBe(true);
    expect(load.writes).toBe(1);
  });

  it('a field that the steps do not know is refused with its path', () => {
    const path = join(folder, 'misspelt.json');
    writeFileSync(path, JSON.stringify({ ...read(join(SHIPPED, 'sma.json')), name: 'misspelt', minimumStableOutputs: 0.1 }));
    const decoded = decodeProfile(read(path));
    expect(decoded.ok ? [] : decoded.fault.map(({ path: where }) => where)).toEqual(['minimumStableOutputs']);
  });
});

describe('the steps as they are written', () => {
  const text = readFileSync(join(SHIPPED, 'README.md'), 'utf8');
  const steps = text.slice(text.indexOf('in seven steps')).split('\n');

  it('are seven', () => {
    expect(steps.flatMap((line) => /^(\d)\. /.exec(line)?.[1] ?? [])).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  });

  it('name files that are there', () => {
    const named = [...steps.join('\n').matchAll(/`([\w./-]+\.ts)`/g)].map(([, name = '']) => name);
    const places = ['', 'drivers/profile/', 'test/rig/site/', 'test/unit/drivers/'];
    expect(named.length).toBeGreaterThan(6);
    expect(named.filter((name) => !places.some((place) => existsSync(join(ROOT, place, name))))).toEqual([]);
  });
});

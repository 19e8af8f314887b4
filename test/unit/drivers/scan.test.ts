import { describe, expect, it } from 'vitest';
import { decodeConfiguration } from '#app/config/configuration.ts';
import { proposedConfiguration } from '#app/cli/proposal.ts';
import { ScanLink } from '#app/controld/scan-link.ts';
import { propose } from '#drivers/sunspec/proposal.ts';
import { Scan, scanOrder } from '#drivers/sunspec/scan.ts';
import type { ScanAction, ScanInput } from '#drivers/sunspec/scan.ts';
import type { ScanReport } from '#link/message.ts';
import { BATTERY_DEFAULTS, BatteryCore } from '../../rig/site/battery.ts';
import { CardInverter, INVERTER_CARDS } from '../../rig/site/inverter-card.ts';
import { CardMeter, METER_CARDS } from '../../rig/site/meter-card.ts';
import { RegisterInverter, registerInverterNamed } from '../../rig/site/register-inverter.ts';
import type { LineDevice } from '../../rig/site/line.ts';
import { derInverterImage, inverterImage, meterImage } from './register-image.ts';
import type { Image } from './register-image.ts';
import { lineWith } from './rig-line.ts';
import { VirtualClock } from './virtual-clock.ts';

const STEPS_MAX = 5000;
/** Issue: a whole line at 9600 baud with 250 ms allowed for an answer. */
const WHOLE_LINE_MS = 75_000;

const run = (scan: Scan, answer: (action: ScanAction & { readonly kind: 'read' }) => ScanInput): number[] => {
  const asked: number[] = [];
  let action = scan.start();
  while (action.kind === 'read' && asked.length < STEPS_MAX) {
    asked.push(action.unitId);
    action = scan.next(answer(action));
  }
  return asked;
};

const fromImage = (image: Image, address: number, count: number): ScanInput => {
  const words = Array.from({ length: count }, (_, i) => image.get(address + i));
  return words.includes(undefined) ? { kind: 'refused' } : { kind: 'words', words: Uint16Array.from(words, (w) => w ?? 0) };
};

describe('the scan', () => {
  it('asks every legal id once when nobody answers, likely ones first', () => {
    const scan = new Scan();
    const asked = run(scan, () => ({ kind: 'no-reply' }));
    expect(asked).toHaveLength(247);
    expect(new Set(asked).size).toBe(247);
    expect(asked.slice(0, 16)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 71, 100, 126, 200, 240, 247]);
    expect(scan.progress()).toEqual({ tried: 247, total: 247, units: [] });
    expect(Math.min(...scanOrder())).toBe(1);
  });

  it('walks who answers and proposes what it is', () => {
    const images = new Map([
      [3, inverterImage('INV-3').image],
      [126, derInverterImage('DER-126').image],
      [200, meterImage('MET-200').image],
    ]);
    const scan = new Scan();
    run(scan, ({ unitId, address, count }) => {
      const image = images.get(unitId);
      return image === undefined ? { kind: unitId === 50 ? 'refused' : 'no-reply' } : fromImage(image, address, count);
    });
    expect(scan.progress().units.flatMap(propose)).toMatchObject([
      { unitId: 3, role: 'inverter', profile: 'sunspec-123', serialNumber: 'INV-3' },
      { unitId: 126, role: 'inverter', profile: 'sunspec-704', serialNumber: 'DER-126' },
      { unitId: 200, role: 'meter', profile: 'sunspec-meter', serialNumber: 'MET-200' },
      { unitId: 50, role: null, profile: null },
    ]);
  });

  it('tries an id that gave noise once more at the end, and says so', () => {
    const scan = new Scan([1, 2, 3]);
    expect(run(scan, ({ unitId }) => ({ kind: unitId === 1 ? 'garbled' : 'no-reply' }))).toEqual([1, 2, 3, 1]);
    expect(scan.progress().units).toEqual([{ unitId: 1, found: null, noise: true }]);
  });
});

describe('what the scan proposes', () => {
  const of = (models: readonly number[], manufacturer = 'Rig Works', unitId = 1) => {
    const common = { manufacturer, model: 'M', firmwareVersion: '1', serialNumber: 'S-1' };
    const places = models.map((id, index) => ({ id, address: 40_002 + 100 * index, length: 50 }));
    const found = { base: 40_000, common, models: places, complete: true, nameplate: null, limitScale: null, storage: null };
    return propose({ unitId, found, noise: false });
  };
  const rolesOf = (models: readonly number[], maker?: string) => of(models, maker).map(({ role, profile }) => [role, profile]);

  it('a hybrid is an inverter with storage behind it where its maker tells them apart', () => {
    const hybrid = [1, 103, 120, 121, 122, 123, 160, 124];
    const parts = of(hybrid, 'Fronius');
    expect(parts).toMatchObject([
      { role: 'inverter', profile: 'fronius' },
      { role: 'storage', profile: 'fronius-storage' },
    ]);
    expect(rolesOf(hybrid)).toEqual([['inverter', 'sunspec-123']]);
    expect(of(hybrid)[0]?.text).toContain('left to itself');
    const report: ScanReport = { ...{ type: 'scan', line: '/dev/a', known: true, tried: 1, total: 1, done: true }, units: parts };
    const meter = { ...{ unitId: 2, role: 'meter', profile: 'sunspec-meter' }, serialNumber: '', text: '' } as const;
    const units = [...parts, meter];
    const serial = { baudRate: 9600, parity: 'none', stopBits: 1 } as const;
    const proposed = proposedConfiguration(null, serial, { ...report, units });
    expect(proposed).toMatchObject({
      devices: [{ id: 'inverter-1' }, { id: 'storage-1', storage: { hybridOf: 'inverter-1' } }, { role: 'meter' }],
    });
    const text = JSON.stringify(proposed);
    expect(decodeConfiguration(new TextEncoder().encode(text))).toMatchObject({ ok: true });
    expect(proposedConfiguration(text, serial, { ...report, units })).toEqual(proposed);
  });

  it('an inverter that is limited in registers of its own, and the meter that an inverter shows, by their makers', () => {
    expect(of([1, 103], 'SolarEdge ')).toMatchObject([{ role: 'inverter', profile: 'solaredge' }]);
    expect(rolesOf([1, 103])).toEqual([[null, null]]);
    expect(of([1, 203], 'Fronius', 240)).toMatchObject([{ role: 'meter', profile: 'fronius-meter' }]);
    expect(of([1, 203], 'Fronius', 2)).toMatchObject([{ role: 'meter', profile: 'sunspec-meter' }]);
    expect(of([1, 203], 'Rig Works', 240)).toMatchObject([{ role: 'meter', profile: 'sunspec-meter' }]);
  });

  it.each([
    ['a battery alone', [1, 802, 804], [[null, null]], 'look for its inverter'],
    ['storage beside DER controls', [1, 701, 702, 704, 713, 714], [['storage', 'sunspec-704-storage']], 'DC side'],
    ['an inverter with a battery nobody commands', [1, 103, 120, 123, 802], [['inverter', 'sunspec-123']], 'left to itself'],
    ['an inverter of several inputs', [1, 701, 702, 704, 160], [['inverter', 'sunspec-704']], ''],
  ])('%s', (_, models, parts, remark) => {
    expect(rolesOf(models)).toEqual(parts);
    expect(of(models)[0]?.text).toContain(remark);
  });
});

const scanOf = (devices: readonly LineDevice[]) => {
  const clock = new VirtualClock();
  const line = lineWith(clock, devices);
  const reports: ScanReport[] = [];
  const scan = new ScanLink(clock, ({ line: name }) => (name === 'rig' ? line : null));
  const peer = {
    send: (message: unknown) => {
      reports.push(message as ScanReport);
      return true;
    },
  } as never;
  return { clock, line, reports, scan, peer };
};

describe('the scan of a real line', () => {
  const inverter = (product: string) => new CardInverter(INVERTER_CARDS.find((card) => card.product === product)!);

  it('takes at most 75 s for an empty line at 9600 baud, and tells how far it is', () => {
    const { clock, reports, scan, peer } = scanOf([]);
    scan.add(peer, { type: 'scan-request', line: 'rig' });
    const began = clock.now();
    expect(clock.runUntil(() => reports.at(-1)?.done === true, 2 * WHOLE_LINE_MS)).toBe(true);
    expect(clock.now() - began).toBeLessThanOrEqual(WHOLE_LINE_MS);
    expect(reports.length).toBeGreaterThan(20);
    expect(reports.at(-1)).toMatchObject({ tried: 247, total: 247, units: [] });
  });

  it('finds inverters by their ways, and a unit that shows nothing known as somebody', () => {
    const meter = new CardMeter(METER_CARDS.find(({ product }) => product === 'Eastron SDM630')!, 9);
    const devices = [inverter('plain 123'), inverter('SMA Tripower'), inverter('Kostal Plenticore'), meter];
    const { clock, reports, scan, peer } = scanOf(devices);
    scan.add(peer, { type: 'scan-request', line: 'rig' });
    expect(clock.runUntil(() => reports.at(-1)?.done === true, 2 * WHOLE_LINE_MS)).toBe(true);
    const units = [...(reports.at(-1)?.units ?? [])].sort((a, b) => a.unitId - b.unitId);
    expect(units.map(({ unitId, profile }) => [unitId, profile])).toEqual([
      [1, 'sunspec-123'],
      [9, null],
      [71, 'kostal'],
      [126, 'sma'],
    ]);
  });

  const shown = { W: 1200, WL1: 400, WL2: 400, WL3: 400, var: 0, VL1: 230, VL2: 231, VL3: 229, Hz: 50, kWhIn: 1, kWhOut: 2 };
  const cardMeter = (product: string): CardMeter => {
    const meter = new CardMeter(METER_CARDS.find((card) => card.product === product)!, 9);
    meter.show(shown);
    return meter;
  };
  const registerInverter = (product: string) => new RegisterInverter(registerInverterNamed(product));

  it.each([
    ['eastron-sdm630', 'meter', cardMeter('Eastron SDM630'), '4711', 'has the registers'],
    ['eastron-sdm120', 'meter', cardMeter('Eastron SDM120'), '4711', 'has the registers'],
    ['carlo-gavazzi-em24', 'meter', cardMeter('Carlo Gavazzi EM24'), '4711', 'carlo-gavazzi-em340 reads alike'],
    ['wattnode', 'meter', cardMeter('WattNode'), '4711', 'has the registers'],
    ['sungrow-sg', 'inverter', registerInverter('Sungrow SG10RT'), 'CARD-1', 'has the registers'],
    ['huawei-sun2000', 'inverter', registerInverter('Huawei SUN2000-10KTL'), 'CARD-1', 'never written'],
    ['goodwe-et', 'inverter', registerInverter('GoodWe GW10K-ET'), 'CARD-1', 'never written'],
  ] as const)('finds %s by its identity registers, and writes nothing', (profile, role, device, serialNumber, text) => {
    const { clock, line, reports, scan, peer } = scanOf([device]);
    scan.add(peer, { type: 'scan-request', line: 'rig' });
    const began = clock.now();
    expect(clock.runUntil(() => reports.at(-1)?.done === true, 2 * WHOLE_LINE_MS)).toBe(true);
    expect(clock.now() - began).toBeLessThanOrEqual(WHOLE_LINE_MS);
    const units = reports.at(-1)?.units ?? [];
    expect(units).toMatchObject([{ unitId: device.unitId, role, profile, serialNumber }]);
    expect(units[0]?.text).toContain(text);
    const requests = line.trace.since(0).frames.filter(({ direction }) => direction === 'request');
    expect(new Set(requests.map(({ bytes }) => bytes[1]))).toEqual(new Set([3, 4]));
  });

  it('finds storage with a window of power, and with a power to keep to', () => {
    const families = ['window', 'setpoint'] as const;
    const batteries = families.map((family, index) => new BatteryCore({ ...BATTERY_DEFAULTS, family, unitId: 2 + index }));
    const { clock, reports, scan, peer } = scanOf([inverter('plain 123'), ...batteries]);
    scan.add(peer, { type: 'scan-request', line: 'rig' });
    expect(clock.runUntil(() => reports.at(-1)?.done === true, 2 * WHOLE_LINE_MS)).toBe(true);
    expect(reports.at(-1)?.units).toMatchObject([
      { unitId: 1, role: 'inverter' },
      { unitId: 2, role: 'storage', profile: 'sunspec-124' },
      { unitId: 3, role: 'storage', profile: 'sunspec-704-storage' },
    ]);
  });

  it('gives way to control: a read of the meter never waits for more than one probe', () => {
    const { clock, line, scan, peer } = scanOf([inverter('plain 123')]);
    scan.add(peer, { type: 'scan-request', line: 'rig' });
    clock.runFor(5000);
    for (let turn = 0; turn < 20; turn += 1) {
      const asked = clock.now();
      let answered = 0;
      line.submit({ kind: 'read', unitId: 1, address: 40_000, count: 2 }, 1, (result) => {
        if (result.ok) answered = clock.now();
      });
      clock.runFor(1000);
      expect(answered).toBeGreaterThan(0);
      expect(answered - asked).toBeLessThan(600);
    }
  });

  it('ends with its last watcher, and knows which lines there are', () => {
    const { clock, line, reports, scan, peer } = scanOf([]);
    scan.add(peer, { type: 'scan-request', line: 'none' });
    expect(reports).toMatchObject([{ known: false, done: true }]);
    scan.add(peer, { type: 'scan-request', line: 'rig' });
    clock.runFor(3000);
    scan.forget(peer);
    clock.runFor(1000);
    const before = line.status().counters['requests'];
    clock.runFor(5000);
    expect(line.status().counters['requests']).toBe(before);
  });
});

import { describe, expect, it } from 'vitest';
import { ScanLink } from '#app/controld/scan-link.ts';
import { propose } from '#drivers/sunspec/proposal.ts';
import { Scan, scanOrder } from '#drivers/sunspec/scan.ts';
import type { ScanAction, ScanInput } from '#drivers/sunspec/scan.ts';
import type { ScanReport } from '#link/message.ts';
import { CardInverter, INVERTER_CARDS } from '../../rig/site/inverter-card.ts';
import { CardMeter, METER_CARDS } from '../../rig/site/meter-card.ts';
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
    expect(scan.progress().units.map(propose)).toMatchObject([
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

  it('finds inverters by their ways, and a meter without SunSpec as somebody', () => {
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

import { afterEach, expect, test } from 'vitest';
import type { Exchange } from '../../rig/utility/journal.ts';
import { wipe } from '../../rig/utility/commands.ts';
import { readingBefore, startBench, type Bench } from './bench.ts';

let bench: Bench | null = null;
afterEach(async () => {
  await bench?.close();
  bench = null;
});

/** What a client tells once, and again when the server lost it. */
const TOLD = ['ConnectionPoint', 'DERCapability', 'DERSettings', 'DERStatus', 'MirrorUsagePoint'];
const accepted = (exchanges: readonly Exchange[], type: string): number =>
  exchanges.filter((exchange) => exchange.type === type && exchange.status < 300).length;
/** One poll is 1 s here; what must follow within it gets some more for two cores that do other things. */
const SOON = 10;

test('a server that lost its registrations is registered with and told everything again, without a restart', async () => {
  const running = await startBench({ utility: { devices: [], registration: 'in-band' } });
  bench = running;
  const { state } = running.server;
  running.start();
  const told = (from: number): boolean => TOLD.every((type) => accepted(state.journal.exchanges.slice(from), type) > 0);
  await running.until('everything told', () => told(0) && state.mirrors.size === 2);
  const from = state.journal.exchanges.length;
  wipe(state, { devices: true });
  await running.until('registered again', () => state.devices.size === 1, SOON);
  await running.until('everything told again', () => told(from) && state.mirrors.size === 2, SOON);
  expect(accepted(state.journal.exchanges.slice(from), 'EndDevice')).toBe(1);
});

test('a server that kept the registration and lost the rest is told the rest again', { timeout: 120_000 }, async () => {
  const running = await startBench();
  bench = running;
  const { state } = running.server;
  running.start();
  await running.until('two mirrors', () => state.mirrors.size === 2);
  await running.until('capability and settings looked at', () => {
    const asked = state.journal.exchanges.filter(
      ({ method, resource, status }) =>
        method === 'GET' && status === 200 && (resource === 'der-capability' || resource === 'der-settings'),
    );
    return new Set(asked.map(({ resource }) => resource)).size === 2;
  });
  const from = state.journal.exchanges.length;
  wipe(state, { devices: false });
  const later = (): readonly Exchange[] => state.journal.exchanges.slice(from);
  await running.until('mirrors made again', () => state.mirrors.size === 2, SOON);
  await running.until(
    'capability and settings told again',
    () => accepted(later(), 'DERCapability') === 1 && accepted(later(), 'DERSettings') === 1,
    SOON,
  );
  await running.writeLog([readingBefore(Math.floor(Date.now() / 1000))]);
  await running.until('readings at the new mirrors', () => state.journal.readings.length === 6, 80);
  // It holds it now: nothing more is sent.
  expect(accepted(later(), 'DERCapability')).toBe(1);
});

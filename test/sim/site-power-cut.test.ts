import { expect, test } from 'vitest';
import { responses } from '../rig/utility/journal.ts';
import { VirtualGateway } from '../support/gateway/gateway.ts';
import type { WireBytes } from '../support/virtual-line-port.ts';

const BAND = 100;
const DARK_FROM = 110;
const POWER_AT = 160;
/** Boot of the machine; the router takes longer. */
const BOOTED_AT = POWER_AT + 15;
const NETWORK_AT = 240;
/** Grid codes let an inverter connect again after a minute. */
const RECONNECT_SECONDS = 60;
const READ = 3;
const WRITES: readonly number[] = [6, 16];
/** The serial number in the common block at 40000 (SunSpec 1). */
const SERIAL_AT = 40_000 + 2 + 2 + 48;
const EPOCH_1970 = -1_700_000_000;

const word = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** Of each unit: when it was first written to, and when its serial number was first asked for. */
const firstOf = (wire: readonly WireBytes[]) => {
  const seen = new Map<number, { serial: number; write: number }>();
  for (const { at, direction, bytes } of wire) {
    if (direction !== 'request') continue;
    const [unit = 0, code = 0] = bytes;
    const one = seen.get(unit) ?? { serial: Infinity, write: Infinity };
    const [from, count] = [word(bytes, 2), word(bytes, 4)];
    if (code === READ && from <= SERIAL_AT && from + count > SERIAL_AT) one.serial = Math.min(one.serial, at);
    if (WRITES.includes(code)) one.write = Math.min(one.write, at);
    seen.set(unit, one);
  }
  return seen;
};

test('the power of the whole site goes and returns, the clock of the machine is lost', async () => {
  const wire: WireBytes[] = [];
  const gateway = new VirtualGateway({
    fallbackExportW: 9000,
    site: { inverter: { startSeconds: RECONNECT_SECONDS, wakes: 'uncapped' } },
    batteries: [{ automatic: 'self-consumption', chargePercent: 60 }],
    onBytes: (bytes) => wire.push(bytes),
  }).start();
  await gateway.until(40);
  // One ends in the dark, one begins in it.
  gateway.publish({ program: 'site', startsIn: 30, durationSeconds: 60, modes: { opModExpLimW: 2500 } });
  gateway.publish({ program: 'site', startsIn: 100, durationSeconds: 240, modes: { opModExpLimW: 3000 } });
  await gateway.until(DARK_FROM);
  const { site, line } = gateway;
  gateway.network.state = 'cut';
  gateway.cutPower();
  line.sync();
  site.inverter.restart(line.siteNow, POWER_AT - DARK_FROM);
  site.batteries[0]?.restart(line.siteNow, POWER_AT - DARK_FROM);
  site.meter.fault(line.siteNow, { silent: true });
  await gateway.until(POWER_AT);
  line.sync();
  site.meter.fault(line.siteNow, { silent: false });
  await gateway.until(BOOTED_AT);
  gateway.stepWall(EPOCH_1970);
  const before = wire.length;
  gateway.start();
  await gateway.until(NETWORK_AT);
  gateway.network.state = 'up';
  await gateway.until(450);

  const { truth, state } = gateway;
  const seen = firstOf(wire.slice(before));
  for (const unit of [site.inverter.unitId, site.batteries[0]?.unitId ?? 0]) {
    const { serial = Infinity, write = 0 } = seen.get(unit) ?? {};
    expect(serial).toBeLessThan(write);
    expect(write).toBeLessThan((BOOTED_AT + 5) * 1000);
  }
  expect(truth.mostGeneration(POWER_AT, POWER_AT + RECONNECT_SECONDS - 1)).toBe(0);
  expect(truth.mostExport(POWER_AT, 380)).toBeLessThan(3000 + BAND);
  // Nobody knows the time: the default, tighter than what was active when the power went.
  expect(truth.mostExport(POWER_AT, NETWORK_AT)).toBeLessThan(1500 + BAND);
  expect(truth.meanExport(300, 375)).toBeGreaterThan(2700);
  expect(truth.mostExport(405, 450)).toBeLessThan(1500 + BAND);
  const answers = new Map<string, number[]>();
  for (const { subject, status } of responses(state.journal)) answers.set(subject, [...(answers.get(subject) ?? []), status]);
  expect([...answers.values()]).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

import { expect, test } from 'vitest';
import { responses } from '../rig/utility/journal.ts';
import { wipe } from '../rig/utility/commands.ts';
import { cancelControl, setOutage } from '../rig/utility/state.ts';
import { VirtualGateway } from '../support/gateway/gateway.ts';
import { RENEWED } from '../support/gateway/identity.ts';

/** What a limit is held to, watts: the lower of 4 % of the rating and 100 W. */
const BAND = 100;

test('both processes walk, hold a limit, answer and report, and the same seed does the same', async () => {
  const runs = [0, 1].map(async () => {
    const gateway = new VirtualGateway({ seed: 5 }).start();
    await gateway.until(60);
    gateway.publish({ program: 'site', startsIn: 70, durationSeconds: 60, modes: { opModExpLimW: 4000 } });
    return await gateway.until(300);
  });
  const [one, other] = await Promise.all(runs);
  if (one === undefined || other === undefined) throw new Error('two runs');
  const { truth, state } = one;
  expect(truth.mostExport(20, 129)).toBeLessThan(1500 + BAND);
  expect(truth.meanExport(150, 188)).toBeGreaterThan(3800);
  expect(truth.mostExport(205, 300)).toBeLessThan(1500 + BAND);
  expect(responses(state.journal).map(({ status }) => status)).toEqual([1, 2, 3]);
  expect(new Set(state.journal.readings.map(({ uom }) => uom)).size).toBeGreaterThanOrEqual(3);
  expect(other.state.journal.exchanges).toEqual(state.journal.exchanges);
  expect(other.truth.points).toEqual(truth.points);
});

test('a killed northd, a killed controld, a cut network and a power cut leave the limit where it was', async () => {
  const gateway = new VirtualGateway({ fallbackExportW: 9000 }).start();
  await gateway.until(60);
  gateway.publish({ program: 'site', startsIn: 60, durationSeconds: 600, modes: { opModExpLimW: 3000 } });
  gateway
    .at(200, () => gateway.killNorth())
    .at(260, () => gateway.startNorth())
    .at(300, () => gateway.killControl())
    .at(301, () => gateway.startControl())
    .at(330, () => {
      gateway.network.state = 'cut';
    })
    .at(400, () => gateway.cutPower())
    .at(405, () => gateway.start())
    .at(600, () => {
      gateway.network.state = 'up';
    });
  await gateway.until(1000);
  const { truth, state } = gateway;
  expect(truth.mostExport(140, 400)).toBeLessThan(3000 + BAND);
  expect(truth.meanExport(540, 715)).toBeGreaterThan(2800);
  // Over at 720; its answer waited for the network.
  expect(truth.mostExport(740, 1000)).toBeLessThan(1500 + BAND);
  expect(responses(state.journal).map(({ status }) => status)).toEqual([1, 2, 3]);
});

test('a configuration whose utilities are refused leaves the stored event and then the stored default in force', async () => {
  const gateway = new VirtualGateway({ fallbackExportW: 9000 }).start();
  await gateway.until(60);
  gateway.publish({ program: 'site', startsIn: 60, durationSeconds: 300, modes: { opModExpLimW: 3000 } });
  await gateway.until(200);
  gateway.cutPower();
  gateway.startControl({ ...gateway.configuration, utilities: [], isUtilityRefused: true });
  await gateway.until(900);
  const { truth } = gateway;
  expect(truth.mostExport(230, 400)).toBeLessThan(3000 + BAND);
  expect(truth.meanExport(260, 400)).toBeGreaterThan(2800);
  expect(truth.mostExport(440, 900)).toBeLessThan(1500 + BAND);
});

test('an outage of the server, a cancelled event and an emptied server', async () => {
  const gateway = new VirtualGateway({ utility: { devices: [], registration: 'in-band' } }).start();
  await gateway.until(60);
  const event = gateway.publish({ program: 'site', startsIn: 0, durationSeconds: 3600, modes: { opModExpLimW: 500 } });
  await gateway.when('the event runs', () => gateway.truth.exportAt(gateway.now) < 600, 90);
  setOutage(gateway.state, 500);
  await gateway.run(300);
  setOutage(gateway.state, null);
  cancelControl(gateway.state, event.mRID, gateway.serverNow);
  await gateway.when('the cancellation is answered', () => responses(gateway.state.journal).at(-1)?.status === 6, 120);
  await gateway.run(15);
  expect(gateway.truth.exportAt(gateway.now)).toBeGreaterThan(1350);
  wipe(gateway.state, { devices: true });
  const from = gateway.state.journal.exchanges.length;
  const told = (): ReadonlySet<string | null> =>
    new Set(gateway.state.journal.exchanges.slice(from).flatMap(({ type, status }) => (status < 300 ? [type] : [])));
  const wanted = ['EndDevice', 'ConnectionPoint', 'DERCapability', 'DERSettings', 'DERStatus', 'MirrorUsagePoint'];
  await gateway.when('all is told again', () => wanted.every((type) => told().has(type)), 90);
  expect(gateway.state.devices.size).toBe(1);
  // A renewed certificate is another registration; the site goes on by the same plan.
  gateway.killNorth();
  gateway.certificate = RENEWED;
  gateway.startNorth();
  await gateway.when('the new identity is registered', () => gateway.state.devices.has(RENEWED.lfdi), 90);
  expect(gateway.truth.mostExport(gateway.now - 20, gateway.now)).toBeLessThan(1500 + BAND);
});

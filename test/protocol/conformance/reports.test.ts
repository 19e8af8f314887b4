import { expect } from 'vitest';
import { logEvents, puts } from '../../rig/utility/journal.ts';
import { programNamed, setRates } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { STARTED_AT } from '../../support/gateway/settings.ts';
import { told } from './criteria.ts';
import { requirement } from './requirement.ts';

const MINUTE = 60;
const WATTS = 38;

/** Members of the DERStatus bodies taken from a second of the run on, oldest first. */
const statuses = (
  gateway: VirtualGateway,
  from: number,
  member: 'genConnectStatus' | 'operationalModeStatus',
): readonly string[] =>
  puts(gateway.state.journal)
    .filter(({ type, at }) => type === 'DERStatus' && at >= STARTED_AT + from)
    .map(({ body }) => String((body[member] as { readonly value?: unknown } | undefined)?.value));

requirement(
  ['ALL-06', 'P41', 'G26', 'G27', 'G23', 'G25'],
  'five types of reading, each whole minute, none of what is not measured',
  async (evidence) => {
    const gateway = await new VirtualGateway().start().until(9 * MINUTE);
    const { readings } = gateway.state.journal;
    const kinds = new Map<string, number>();
    for (const { roleFlags, uom } of readings) kinds.set(`${roleFlags} ${uom}`, (kinds.get(`${roleFlags} ${uom}`) ?? 0) + 1);
    for (const kind of ['0003 38', '0003 63', '0003 29', '0049 38', '0049 63']) expect(kinds.get(kind)).toBeGreaterThanOrEqual(6);
    expect(readings.every(({ start, duration }) => start !== null && start % MINUTE === 0 && duration === MINUTE)).toBe(true);
    expect(readings.every(({ mRID }) => /^[0-9A-F]{32}$/.test(mRID))).toBe(true);
    evidence.requests(gateway, 'mirrors created', told('MirrorUsagePoint'));
    evidence.requests(gateway, 'readings posted', told('MirrorMeterReadingList'));
  },
);

requirement(['ALL-10', 'P42'], 'another postRate of the mirrors is followed both ways', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(5 * MINUTE);
  setRates(gateway.state, { postRate: 300 });
  await gateway.run(2 * MINUTE);
  const from = gateway.now;
  await gateway.run(10 * MINUTE);
  const posts = (since: number, until: number): number =>
    gateway.state.journal.exchanges.filter(
      (exchange) =>
        told('MirrorMeterReadingList')(exchange) && exchange.at >= STARTED_AT + since && exchange.at < STARTED_AT + until,
    ).length;
  expect(posts(from, from + 10 * MINUTE)).toBeLessThanOrEqual(6);
  expect(posts(from, from + 10 * MINUTE)).toBeGreaterThanOrEqual(4);
  const long = gateway.state.journal.readings.filter(({ at, duration }) => at >= STARTED_AT + from && duration === 300);
  expect(long.length).toBeGreaterThan(0);
  setRates(gateway.state, { postRate: 60 });
  await gateway.run(6 * MINUTE);
  const back = gateway.now;
  await gateway.run(5 * MINUTE);
  expect(posts(back, back + 5 * MINUTE)).toBeGreaterThanOrEqual(9);
  evidence.requests(gateway, 'readings at the short rate again', told('MirrorMeterReadingList'), { from: back });
});

requirement(['ALL-29'], 'readings agree with the site at several limits', async (evidence) => {
  const gateway = new VirtualGateway({ scenario: { programs: [{ name: 'site', primacy: 0, default: {} }] } }).start();
  await gateway.until(MINUTE);
  for (const limit of [20_000, 3000, 2000, 1000, 0]) {
    gateway.publish({ program: 'site', startsIn: 0, durationSeconds: 180, modes: { opModExpLimW: limit } });
    await gateway.run(180);
  }
  await gateway.run(MINUTE);
  const { readings } = gateway.state.journal;
  const of = (role: string) =>
    readings.filter(({ uom, roleFlags, start }) => uom === WATTS && roleFlags === role && (start ?? 0) >= STARTED_AT + MINUTE);
  expect(of('0003').length).toBeGreaterThanOrEqual(8);
  expect(of('0049').length).toBeGreaterThanOrEqual(8);
  let worst = 0;
  for (const { start, value } of of('0003')) {
    const second = (start ?? 0) - STARTED_AT;
    worst = Math.max(worst, Math.abs(-value - gateway.truth.meanExport(second, second + MINUTE)));
  }
  evidence.site('site power told against the site, worst minute, W', worst, { most: 300 });
  evidence.requests(gateway, 'readings posted', told('MirrorMeterReadingList'));
});

requirement(
  ['ALL-07', 'P44', 'G30', 'BASIC-028'],
  'an unplugged DER clears its connect bits, and sets them when it is back',
  async (evidence) => {
    const gateway = await new VirtualGateway().start().until(3 * MINUTE);
    expect(statuses(gateway, 0, 'genConnectStatus').at(-1)).toBe('07');
    const unplugged = gateway.now;
    gateway.line.sync();
    gateway.site.inverter.fault(gateway.line.siteNow, { silent: true });
    await gateway.when('bits 0-2 clear', () => statuses(gateway, unplugged, 'genConnectStatus').at(-1) === '00', 2 * MINUTE);
    const back = gateway.now;
    gateway.line.sync();
    gateway.site.inverter.fault(gateway.line.siteNow, { silent: false });
    await gateway.when('bits set', () => statuses(gateway, back, 'genConnectStatus').at(-1) === '07', 2 * MINUTE);
    evidence.requests(gateway, 'DERStatus told', told('DERStatus'), { from: unplugged });
  },
);

requirement(['ALL-08'], 'operationalModeStatus 2, 1 and 2 again as the source goes and comes', async (evidence) => {
  const gateway = new VirtualGateway({
    fallbackExportW: 9000,
    scenario: { programs: [{ name: 'site', primacy: 0, default: {} }] },
    site: { plant: { load: () => 500, sun: (t: number) => (t > 300_000 && t < 700_000 ? 0 : 8000) } },
  }).start();
  await gateway.until(280);
  expect(statuses(gateway, 0, 'operationalModeStatus').at(-1)).toBe('2');
  await gateway.until(650);
  expect(statuses(gateway, 0, 'operationalModeStatus').at(-1)).toBe('1');
  await gateway.until(1000);
  expect(statuses(gateway, 0, 'operationalModeStatus').at(-1)).toBe('2');
  evidence.requests(gateway, 'DERStatus told', told('DERStatus'), { from: 300 });
});

requirement(
  ['ALL-09', 'G28', 'G29', 'P43', 'CORE-009', 'CORE-014'],
  'capability, settings, status and availability are told, settings never above ratings',
  async (evidence) => {
    const gateway = await new VirtualGateway({ utility: { devices: [], registration: 'in-band' } }).start().until(3 * MINUTE);
    const body = (type: string): Readonly<Record<string, unknown>> =>
      puts(gateway.state.journal).find((put) => put.type === type)?.body ?? {};
    const watts = (value: unknown): number => {
      const { multiplier, value: mantissa } = value as { readonly multiplier: number; readonly value: number };
      return mantissa * 10 ** multiplier;
    };
    const [capability, settings] = [body('DERCapability'), body('DERSettings')];
    expect(watts(capability['rtgMaxW'])).toBe(10_000);
    expect(watts(settings['setMaxW'])).toBeLessThanOrEqual(watts(capability['rtgMaxW']));
    expect(watts(settings['setMaxVarNeg'])).toBeLessThan(0);
    expect(watts(settings['setMaxVarNeg'])).toBeGreaterThanOrEqual(watts(capability['rtgMaxVarNeg']));
    expect(capability['doeModesSupported']).toBeDefined();
    expect(settings['doeModesEnabled']).toBeDefined();
    for (const type of ['EndDevice', 'DERCapability', 'DERSettings', 'DERStatus', 'DERAvailability'])
      evidence.requests(gateway, `${type} told`, told(type));
    const from = gateway.now;
    programNamed(gateway.state, 'site').settings = { setGradW: 100 };
    await gateway.run(2 * MINUTE);
    evidence.requests(gateway, 'settings told at a change', told('DERSettings'), { from });
  },
);

requirement(
  ['BASIC-027', 'G31', 'G32', 'P45'],
  'five alarms and their return to normal are LogEvents as they occur',
  async (evidence) => {
    const gateway = await new VirtualGateway().start().until(2 * MINUTE);
    const events = (bits: number): void => {
      gateway.line.sync();
      gateway.site.inverter.fault(gateway.line.siteNow, { events: bits });
    };
    const codes = [
      [10, 2],
      [11, 4],
      [8, 6],
      [9, 8],
      [6, 14],
    ] as const;
    for (const [bit, code] of codes) {
      const at = gateway.serverNow;
      events(2 ** bit);
      await gateway.when(`alarm ${code}`, () => logEvents(gateway.state.journal).at(-1)?.body['logEventCode'] === code, 20);
      expect(Number(logEvents(gateway.state.journal).at(-1)?.body['createdDateTime']) - at).toBeLessThan(5);
      events(0);
      await gateway.when(
        `alarm ${code} over`,
        () => logEvents(gateway.state.journal).at(-1)?.body['logEventCode'] === code + 1,
        20,
      );
    }
    expect(logEvents(gateway.state.journal)).toHaveLength(10);
    evidence.requests(gateway, 'ten log events', told('LogEvent'));
  },
);

requirement(
  ['BASIC-029', 'G24'],
  'the baseline tells W, var, Hz and V of each phase, average, extremes and the value at the end',
  async (evidence) => {
    const gateway = await new VirtualGateway({
      profile: 'csip-baseline',
      utility: { extension: 'none' },
      nmi: null,
    })
      .start()
      .until(6 * MINUTE);
    const { readings } = gateway.state.journal;
    const kinds = new Set(readings.map(({ roleFlags, uom, phase }) => `${roleFlags} ${uom} ${phase}`));
    for (const role of ['0003', '0049'])
      for (const kind of ['38 0', '63 0', '33 0', '29 129', '29 65', '29 33']) expect([...kinds]).toContain(`${role} ${kind}`);
    // Minimum, average and maximum lie in order; four values of one kind at one time.
    const minute = readings.filter(({ roleFlags, uom }) => roleFlags === '0003' && uom === WATTS);
    expect(new Set(minute.map(({ mRID }) => mRID)).size).toBe(4);
    evidence.requests(gateway, 'readings posted', told('MirrorMeterReadingList'));
  },
);

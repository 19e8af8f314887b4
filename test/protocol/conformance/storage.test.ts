import { expect } from 'vitest';
import type { BatterySettings } from '../../rig/site/battery.ts';
import type { Exchange } from '../../rig/utility/journal.ts';
import type { Modes } from '../../rig/utility/options.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo, secondOf, told } from './criteria.ts';
import { requirement } from './requirement.ts';

/** Discharge rate, charge rate and VA of the battery: equal, as the procedure wants them. */
const RATED_W = 5000;
const BAND_W = 100;
const WITHIN = 15;
const EACH_SECONDS = 120;
/** Start of the first event, in seconds of the run. */
const FIRST = 180;

/** Storage target and export limit as parts of the rate, and the power of the storage that comes of them. */
const EVENTS: readonly (readonly [target: number, limit: number | null, power: number])[] = [
  [1, 2, 1],
  [1, 0.5, 0.5],
  [-1, 0.5, -1],
  [0, 0, 0],
  [0.3, 1, 0.3],
  [1, null, 1],
];

const modesOf = (target: number, limit: number | null): Modes => ({
  opModStorageTargetW: target * RATED_W,
  ...(limit === null ? {} : { opModExpLimW: limit * RATED_W }),
});

const CAPACITY_WH = 50_000;
/** uom of stored energy, and roleFlags of the DER's mirror. */
const WATT_HOURS = 72;
const DER = '0049';

const gatewayWith = (battery: Partial<BatterySettings>): VirtualGateway =>
  new VirtualGateway({
    scenario: { programs: [{ name: 'site', primacy: 0, default: { opModExpLimW: 2 * RATED_W } }] },
    profile: 'csip-aus-v1.3',
    utility: { extension: '1.3' },
    batteries: [
      { family: 'setpoint', maxChargeW: RATED_W, maxDischargeW: RATED_W, capacityWh: CAPACITY_WH, automatic: 0, ...battery },
    ],
    site: { plant: { sun: () => 0, load: () => 0 } },
  }).start();

const storedEnergy = ({ state }: VirtualGateway) =>
  state.journal.readings.filter(({ uom, roleFlags }) => uom === WATT_HOURS && roleFlags === DER);

const number = (body: Exchange['body'], name: string): number => {
  const { value, displacement, multiplier } = (body?.[name] ?? {}) as Readonly<Record<string, unknown>>;
  return Number(value ?? displacement) * 10 ** Number(multiplier);
};

requirement(['STO-01', 'STO-04'], 'stored energy each interval, as much as the battery holds', async (evidence) => {
  const gateway = await gatewayWith({ automatic: -3000 }).until(480);
  const [from, until] = [120, 420];
  const readings = storedEnergy(gateway).filter((one) => {
    const second = secondOf({ at: Number(one.start) + Number(one.duration) });
    return second > from && second <= until;
  });
  expect(readings.length).toBeGreaterThanOrEqual(4);
  for (const [index, { value }] of readings.entries()) {
    const second = secondOf({ at: Number(readings[index]?.start) + Number(readings[index]?.duration) });
    const truth = CAPACITY_WH * 0.6 + (3000 * 0.95 * second) / 3600;
    evidence.site(`error of what is stored at ${second} s`, value - truth, { least: -20, most: 20 });
  }
  evidence.requests(gateway, 'creates the mirror', told('MirrorUsagePoint'));
});

const RATED_IN_BOTH = ['MaxVA', 'MaxVar', 'MaxW', 'MaxWh', 'MaxChargeRateW', 'MaxDischargeRateW'];
const FACTORS = ['MinPFOverExcited', 'MinPFUnderExcited'];

requirement(['STO-02', 'STO-05'], 'capability and settings of storage: settings within ratings', async (evidence) => {
  const gateway = await gatewayWith({ family: 'window' }).until(90);
  const [capability] = evidence.requests(gateway, 'tells capability', told('DERCapability'));
  const [settings] = evidence.requests(gateway, 'tells settings', told('DERSettings'));
  const rated = (name: string): number => number(capability?.body ?? null, `rtg${name}`);
  const set = (name: string): number => number(settings?.body ?? null, `set${name}`);
  for (const name of RATED_IN_BOTH) {
    expect(rated(name), name).toBeGreaterThan(0);
    expect(set(name), name).toBeGreaterThan(0);
    expect(set(name), name).toBeLessThanOrEqual(rated(name));
  }
  expect([rated('MaxChargeRateW'), rated('MaxDischargeRateW'), rated('MaxWh')]).toEqual([RATED_W, RATED_W, CAPACITY_WH]);
  expect(set('MaxChargeRateW')).toBe(set('MaxDischargeRateW'));
  expect(rated('MaxVarNeg')).toBeLessThan(0);
  expect(set('MaxVarNeg')).toBeLessThanOrEqual(rated('MaxVarNeg'));
  for (const name of FACTORS) expect(set(name), name).toBeGreaterThanOrEqual(rated(name));
  expect(set('MinWh')).toBe(0.1 * CAPACITY_WH);
  expect(capability?.body).toMatchObject({ type: 83, vppModesSupported: '01' });
  expect(settings?.body).toMatchObject({ vppModesEnabled: '01' });
  const status = evidence.requests(gateway, 'tells status', told('DERStatus')).at(-1);
  for (const member of ['storConnectStatus', 'stateOfChargeStatus', 'storageModeStatus'])
    expect(status?.body).toHaveProperty(member);
});

requirement(['STO-03', 'STO-06'], 'a storage target in six events: the export limit wins', async (evidence) => {
  const gateway = await gatewayWith({}).until(60);
  const events = EVENTS.map(([target, limit], index) =>
    gateway.publish({
      program: 'site',
      startsIn: FIRST - 60 + EACH_SECONDS * index,
      durationSeconds: EACH_SECONDS,
      modes: modesOf(target, limit),
    }),
  );
  await gateway.until(FIRST - 1);
  const before = storedEnergy(gateway).map(({ value }) => value);
  evidence.site('stored energy told before the first event', before.at(-1) ?? null, {
    least: 0.6 * CAPACITY_WH - 20,
    most: 0.6 * CAPACITY_WH + 20,
  });
  await gateway.until(FIRST + EACH_SECONDS * EVENTS.length + 60);
  for (const [index, [target, limit, power]] of EVENTS.entries()) {
    const from = FIRST + EACH_SECONDS * index;
    const until = from + EACH_SECONDS - 2;
    const named = `target ${target}, limit ${limit ?? 'none'}`;
    if (limit !== null) {
      const most = limit * RATED_W + BAND_W;
      evidence.site(`export, ${named}`, gateway.truth.mostExport(from + WITHIN, until), { most });
    }
    evidence.site(`storage, ${named}`, gateway.truth.dischargeAt(until), {
      least: power * RATED_W - BAND_W,
      most: power * RATED_W + BAND_W,
    });
    expect(answersTo(gateway, events[index] ?? expect.fail()), named).toEqual([1, 2, 3]);
  }
  evidence.requests(gateway, 'advertises the storage target', ({ type, body }) => {
    return type === 'DERCapability' && body?.['vppModesSupported'] === '01';
  });
  evidence.requests(gateway, 'completes each', answered(3));
});

import { expect } from 'vitest';
import type { Modes, ScenarioUtility } from '../../rig/utility/options.ts';
import type { VirtualGateway as Gateway } from '../../support/gateway/gateway.ts';
import { programNamed } from '../../rig/utility/state.ts';
import { cancelControl, setDefault } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo, told } from './criteria.ts';
import { requirement, type Evidence } from './requirement.ts';

const RATED_W = 10_000;
const BAND_W = 100;
const percent = (share: number): number => (share / 100) * RATED_W;
/** Load equals nothing here: export is generation. */
const NO_LOAD = { plant: { load: () => 0 } };

const scenario = (modes: Modes, setGradW?: number): Pick<ScenarioUtility, 'programs'> => ({
  programs: [{ name: 'site', primacy: 0, default: modes, ...(setGradW === undefined ? {} : { settings: { setGradW } }) }],
});

const setGradient = ({ state }: Gateway, setGradW: number): void => {
  programNamed(state, 'site').settings = { setGradW };
};

/** The slope of the export between two instants, ±10 % of what was asked, watts a second. */
const slope = (evidence: Evidence, gateway: Gateway, [from, until]: readonly [number, number], asked: number): void => {
  const bounds = [asked * 0.9, asked * 1.1].sort((a, b) => a - b);
  const [least = 0, most = 0] = bounds;
  evidence.site(`watts a second from ${from} s`, gateway.truth.slope(from, until), { least, most });
};

for (const [id, mode] of [
  ['GEN-03', 'opModExpLimW'],
  ['GEN-04', 'opModGenLimW'],
] as const) {
  requirement([id], `to and from the default ${mode} at setGradW`, async (evidence) => {
    // 1.67 % a second: 167 W.
    const site = { site: NO_LOAD, scenario: scenario({ [mode]: percent(30) }, 167) };
    const gateway = await new VirtualGateway({ ...site, fallbackExportW: RATED_W }).start().until(120);
    evidence.site('export at the default', gateway.truth.exportAt(119), { least: percent(29), most: percent(30) + BAND_W });
    const first = gateway.publish({ program: 'site', startsIn: 80, durationSeconds: 600, modes: { [mode]: percent(200) } });
    await gateway.until(300);
    slope(evidence, gateway, [205, 235], 167);
    evidence.site('export at its top', gateway.truth.exportAt(290), { least: percent(97) });
    cancelControl(gateway.state, first.mRID, gateway.serverNow);
    const heard = await gateway.when('the cancellation is answered', () => answersTo(gateway, first).includes(6), 90);
    await gateway.run(90);
    slope(evidence, gateway, [heard + 5, heard + 32], -167);
    evidence.site('export at the default again', gateway.truth.exportAt(gateway.now), {
      least: percent(29),
      most: percent(30) + BAND_W,
    });
    setDefault(gateway.state, 'site', null);
    const zero = gateway.publish({ program: 'site', startsIn: 80, durationSeconds: 300, modes: { [mode]: 0 } });
    const start = gateway.now + 80;
    await gateway.run(200);
    evidence.site('export at 0 W', gateway.truth.mostExport(start + 60, gateway.now), { most: BAND_W });
    expect(answersTo(gateway, zero)).toEqual([1, 2]);
    evidence.requests(gateway, 'starts each', answered(2));
  });
}

requirement(['ALL-13', 'BASIC-007'], 'the ramp rate of the default is followed and echoed in DERSettings', async (evidence) => {
  const gateway = await new VirtualGateway({ site: NO_LOAD, scenario: scenario({ opModExpLimW: percent(30) }, 27) })
    .start()
    .until(120);
  const echoed = (setGradW: number): boolean =>
    gateway.state.journal.exchanges.some((each) => told('DERSettings')(each) && each.body?.['setGradW'] === setGradW);
  expect(echoed(27)).toBe(true);
  setGradient(gateway, 100);
  await gateway.when('100 is echoed', () => echoed(100), 180);
  const event = gateway.publish({ program: 'site', startsIn: 80, durationSeconds: 300, modes: { opModExpLimW: percent(80) } });
  const start = gateway.now + 80;
  await gateway.run(150);
  slope(evidence, gateway, [start + 5, start + 45], 100);
  expect(answersTo(gateway, event)).toEqual([1, 2]);
  setGradient(gateway, 27);
  const from = gateway.now;
  await gateway.run(180);
  evidence.requests(gateway, 'tells 27 again', (each) => told('DERSettings')(each) && each.body?.['setGradW'] === 27, { from });
});

requirement(
  ['BASIC-007'],
  'after a stop the site waits and rises as the default says, and DERSettings say so',
  async (evidence) => {
    const settings = { setESDelay: 12_000, setESRampTms: 5000, setGradW: 27, setSoftGradW: 100 };
    const programs = [{ name: 'site', primacy: 0, default: { opModExpLimW: percent(90) }, settings }];
    const gateway = await new VirtualGateway({ site: NO_LOAD, scenario: { programs } }).start().until(120);
    evidence.requests(gateway, 'tells the settings', ({ type, method, body }) => {
      const isPut = method === 'PUT' && type === 'DERSettings';
      return isPut && Object.entries(settings).every(([name, value]) => body?.[name] === value);
    });
    const event = gateway.publish({ program: 'site', startsIn: 80, durationSeconds: 120, modes: { opModEnergize: false } });
    const end = 120 + 80 + 120;
    await gateway.until(end + 120 + 110);
    expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
    const { truth } = gateway;
    evidence.site('generation while it is stopped and waits', truth.mostGeneration(end - 110, end + 119), { most: 50 });
    // The slower of 50 s and 1 % a second to the full.
    slope(evidence, gateway, [end + 130, end + 170], 100);
    evidence.site('export at last', truth.exportAt(gateway.now), { least: percent(85), most: percent(90) + BAND_W });
  },
);

requirement(['ALL-25'], 'rampTms of a control before setGradW, which binds the next', async (evidence) => {
  const gateway = await new VirtualGateway({ site: NO_LOAD, scenario: scenario({ opModExpLimW: 0 }, 100) }).start().until(60);
  const first = gateway.publish({
    program: 'site',
    startsIn: 60,
    durationSeconds: 180,
    modes: { opModExpLimW: percent(30), rampTms: 6000 },
  });
  await gateway.until(420);
  // 3000 W in 60 s; back to the default of 0 W at 1 % a second.
  slope(evidence, gateway, [125, 172], 50);
  evidence.site('export after the ramp', gateway.truth.exportAt(200), { least: percent(29), most: percent(30) + BAND_W });
  slope(evidence, gateway, [305, 325], -100);
  const second = gateway.publish({ program: 'site', startsIn: 80, durationSeconds: 180, modes: { opModExpLimW: percent(50) } });
  await gateway.until(740);
  slope(evidence, gateway, [505, 542], 100);
  for (const event of [first, second]) expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'completes both', answered(3));
});

requirement(['ALL-28'], '15 s without a rate, rampTms, then setGradW to the default and up again', async (evidence) => {
  const gateway = await new VirtualGateway({ site: NO_LOAD, scenario: scenario({ opModExpLimW: RATED_W }) }).start().until(60);
  const publish = (startsIn: number, durationSeconds: number, modes: Modes) =>
    gateway.publish({ program: 'site', startsIn, durationSeconds, modes });
  publish(60, 120, { opModExpLimW: percent(30) });
  publish(180, 120, { opModExpLimW: percent(10) });
  const slow = publish(300, 600, { opModExpLimW: percent(50), rampTms: 6000 });
  await gateway.until(500);
  const { truth } = gateway;
  evidence.site('export at 30 % after 15 s', truth.mostExport(135, 238), { most: percent(30) + BAND_W });
  evidence.site('export at 10 % after 15 s', truth.mostExport(255, 358), { most: percent(10) + BAND_W });
  slope(evidence, gateway, [365, 412], percent(40) / 60);
  evidence.site('export at 50 %', truth.exportAt(480), { least: percent(49), most: percent(50) + BAND_W });
  setGradient(gateway, 100);
  setDefault(gateway.state, 'site', { opModExpLimW: 0 });
  await gateway.run(130);
  cancelControl(gateway.state, slow.mRID, gateway.serverNow);
  const heard = await gateway.when('the cancellation is answered', () => answersTo(gateway, slow).includes(6), 90);
  await gateway.run(90);
  slope(evidence, gateway, [heard + 5, heard + 42], -100);
  const last = publish(80, 300, { opModExpLimW: percent(30) });
  const start = gateway.now + 80;
  await gateway.run(150);
  slope(evidence, gateway, [start + 5, start + 26], 100);
  expect(answersTo(gateway, last)).toEqual([1, 2]);
  evidence.requests(gateway, 'answers 6', answered(6));
});

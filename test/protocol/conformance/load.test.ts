import { expect } from 'vitest';
import type { Modes, ScenarioUtility } from '../../rig/utility/options.ts';
import { cancelControl, setDefault } from '../../rig/utility/state.ts';
import { steps } from '../../rig/site/profile.ts';
import type { GatewayOptions } from '../../support/gateway/settings.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo } from './criteria.ts';
import { requirement, type Evidence } from './requirement.ts';

/** What the battery takes; the load of the procedures in per cent. */
const RATED_W = 5000;
const BAND_W = 100;
const WITHIN = 15;

const BOTH = ['opModImpLimW', 'opModLoadLimW'] as const;
const percent = (share: number): number => (share / 100) * RATED_W;

/** A battery that would always charge at its full rate, no sun, and no other load. */
const site = (modes: Modes | null, more: Partial<GatewayOptions> = {}, setGradW?: number): GatewayOptions => ({
  scenario: {
    programs: [{ name: 'site', primacy: 0, default: modes, ...(setGradW === undefined ? {} : { settings: { setGradW } }) }],
  },
  batteries: [{ family: 'window', maxChargeW: RATED_W, automatic: 0 - RATED_W, capacityWh: 100_000 }],
  site: { plant: { sun: () => 0, load: () => 0 } },
  ...more,
});

const importAt = (gateway: VirtualGateway, seconds: number): number => 0 - gateway.truth.exportAt(seconds);
const mostImport = (gateway: VirtualGateway, from: number, until: number): number => 0 - gateway.truth.leastExport(from, until);

for (const [index, mode] of BOTH.entries()) {
  requirement([`LOA-0${1 + index}`], `${mode} of 200 %, then 0 W within 15 s`, async (evidence) => {
    const gateway = await new VirtualGateway(site({ [mode]: percent(50) })).start().until(60);
    const open = gateway.publish({ program: 'site', startsIn: 30, durationSeconds: 70, modes: { [mode]: percent(200) } });
    const shut = gateway.publish({ program: 'site', startsIn: 100, durationSeconds: 120, modes: { [mode]: 0 } });
    await gateway.until(345);
    evidence.site('import without a limit', importAt(gateway, 155), { least: percent(95) });
    evidence.site('import at 0 W', mostImport(gateway, 160 + WITHIN, 278), { most: BAND_W });
    expect(answersTo(gateway, open)).toEqual([1, 2, 3]);
    expect(answersTo(gateway, shut)).toEqual([1, 2, 3]);
    evidence.requests(gateway, 'starts and completes', answered(3));
  });

  requirement([`LOA-0${3 + index}`], `to and from the default ${mode} at setGradW`, async (evidence) => {
    const gateway = await new VirtualGateway(site({ [mode]: percent(30) }, {}, 50)).start().until(60);
    evidence.site('import at the default', importAt(gateway, 59), { least: percent(29) - BAND_W, most: percent(30) + BAND_W });
    const first = gateway.publish({ program: 'site', startsIn: 65, durationSeconds: 600, modes: { [mode]: percent(200) } });
    await gateway.until(230);
    // 0.5 % of setMaxW (10 kW) a second.
    rises(evidence, gateway, [131, 160]);
    evidence.site('import at its top', importAt(gateway, 225), { least: percent(95) });
    cancelControl(gateway.state, first.mRID, gateway.serverNow);
    const heard = await gateway.when('the cancellation is answered', () => answersTo(gateway, first).includes(6), 90);
    await gateway.run(200);
    evidence.site('import at the default again', mostImport(gateway, gateway.now - 20, gateway.now), {
      least: percent(29) - BAND_W,
      most: percent(30) + BAND_W,
    });
    // The way back takes its time: it starts from the limit of 200 %.
    evidence.site('import on its way', importAt(gateway, heard + 10), { least: percent(40) });
    setDefault(gateway.state, 'site', null);
    const zero = gateway.publish({ program: 'site', startsIn: 65, durationSeconds: 300, modes: { [mode]: 0 } });
    const start = gateway.now + 65;
    await gateway.run(200);
    evidence.site('import at 0 W', mostImport(gateway, start + 120, gateway.now), { most: BAND_W });
    expect(answersTo(gateway, zero)).toEqual([1, 2]);
    evidence.requests(gateway, 'starts each', answered(2));
  });

  requirement([`LOA-${11 + index}`], `${mode} of 200, 100, 40, 25 and 0 % in turn`, async (evidence) => {
    const gateway = await new VirtualGateway(site({ [mode]: percent(30) })).start().until(60);
    const shares = [200, 100, 40, 25, 0];
    const events = shares.map((share, which) =>
      gateway.publish({ program: 'site', startsIn: 60 + 120 * which, durationSeconds: 120, modes: { [mode]: percent(share) } }),
    );
    await gateway.until(120 + 600 + 60);
    for (const [which, share] of shares.entries()) {
      const from = 120 + 120 * which;
      const limit = Math.min(percent(share), RATED_W);
      evidence.site(`import at ${share} %`, mostImport(gateway, from + WITHIN, from + 119), {
        least: limit - 250,
        most: percent(share) + BAND_W,
      });
      expect(answersTo(gateway, events[which] ?? expect.fail()), `${share} %`).toEqual([1, 2, 3]);
    }
    evidence.requests(gateway, 'completes each', answered(3));
  });
}

const rises = (evidence: Evidence, gateway: VirtualGateway, [from, until]: readonly [number, number]): void =>
  evidence.site(`watts a second of import from ${from} s`, 0 - gateway.truth.slope(from, until), { least: 45, most: 55 });

requirement(['LOA-09'], 'a cancelled import limit gives way to the default', async (evidence) => {
  const gateway = await new VirtualGateway(site({ opModImpLimW: percent(30) })).start().until(60);
  const event = gateway.publish({ program: 'site', startsIn: 0, durationSeconds: 1800, modes: { opModImpLimW: percent(200) } });
  await gateway.run(180);
  evidence.site('import under it', importAt(gateway, gateway.now), { least: percent(90) });
  cancelControl(gateway.state, event.mRID, gateway.serverNow);
  const heard = await gateway.when('the cancellation is answered', () => answersTo(gateway, event).includes(6), 90);
  await gateway.run(120);
  evidence.requests(gateway, 'answers 6', answered(6));
  evidence.site('import after it', mostImport(gateway, heard + WITHIN, gateway.now), {
    least: percent(26),
    most: percent(30) + BAND_W,
  });
});

requirement(['LOA-13'], 'an import limit of 60 % through a load of 0, 20, 10 and 0 %', async (evidence) => {
  const load = steps([
    [0, 0],
    [240, percent(20)],
    [360, percent(10)],
    [480, 0],
  ]);
  const options = site({ opModImpLimW: percent(100) }, { site: { plant: { sun: () => 0, load } } });
  const gateway = await new VirtualGateway(options).start().until(60);
  const event = gateway.publish({ program: 'site', startsIn: 60, durationSeconds: 420, modes: { opModImpLimW: percent(60) } });
  await gateway.until(600);
  for (const [from, until, charge] of [
    [120, 240, 60],
    [240, 360, 40],
    [360, 480, 50],
    [480, 540, 60],
  ] as const) {
    evidence.site(`import from ${from} s`, mostImport(gateway, from + WITHIN, until - 1), {
      least: percent(60) - 2 * BAND_W,
      most: percent(60) + BAND_W,
    });
    evidence.site(`charge from ${from} s`, 0 - gateway.truth.dischargeAt(until - 2), {
      least: percent(charge) - 200,
      most: percent(charge) + BAND_W,
    });
  }
  expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'completes', answered(3));
});

const programs: ScenarioUtility['programs'] = [
  { name: 'site', primacy: 1, default: { opModImpLimW: percent(30) } },
  { name: 'feeder', primacy: 9, default: { opModImpLimW: 0 } },
];

requirement(['LOA-10'], 'primacy per mode: the default and the events of the better program', async (evidence) => {
  const gateway = await new VirtualGateway({ ...site(null), scenario: { programs } }).start().until(60);
  evidence.site('the default of the better program, though looser', mostImport(gateway, 40, 59), {
    least: percent(28),
    most: percent(30) + BAND_W,
  });
  const worse = gateway.publish({
    program: 'feeder',
    startsIn: 100,
    durationSeconds: 300,
    modes: { opModImpLimW: percent(200) },
  });
  await gateway.until(230);
  evidence.site('an event of the worse program runs', importAt(gateway, 228), { least: percent(95) });
  const better = gateway.publish({ program: 'site', startsIn: 70, durationSeconds: 100, modes: { opModImpLimW: 0 } });
  await gateway.until(390);
  evidence.site('the better one takes it', mostImport(gateway, 300 + WITHIN, 389), { most: BAND_W });
  expect(answersTo(gateway, worse)).toEqual([1, 2, 7]);
  const other = gateway.publish({ program: 'feeder', startsIn: 100, durationSeconds: 120, modes: { opModImpLimW: percent(60) } });
  const device = gateway.publish({ program: 'site', startsIn: 100, durationSeconds: 120, modes: { opModLoadLimW: percent(20) } });
  await gateway.until(680);
  evidence.site('both bind, the tighter at last', mostImport(gateway, 490 + WITHIN, 608), {
    least: percent(16),
    most: percent(20) + BAND_W,
  });
  expect(answersTo(gateway, better)).toEqual([1, 2, 3]);
  expect(answersTo(gateway, other)).toEqual([1, 2, 3]);
  expect(answersTo(gateway, device)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'completes each', answered(3));
});

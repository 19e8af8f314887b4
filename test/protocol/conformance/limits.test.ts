import { expect } from 'vitest';
import type { Modes } from '../../rig/utility/options.ts';
import { cancelControl, setDefault } from '../../rig/utility/state.ts';
import { steps } from '../../rig/site/profile.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo } from './criteria.ts';
import { requirement } from './requirement.ts';

const RATED_W = 10_000;
/** The lower of 4 % of the rating and 100 W. */
const BAND_W = 100;
/** Longest span in which a limit must be kept, seconds; the event is known well before its start. */
const WITHIN = 15;
const LOAD_W = 500;

type Limit = 'opModExpLimW' | 'opModGenLimW';
const percent = (share: number): number => (share / 100) * RATED_W;
const program = (modes: Modes | null, setGradW?: number) => ({
  programs: [{ name: 'site', primacy: 0, default: modes, ...(setGradW === undefined ? {} : { settings: { setGradW } }) }],
});

for (const [id, mode] of [
  ['GEN-01', 'opModExpLimW'],
  ['GEN-02', 'opModGenLimW'],
] as const satisfies readonly (readonly [string, Limit])[]) {
  requirement([id], `${mode} of 200 %, then 0 W within 15 s`, async (evidence) => {
    const gateway = await new VirtualGateway({ scenario: program({ [mode]: percent(50) }) }).start().until(60);
    const open = gateway.publish({ program: 'site', startsIn: 60, durationSeconds: 180, modes: { [mode]: percent(200) } });
    const shut = gateway.publish({ program: 'site', startsIn: 240, durationSeconds: 300, modes: { [mode]: 0 } });
    await gateway.until(660);
    const { truth } = gateway;
    evidence.site('generation without a limit', truth.generationAt(290), { least: percent(95) });
    evidence.site('export at 0 W', truth.mostExport(300 + WITHIN, 598), {
      most: mode === 'opModExpLimW' ? BAND_W : -LOAD_W + BAND_W,
    });
    expect(answersTo(gateway, open)).toEqual([1, 2, 3]);
    expect(answersTo(gateway, shut)).toEqual([1, 2, 3]);
    evidence.requests(gateway, 'starts and completes', answered(3));
  });
}

requirement(['GEN-09'], 'a cancelled export limit gives way to the default', async (evidence) => {
  const gateway = await new VirtualGateway({ scenario: program({ opModExpLimW: percent(30) }) }).start().until(60);
  const event = gateway.publish({ program: 'site', startsIn: 0, durationSeconds: 1800, modes: { opModExpLimW: percent(200) } });
  await gateway.run(180);
  evidence.site('export under it', gateway.truth.exportAt(gateway.now), { least: percent(90) });
  cancelControl(gateway.state, event.mRID, gateway.serverNow);
  const heard = await gateway.when('the cancellation is answered', () => answersTo(gateway, event).includes(6), 90);
  await gateway.run(120);
  evidence.requests(gateway, 'answers 6', answered(6));
  evidence.site('export after it', gateway.truth.mostExport(heard + WITHIN, gateway.now), {
    least: percent(28),
    most: percent(30) + BAND_W,
  });
});

for (const [id, mode] of [
  ['GEN-11', 'opModExpLimW'],
  ['GEN-12', 'opModGenLimW'],
] as const satisfies readonly (readonly [string, Limit])[]) {
  requirement([id], `${mode} of 200, 100, 40, 25 and 0 % in turn`, async (evidence) => {
    const gateway = await new VirtualGateway({ scenario: program({ [mode]: percent(30) }) }).start().until(60);
    const shares = [200, 100, 40, 25, 0];
    const events = shares.map((share, index) =>
      gateway.publish({ program: 'site', startsIn: 60 + 120 * index, durationSeconds: 120, modes: { [mode]: percent(share) } }),
    );
    await gateway.until(120 + 600 + 60);
    const own = mode === 'opModExpLimW' ? LOAD_W : 0;
    for (const [index, share] of shares.entries()) {
      const from = 120 + 120 * index;
      const limit = Math.min(percent(share) + own, RATED_W);
      const most = gateway.truth.mostGeneration(from + WITHIN, from + 119);
      evidence.site(`generation at ${share} %`, most, { least: limit - 250, most: limit + BAND_W });
      const { truth } = gateway;
      const kept = mode === 'opModExpLimW' ? truth.mostExport(from + WITHIN, from + 119) : most;
      evidence.site(`${mode} of ${share} % kept`, kept, { most: percent(share) + BAND_W });
      // Allowed energy is used.
      evidence.site(`mean export at ${share} %`, truth.meanExport(from + 30, from + 118), { least: limit - LOAD_W - 250 });
      expect(answersTo(gateway, events[index] ?? expect.fail()), `${share} %`).toEqual([1, 2, 3]);
    }
    evidence.requests(gateway, 'completes each', answered(3));
  });
}

requirement(['GEN-13'], 'an export limit of 20 % through a load of 0, 20, 10 and 0 %', async (evidence) => {
  const load = steps([
    [0, 0],
    [240, percent(20)],
    [360, percent(10)],
    [480, 0],
  ]);
  const scenario = program({ opModExpLimW: percent(50) });
  const gateway = await new VirtualGateway({ scenario, site: { plant: { load } } }).start().until(60);
  const event = gateway.publish({ program: 'site', startsIn: 60, durationSeconds: 420, modes: { opModExpLimW: percent(20) } });
  await gateway.until(600);
  const { truth } = gateway;
  for (const [from, until, output] of [
    [120, 240, 20],
    [240, 360, 40],
    [360, 480, 30],
    [480, 540, 20],
  ] as const) {
    evidence.site(`export from ${from} s`, truth.mostExport(from + WITHIN, until - 1), {
      least: percent(20) - BAND_W,
      most: percent(20) + BAND_W,
    });
    evidence.site(`output from ${from} s`, truth.generationAt(until - 2), {
      least: percent(output) - 200,
      most: percent(output) + BAND_W,
    });
  }
  expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'completes', answered(3));
});

requirement(['ALL-24'], 'watts with multipliers 0, 1 and 2', async (evidence) => {
  const gateway = await new VirtualGateway({ utility: { layout: 'apiV2' } }).start().until(60);
  const limits = [2345, 2340, 2300];
  const events = limits.map((limit, index) =>
    gateway.publish({ program: 'site', startsIn: 60 + 120 * index, durationSeconds: 120, modes: { opModExpLimW: limit } }),
  );
  await gateway.until(120 + 360 + 60);
  for (const [index, limit] of limits.entries()) {
    const from = 120 + 120 * index;
    evidence.site(`export at ${limit} W`, gateway.truth.meanExport(from + 40, from + 118), {
      least: limit - 60,
      most: limit + 20,
    });
    expect(answersTo(gateway, events[index] ?? expect.fail())).toEqual([1, 2, 3]);
  }
  evidence.requests(gateway, 'completes each', answered(3));
});

requirement(['G13', 'G14', 'G15'], 'higher priority acts first, then the newer', async (evidence) => {
  const scenario = {
    programs: [
      { name: 'site', primacy: 1, default: { opModExpLimW: 1500 } },
      { name: 'feeder', primacy: 9, default: null },
    ],
  };
  const gateway = await new VirtualGateway({ scenario }).start().until(60);
  const worse = gateway.publish({ program: 'feeder', startsIn: 100, durationSeconds: 200, modes: { opModExpLimW: 1000 } });
  const better = gateway.publish({ program: 'site', startsIn: 100, durationSeconds: 200, modes: { opModExpLimW: 6000 } });
  await gateway.run(20);
  const newer = gateway.publish({ program: 'site', startsIn: 180, durationSeconds: 100, modes: { opModExpLimW: 4000 } });
  await gateway.until(480);
  evidence.site('export under the better, though less tight', gateway.truth.mostExport(175, 258), { least: 5800, most: 6100 });
  evidence.site('export under the newer', gateway.truth.mostExport(260 + WITHIN, 358), { least: 3800, most: 4100 });
  expect(answersTo(gateway, worse)).toEqual([1, 7]);
  expect(answersTo(gateway, better)).toEqual([1, 2, 7]);
  expect(answersTo(gateway, newer)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'answers 7', answered(7));
});

requirement(['G21'], 'a control reaches the inverter well within ten minutes of its receipt', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(60);
  const event = gateway.publish({ program: 'site', startsIn: -30, durationSeconds: 600, modes: { opModExpLimW: 0 } });
  const heard = await gateway.when('it is received', () => answersTo(gateway, event).includes(1), 90);
  await gateway.run(60);
  evidence.requests(gateway, 'starts it', answered(2));
  const obeyed = gateway.truth.firstBelow(120 - 60, BAND_W);
  evidence.site('seconds from receipt to effect', obeyed === null ? null : obeyed - heard, { most: WITHIN });
});

requirement(['BASIC-018', 'BASIC-019'], 'default, event, default, event, default', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(60);
  const first = gateway.publish({ program: 'site', startsIn: 60, durationSeconds: 120, modes: { opModExpLimW: 5000 } });
  const second = gateway.publish({ program: 'site', startsIn: 300, durationSeconds: 120, modes: { opModExpLimW: 3000 } });
  await gateway.until(600);
  const { truth } = gateway;
  for (const [from, until, limit] of [
    [80, 118, 1500],
    [150, 238, 5000],
    [260, 358, 1500],
    [390, 478, 3000],
    [500, 598, 1500],
  ] as const) {
    evidence.site(`export from ${from} s`, truth.mostExport(from, until), { least: limit - BAND_W, most: limit + BAND_W });
  }
  for (const event of [first, second]) expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'completes both', answered(3));
});

requirement(['BASIC-016', 'BASIC-017', 'BASIC-020'], 'defaults of two programs, and none', async (evidence) => {
  const scenario = {
    programs: [
      { name: 'feeder', primacy: 9, default: { opModExpLimW: 4000 } },
      { name: 'site', primacy: 1, default: { opModExpLimW: 7000 } },
    ],
  };
  const gateway = await new VirtualGateway({ scenario, fallbackExportW: 2000 }).start().until(120);
  const { truth } = gateway;
  evidence.site('export at the better default', truth.mostExport(60, 120), { least: 6800, most: 7100 });
  const one = gateway.publish({ program: 'feeder', startsIn: 80, durationSeconds: 60, modes: { opModExpLimW: 1000 } });
  const other = gateway.publish({ program: 'site', startsIn: 220, durationSeconds: 60, modes: { opModExpLimW: 3000 } });
  await gateway.until(460);
  evidence.site('under the event of the worse', truth.mostExport(200 + WITHIN, 258), { most: 1100 });
  evidence.site('between', truth.exportAt(335), { least: 6800 });
  evidence.site('under the event of the better', truth.mostExport(340 + WITHIN, 398), { most: 3100 });
  evidence.site('after', truth.exportAt(450), { least: 6800 });
  for (const event of [one, other]) expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  setDefault(gateway.state, 'feeder', null);
  setDefault(gateway.state, 'site', null);
  await gateway.run(420);
  evidence.site('export with no default left: the fallback', truth.mostExport(gateway.now - 60, gateway.now), { most: 2100 });
  const alone = gateway.publish({ program: 'site', startsIn: 80, durationSeconds: 60, modes: { opModExpLimW: 5000 } });
  await gateway.run(300);
  expect(answersTo(gateway, alone)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'completes each', answered(3));
});

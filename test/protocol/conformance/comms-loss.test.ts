import { expect } from 'vitest';
import { setOutage } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo, get, polls } from './criteria.ts';
import { requirement } from './requirement.ts';

const BAND_W = 100;
const WITHIN = 15;

requirement(
  ['ALL-23', 'G12'],
  'five stored events run through 420 s of HTTP 500, then the default; back on return',
  async (evidence) => {
    const scenario = { programs: [{ name: 'site', primacy: 0, default: { opModExpLimW: 0 } }] };
    const gateway = await new VirtualGateway({ scenario, fallbackExportW: 9000 }).start().until(60);
    const shares = [20_000, 2000, 18_000, 7000, 13_000];
    const events = shares.map((limit, index) =>
      gateway.publish({ program: 'site', startsIn: 120 + 60 * index, durationSeconds: 60, modes: { opModExpLimW: limit } }),
    );
    await gateway.until(190);
    setOutage(gateway.state, 500);
    await gateway.until(610);
    const { truth } = gateway;
    for (const [index, limit] of shares.entries()) {
      const from = 180 + 60 * index;
      const most = Math.min(limit, 9500) + BAND_W;
      evidence.site(`export under event ${index}`, truth.mostExport(from + WITHIN, from + 59), {
        least: Math.min(limit, 9500) - 400,
        most,
      });
    }
    evidence.site('export at the default after them', truth.mostExport(480 + WITHIN, 610), { most: BAND_W });
    evidence.requests(gateway, 'tries meanwhile', ({ status }) => status === 500, { from: 190, until: 610 });
    setOutage(gateway.state, null);
    await gateway.until(730);
    evidence.requests(gateway, 'polls controls again within 120 s', get('control-list'), { from: 610, until: 730 });
    const next = gateway.publish({ program: 'site', startsIn: 0, durationSeconds: 300, modes: { opModExpLimW: 5000 } });
    await gateway.run(120);
    evidence.site('export under the next', truth.exportAt(gateway.now), { least: 4800, most: 5100 });
    for (const event of events) expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
    expect(answersTo(gateway, next)).toEqual([1, 2]);
    evidence.requests(gateway, 'answers all of it', answered(3), { from: 610 });
  },
);

requirement(['ALL-30'], 'power cycle without network: the stored default; then an event that began before', async (evidence) => {
  const scenario = { programs: [{ name: 'site', primacy: 0, default: { opModExpLimW: 3000 } }] };
  const gateway = await new VirtualGateway({ scenario, fallbackExportW: 0 }).start().until(120);
  evidence.site('export at the default', gateway.truth.exportAt(119), { least: 2900, most: 3100 });
  gateway.network.state = 'cut';
  await gateway.run(5);
  gateway.cutPower();
  await gateway.run(30);
  gateway.start();
  await gateway.run(300);
  evidence.site('export after the restart, alone', gateway.truth.mostExport(gateway.now - 200, gateway.now), {
    least: 2800,
    most: 3100,
  });
  const event = gateway.publish({ program: 'site', startsIn: -60, durationSeconds: 900, modes: { opModExpLimW: 5000 } });
  gateway.network.state = 'up';
  await gateway.when('it is started', () => answersTo(gateway, event).includes(2), 120);
  await gateway.run(60);
  evidence.requests(gateway, 'answers 2', answered(2));
  evidence.site('export under it', gateway.truth.exportAt(gateway.now), { least: 4800, most: 5100 });
});

requirement(['P2'], 'network cut, then back: one probe at a time, never crowded, all polled again', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(120);
  gateway.network.state = 'cut';
  await gateway.run(900);
  evidence.site('export meanwhile', gateway.truth.mostExport(100, gateway.now), { most: 1600 });
  gateway.network.state = 'up';
  const back = gateway.now;
  await gateway.run(400);
  const [first] = evidence.requests(gateway, 'is back within its poll rate', get('dcap'), { from: back, until: back + 75 });
  expect(first).toBeDefined();
  expect(polls(gateway, 'control-list').filter((second) => second >= back).length).toBeLessThanOrEqual(2 * 9);
});

import { expect } from 'vitest';
import type { Modes } from '../../rig/utility/options.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo } from './criteria.ts';
import { requirement } from './requirement.ts';

/** Discharge rate, charge rate and VA of the battery: equal, as the procedure wants them. */
const RATED_W = 5000;
const BAND_W = 100;
const WITHIN = 15;
const EACH_SECONDS = 120;

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

requirement(['STO-03', 'STO-06'], 'a storage target in six events: the export limit wins', async (evidence) => {
  const programs = [{ name: 'site', primacy: 0, default: { opModExpLimW: 2 * RATED_W } }];
  const battery = { family: 'setpoint', maxChargeW: RATED_W, maxDischargeW: RATED_W, capacityWh: 50_000, automatic: 0 } as const;
  const gateway = await new VirtualGateway({
    scenario: { programs },
    profile: 'csip-aus-v1.3',
    utility: { extension: '1.3' },
    batteries: [battery],
    site: { plant: { sun: () => 0, load: () => 0 } },
  })
    .start()
    .until(60);
  const events = EVENTS.map(([target, limit], index) =>
    gateway.publish({
      program: 'site',
      startsIn: 60 + EACH_SECONDS * index,
      durationSeconds: EACH_SECONDS,
      modes: modesOf(target, limit),
    }),
  );
  await gateway.until(120 + EACH_SECONDS * EVENTS.length + 60);
  for (const [index, [target, limit, power]] of EVENTS.entries()) {
    const from = 120 + EACH_SECONDS * index;
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

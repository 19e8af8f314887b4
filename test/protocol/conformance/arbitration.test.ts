import { expect } from 'vitest';
import type { Modes } from '../../rig/utility/options.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo } from './criteria.ts';
import { requirement } from './requirement.ts';

const RATED_W = 10_000;

/** Two programs, the first the better; defaults of 1500 W and none unless said. */
const twoPrograms = async (best: Modes | null = { opModExpLimW: 1500 }, worse: Modes | null = null): Promise<VirtualGateway> =>
  await new VirtualGateway({
    scenario: {
      programs: [
        { name: 'best', primacy: 1, default: best },
        { name: 'worse', primacy: 2, default: worse },
      ],
    },
  })
    .start()
    .until(60);

const publish = (gateway: VirtualGateway, program: string, startsIn: number, durationSeconds: number, modes: Modes) =>
  gateway.publish({ program, startsIn, durationSeconds, modes });

requirement(['BASIC-021', 'BASIC-022'], 'the better of two wins before either starts, whichever came first', async (evidence) => {
  for (const order of [
    ['worse', 'best'],
    ['best', 'worse'],
  ] as const) {
    const gateway = await twoPrograms();
    const limit = { best: 3000, worse: 6000 };
    const events = order.map(
      (program) => [program, publish(gateway, program, 200, 200, { opModExpLimW: limit[program] })] as const,
    );
    await gateway.until(560);
    for (const [program, event] of events) expect(answersTo(gateway, event)).toEqual(program === 'best' ? [1, 2, 3] : [1, 7]);
    evidence.requests(gateway, 'the worse is superseded', answered(7));
    evidence.site('export under the better', gateway.truth.mostExport(290, 455), { least: 2700, most: 3100 });
  }
});

requirement(['BASIC-023'], 'a better one that comes while the worse runs takes over for good', async (evidence) => {
  const gateway = await twoPrograms();
  const worse = publish(gateway, 'worse', 60, 600, { opModExpLimW: 6000 });
  await gateway.until(240);
  const better = publish(gateway, 'best', 90, 120, { opModExpLimW: 3000 });
  await gateway.until(620);
  expect(answersTo(gateway, worse)).toEqual([1, 2, 7]);
  expect(answersTo(gateway, better)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'superseded while it ran', answered(7));
  evidence.site('export under the worse', gateway.truth.mostExport(290, 328), { least: 5700, most: 6100 });
  evidence.site('export under the better', gateway.truth.mostExport(360, 445), { least: 2700, most: 3100 });
  // The worse one would still run: it does not come back.
  evidence.site('export at the default', gateway.truth.mostExport(540, 615), { least: 1300, most: 1600 });
});

requirement(
  ['BASIC-024', 'BASIC-025', 'BASIC-026'],
  'different modes do not compete: both run, and defaults return per mode',
  async (evidence) => {
    const gateway = await twoPrograms({ opModExpLimW: 4000 }, { opModGenLimW: 8000 });
    const limit = publish(gateway, 'worse', 120, 240, { opModGenLimW: 5000 });
    const share = publish(gateway, 'best', 120, 120, { opModExpLimW: 2000 });
    await gateway.until(500);
    expect(answersTo(gateway, limit)).toEqual([1, 2, 3]);
    expect(answersTo(gateway, share)).toEqual([1, 2, 3]);
    evidence.requests(gateway, 'both complete', answered(3));
    evidence.site('export under both', gateway.truth.mostExport(215, 295), { least: 1800, most: 2100 });
    evidence.site('export at the default beside the other event', gateway.truth.mostExport(380, 415), {
      least: 3700,
      most: 4100,
    });
  },
);

requirement(['CORE-013'], '10 programs of 10 controls in order of priority and time', async (evidence) => {
  const programs = Array.from({ length: 10 }, (_, index) => ({ name: `p${index}`, primacy: index + 1, default: null }));
  const gateway = await new VirtualGateway({ scenario: { programs }, fallbackExportW: 1000 }).start().until(60);
  // Each program covers its own minute with ten controls of six seconds; the better ones also cover the first of those below.
  const events = programs.flatMap(({ name }, program) =>
    Array.from({ length: 10 }, (_, index) =>
      publish(gateway, name, 120 + 60 * program + 6 * index, 6, { opModExpLimW: 1000 + 500 * program }),
    ),
  );
  const first = publish(gateway, 'p0', 180, 60, { opModExpLimW: 7000 });
  await gateway.until(180 + 600 + 120);
  expect(answersTo(gateway, first)).toEqual([1, 2, 3]);
  for (const [index, event] of events.entries()) {
    const covered = index >= 10 && index < 20;
    expect(answersTo(gateway, event), `event ${index}`).toEqual(covered ? [1, 7] : [1, 2, 3]);
  }
  evidence.requests(gateway, 'completes', answered(3));
  evidence.site('export under the better of the first two', gateway.truth.mostExport(255, 298), { least: 6700, most: 7100 });
  for (let program = 2; program < 10; program += 1) {
    const from = 180 + 60 * program;
    const limit = 1000 + 500 * program;
    evidence.site(`export in the minute of program ${program}`, gateway.truth.meanExport(from + 25, from + 58), {
      least: limit - 250,
      most: limit + 60,
    });
  }
});

requirement(['BASIC-010'], 'opModMaxLimW caps the generation', async (evidence) => {
  const gateway = await twoPrograms({ opModExpLimW: RATED_W });
  const event = publish(gateway, 'best', 60, 180, { opModMaxLimW: 4000 });
  await gateway.until(420);
  expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'started', answered(2));
  evidence.site('generation under 40 %', gateway.truth.mostGeneration(150, 295), { least: 3800, most: 4050 });
  evidence.site('generation before', gateway.truth.mostGeneration(90, 118), { least: 9500 });
});

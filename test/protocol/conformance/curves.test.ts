import { expect } from 'vitest';
import type { Curve, Modes } from '../../rig/utility/options.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo, get, told } from './criteria.ts';
import { type Evidence, requirement } from './requirement.ts';

/** The DER family, and 134, the one frequency-watt curve there is. */
const MODELS = [705, 706, 711, 712, 707, 708, 709, 710, 134];
const RATED_W = 10_000;

/** y at times in seconds; each holds until the next. */
const steps =
  (...points: readonly (readonly [at: number, y: number])[]) =>
  (t: number): number =>
    points.findLast(([at]) => at * 1000 <= t)?.[1] ?? 0;

const curve = (
  name: string,
  curveType: number,
  points: readonly (readonly [number, number])[],
  more: Partial<Curve> = {},
): Curve => ({
  name,
  curveType,
  points: points.map(([x, y]) => ({ x: Math.round(x * 100), y: Math.round(y * 100) })),
  xMultiplier: -2,
  yMultiplier: -2,
  ...more,
});

interface Procedure {
  readonly curves: readonly Curve[];
  readonly defaults?: Modes;
  readonly modes: Modes;
  readonly gridVolts?: (t: number) => number;
  readonly gridHertz?: (t: number) => number;
  /** DERControlType bits that must be advertised. */
  readonly bits: readonly number[];
}

const START = 120;
const END = 300;

const modesSupported = ({ body }: { readonly body: { readonly [name: string]: unknown } | null }): number => {
  const text = body?.['modesSupported'];
  return typeof text === 'string' ? Number.parseInt(text, 16) : 0;
};

const begin = async (evidence: Evidence, { curves, defaults = {}, modes, bits, ...grid }: Procedure) => {
  const programs = [{ name: 'site', primacy: 0, default: { opModExpLimW: RATED_W, ...defaults }, curves }];
  const site = { inverter: { curves: MODELS, ...grid } };
  const gateway = await new VirtualGateway({ gridCodeWrites: true, scenario: { programs }, site }).start().until(60);
  const wanted = bits.reduce((mask, bit) => mask | (1 << bit), 0);
  evidence.requests(
    gateway,
    'advertises the modes',
    (exchange) => told('DERCapability')(exchange) && (modesSupported(exchange) & wanted) === wanted,
  );
  const event = gateway.publish({ program: 'site', startsIn: START - 60, durationSeconds: END - START, modes });
  return { gateway, event };
};

const finish = async (evidence: Evidence, { gateway, event }: Awaited<ReturnType<typeof begin>>, at: number): Promise<void> => {
  await gateway.until(at);
  expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'begins', answered(2), { from: START, until: START + 15 });
  evidence.requests(gateway, 'completes', answered(3));
};

const reactive = (gateway: VirtualGateway): number => {
  gateway.line.sync();
  return gateway.site.inverter.reactiveAt(gateway.line.siteNow);
};

requirement(
  ['BASIC-004'],
  'voltage ride-through: trips and momentary cessation by the curves of the event, then as before',
  async (evidence) => {
    const run = await begin(evidence, {
      curves: [
        curve('lv-trip', 10, [
          [2, 70],
          [11, 88],
        ]),
        curve('lv-cease', 9, [[0.1, 50]]),
        curve('hv-trip', 5, [
          [0.2, 120],
          [12, 110],
        ]),
        curve('hv-cease', 4, [[0.1, 115]]),
      ],
      modes: {
        opModLVRTMustTrip: 'lv-trip',
        opModLVRTMomentaryCessation: 'lv-cease',
        opModHVRTMustTrip: 'hv-trip',
        opModHVRTMomentaryCessation: 'hv-cease',
      },
      bits: [13, 14, 18, 19],
      // Sags and swells: before; ridden through; into the cessation and back; long enough to trip, low and high; after the event.
      gridVolts: steps(
        [0, 100],
        [80, 60],
        [85, 100],
        [150, 60],
        [151, 100],
        [160, 45],
        [161, 100],
        [170, 117],
        [170.1, 100],
        [180, 60],
        [190, 100],
        [220, 112],
        [236, 100],
        [350, 60],
        [356, 100],
      ),
    });
    const { gateway } = run;
    await finish(evidence, run, 400);
    const { truth } = gateway;
    evidence.site('a sag before the event: no trip', truth.generationAt(84.5), { least: 9000 });
    evidence.site('1 s at 60 % is ridden through', truth.generationAt(151.5), { least: 9000 });
    evidence.site('45 %: it ceases', truth.generationAt(160.8), { most: 10 });
    evidence.site('and comes back without a trip', truth.generationAt(165), { least: 9000 });
    evidence.site('10 s at 60 %: it trips', truth.generationAt(189), { most: 10 });
    evidence.site('and stays off at first', truth.generationAt(195), { most: 10 });
    evidence.site('and returns', truth.generationAt(215), { least: 9000 });
    evidence.site('16 s at 112 %: it has not tripped after 8', truth.generationAt(228), { least: 9000 });
    evidence.site('and has after 14', truth.generationAt(235), { most: 10 });
    evidence.site('after the event the curves are those from before: no trip', truth.generationAt(355), { least: 9000 });
  },
);

requirement(['BASIC-005'], 'frequency ride-through: trips by the curves of the event, then as before', async (evidence) => {
  const run = await begin(evidence, {
    curves: [
      curve('hf-trip', 2, [
        [0.2, 52],
        [10, 51.2],
      ]),
      curve('lf-trip', 7, [
        [0.2, 47],
        [10, 48.5],
      ]),
    ],
    modes: { opModHFRTMustTrip: 'hf-trip', opModLFRTMustTrip: 'lf-trip' },
    bits: [11, 16],
    gridHertz: steps(
      [0, 50],
      [80, 52.5],
      [82, 50],
      [150, 51.5],
      [153, 50],
      [160, 52.5],
      [162, 50],
      [200, 47.8],
      [212, 50],
      [350, 46],
      [352, 50],
    ),
  });
  await finish(evidence, run, 400);
  const { truth } = run.gateway;
  evidence.site('52.5 Hz before the event: no trip', truth.generationAt(81.5), { least: 9000 });
  evidence.site('3 s at 51.5 Hz are ridden through', truth.generationAt(154), { least: 9000 });
  evidence.site('52.5 Hz: it trips', truth.generationAt(161.5), { most: 10 });
  evidence.site('and returns', truth.generationAt(180), { least: 9000 });
  evidence.site('47.8 Hz: not yet after 4 s', truth.generationAt(204), { least: 9000 });
  evidence.site('and tripped after 11 s', truth.generationAt(211.5), { most: 10 });
  evidence.site('after the event as before: no trip at 46 Hz', truth.generationAt(351.5), { least: 9000 });
});

requirement(['BASIC-006'], 'volt-var: the curve of the event, of its default before and after', async (evidence) => {
  const more = { yRefType: 2, more: { openLoopTms: 500 } };
  const run = await begin(evidence, {
    curves: [
      curve(
        'event',
        11,
        [
          [92, 100],
          [98, 0],
          [102, 0],
          [108, -100],
        ],
        more,
      ),
      curve(
        'default',
        11,
        [
          [90, 30],
          [97, 0],
          [103, 0],
          [107, -30],
        ],
        more,
      ),
    ],
    defaults: { opModVoltVar: 'default' },
    modes: { opModVoltVar: 'event' },
    bits: [23],
    gridVolts: steps([0, 105], [200, 95], [250, 100]),
  });
  const { gateway } = run;
  evidence.requests(gateway, 'reads the curves', get('curve-list'));
  const at = async (seconds: number): Promise<number> => reactive(await gateway.until(seconds));
  // 4 400 var are all it has.
  evidence.site('105 % by the default: half of 30 %', await at(110), { least: -680, most: -640 });
  evidence.site('105 % by the event: half', await at(180), { least: -2250, most: -2150 });
  evidence.site('95 %: half, into the grid', await at(230), { least: 2150, most: 2250 });
  evidence.site('100 %: none', await at(280), { least: -1, most: 1 });
  await finish(evidence, run, 350);
  evidence.site('the default again, at 100 %: none', reactive(gateway), { least: -1, most: 1 });
});

requirement(['BASIC-006'], 'volt-var survives a restart of the control process, and a dead utility', async (evidence) => {
  const run = await begin(evidence, {
    curves: [
      curve(
        'event',
        11,
        [
          [92, 100],
          [98, 0],
          [102, 0],
          [108, -100],
        ],
        { yRefType: 2 },
      ),
    ],
    modes: { opModVoltVar: 'event' },
    bits: [23],
    gridVolts: () => 105,
  });
  const { gateway } = run;
  const at = async (seconds: number): Promise<number> => reactive(await gateway.until(seconds));
  evidence.site('in force', await at(150), { least: -2250, most: -2150 });
  gateway.network.state = 'cut';
  gateway.killControl();
  evidence.site('while the process is dead', await at(160), { least: -2250, most: -2150 });
  gateway.startControl();
  evidence.site('and after it came back', await at(200), { least: -2250, most: -2150 });
  evidence.site('ends on time, without the utility', await at(320), { least: -1, most: 1 });
  gateway.network.state = 'up';
  await gateway.until(700);
  expect(answersTo(gateway, run.event)).toEqual([1, 2, 3]);
});

requirement(['BASIC-011'], 'volt-watt: the curve of the event, then none', async (evidence) => {
  const run = await begin(evidence, {
    curves: [
      curve(
        'event',
        12,
        [
          [106, 100],
          [110, 20],
        ],
        { yRefType: 1, more: { openLoopTms: 1000 } },
      ),
    ],
    modes: { opModVoltWatt: 'event' },
    bits: [24],
    gridVolts: steps([0, 108], [200, 109], [250, 105], [270, 108]),
  });
  await finish(evidence, run, 350);
  const { truth } = run.gateway;
  evidence.site('108 % before the event', truth.generationAt(110), { least: 9900 });
  evidence.site('108 %: 60 %', truth.generationAt(180), { least: 5950, most: 6050 });
  evidence.site('109 %: 40 %', truth.generationAt(240), { least: 3950, most: 4050 });
  evidence.site('105 %: all', truth.generationAt(265), { least: 9900 });
  evidence.site('after the event, at 108 %', truth.generationAt(340), { least: 9900 });
});

requirement(['BASIC-012'], 'frequency-watt: the curve of the event', async (evidence) => {
  const run = await begin(evidence, {
    curves: [
      curve('event', 0, [
        [50.2, 100],
        [52, 0],
      ]),
    ],
    modes: { opModFreqWatt: 'event' },
    bits: [9],
    gridHertz: steps([0, 50], [90, 51.1], [115, 50], [150, 51.1], [200, 51.64], [240, 50], [320, 51.1]),
  });
  await finish(evidence, run, 360);
  const { truth } = run.gateway;
  evidence.site('51.1 Hz before the event', truth.generationAt(110), { least: 9900 });
  evidence.site('51.1 Hz: half', truth.generationAt(190), { least: 4950, most: 5050 });
  evidence.site('51.64 Hz: a fifth', truth.generationAt(230), { least: 1950, most: 2050 });
  evidence.site('50 Hz: all', truth.generationAt(280), { least: 9900 });
  evidence.site('after the event, at 51.1 Hz', truth.generationAt(350), { least: 9900 });
});

requirement(['BASIC-012'], 'frequency droop: by the numbers of the event', async (evidence) => {
  const run = await begin(evidence, {
    curves: [],
    modes: { opModFreqDroop: { dBOF: 200, dBUF: 200, kOF: 50, kUF: 50, openLoopTms: 500 } },
    bits: [8],
    gridHertz: steps([0, 50], [150, 50.7], [200, 51.2], [240, 50], [320, 50.7]),
  });
  await finish(evidence, run, 360);
  const { truth } = run.gateway;
  // 40 % a hertz beyond 50.2 Hz.
  evidence.site('50.7 Hz: 80 %', truth.generationAt(190), { least: 7900, most: 8100 });
  evidence.site('51.2 Hz: 60 %', truth.generationAt(230), { least: 5900, most: 6100 });
  evidence.site('after the event, at 50.7 Hz', truth.generationAt(350), { least: 9900 });
});

requirement(['BASIC-006'], 'a curve that no inverter may follow is refused: 253', async (evidence) => {
  const programs = [
    {
      name: 'site',
      primacy: 0,
      default: { opModExpLimW: RATED_W },
      curves: [
        curve(
          'bad',
          11,
          [
            [98, 0],
            [92, 100],
          ],
          { yRefType: 2 },
        ),
      ],
    },
  ];
  const gateway = await new VirtualGateway({
    gridCodeWrites: true,
    scenario: { programs },
    site: { inverter: { curves: MODELS, gridVolts: () => 105 } },
    profileChange: { responses: [1, 2, 3, 6, 7, 252, 253, 254] },
  })
    .start()
    .until(60);
  const event = gateway.publish({ program: 'site', startsIn: 60, durationSeconds: 120, modes: { opModVoltVar: 'bad' } });
  await gateway.until(300);
  expect(answersTo(gateway, event)).toEqual([1, 253]);
  evidence.requests(gateway, 'refuses it', answered(253));
  evidence.site('no reactive power', reactive(gateway), { least: 0, most: 0 });
});

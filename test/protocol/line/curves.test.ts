import { describe, expect, test } from 'vitest';
import { InverterSession } from '#drivers/inverter/session.ts';
import { LineEngine } from '#drivers/line/engine.ts';
import { SerialLinePort } from '#drivers/line/serial-port.ts';
import { inverterProfileNamed } from '#drivers/profile/catalogue.ts';
import type { CurveFunction, CurveReference, CurveSetting } from '#site/curve.ts';
import { toDeviceId, type FoundCurve } from '#site/device.ts';
import type { RealSite } from '../../rig/site/real.ts';
import { pysunspecModels, withSite, type PysunspecGroup } from '../rig-site/strangers.ts';
import { realClock, waitUntil } from './real-clock.ts';

const SERIAL = { baudRate: 9600, parity: 'none', stopBits: 1 } as const;
/** Longer than between two requests of a master. */
const QUIET_MS = 100;
const device = toDeviceId('pv');
const nothing = (): void => undefined;

const points = (reference: CurveReference, ...list: readonly (readonly [number, number])[]): CurveSetting => ({
  kind: 'points',
  points: list.map(([x, y]) => ({ x, y, absorbsVar: null })),
  reference,
  openLoopSeconds: 5,
  vRef: null,
});

/** Our session on the rig's line until `use` is through with it; then the line is free for others. */
const withSession = async (
  real: RealSite,
  found: readonly FoundCurve[],
  use: (session: InverterSession, kept: ReadonlyMap<number, FoundCurve>) => Promise<void>,
): Promise<void> => {
  const settings = { ...SERIAL, name: 'a', localEcho: false, paced: true };
  const line = new LineEngine(settings, realClock, new SerialLinePort(real.path, SERIAL, realClock));
  const kept = new Map(found.map((one) => [one.model, one]));
  const session = new InverterSession({
    device,
    unitId: 1,
    line,
    clock: realClock,
    profile: inverterProfileNamed('sunspec-123')!,
    known: null,
    expectedSerial: null,
    found: null,
    keepFound: (_, done) => done(true),
    foundCurves: found,
    keepCurve: (model, one, done) => {
      if (one === null) kept.delete(model);
      else kept.set(model, one);
      done(true);
    },
    onSample: nothing,
    onConnection: nothing,
    onOutcome: nothing,
    onRecord: nothing,
    onStanding: nothing,
    onNote: nothing,
  });
  line.start();
  session.start();
  try {
    await use(session, kept);
  } finally {
    session.stop();
    // A reply still on its way would meet the next master's request.
    let quietSince: number | null = null;
    await waitUntil('the line is quiet', () => {
      quietSince = real.site.nextAt() === null ? (quietSince ?? realClock.now()) : null;
      return quietSince !== null && realClock.now() - quietSince > QUIET_MS;
    });
    line.stop();
  }
};

const group = (value: PysunspecGroup[string] | undefined): PysunspecGroup => value as PysunspecGroup;
const groups = (value: PysunspecGroup[string] | undefined): readonly PysunspecGroup[] => value as readonly PysunspecGroup[];

describe('curves on a real line', () => {
  test.each<[number, CurveFunction, CurveSetting, (model: PysunspecGroup) => unknown, unknown]>([
    [
      705,
      'volt-var',
      points('setMaxVar', [92, 44], [98, 0], [102.5, 0], [108, -44]),
      ({ Ena, Crv }) => ({ Ena, ...curveOf(groups(Crv)[0]!, 'V', 'Var') }),
      {
        Ena: 1,
        ActPt: 4,
        DeptRef: 1,
        points: [
          [92, 44],
          [98, 0],
          [102.5, 0],
          [108, -44],
        ],
      },
    ],
    [
      132,
      'volt-watt',
      points('setMaxW', [106, 100], [110, 20]),
      ({ ActCrv, ModEna, curve }) => {
        const { ActPt, DeptRef, V1, W1, V2, W2 } = groups(curve)[Number(ActCrv) - 1]!;
        return [ActCrv, ModEna, ActPt, DeptRef, V1, W1, V2, W2];
      },
      [3, 1, 2, 1, 106, 100, 110, 20],
    ],
    [
      709,
      'lf-must-trip',
      points(null, [0.16, 47], [300, 48.5]),
      ({ Ena, Crv }) => {
        const must = group(groups(Crv)[0]!['MustTrip']);
        return [
          Ena,
          must['ActPt'],
          ...groups(must['Pt'])
            .slice(0, 2)
            .flatMap(({ Hz, Tms }) => [Hz, Tms]),
        ];
      },
      [1, 2, 47, 0.16, 48.5, 300],
    ],
  ])(
    '%s: as pysunspec2 reads it, and afterwards what it read before',
    async (model, follows, curve, seen, expected) => {
      await withSite({ inverter: { curves: [model] } }, async ({ real }) => {
        const before = await pysunspecModels(real.path, 1, [model]);
        let found: readonly FoundCurve[] = [];
        await withSession(real, [], async (session, kept) => {
          session.want({ device, command: { kind: 'curve', follows, curve }, onSilence: { kind: 'holds' } }, 'raise');
          await waitUntil('the curve is in force', () => session.followed().includes(follows));
          found = [...kept.values()];
        });
        const during = await pysunspecModels(real.path, 1, [model]);
        expect(seen(during[String(model)]!)).toEqual(expected);
        await withSession(real, found, async (_, kept) => {
          await waitUntil('it was given back', () => kept.size === 0);
        });
        const after = await pysunspecModels(real.path, 1, [model]);
        expect(settingsOf(after)).toEqual(settingsOf(before));
      });
    },
    60_000,
  );
});

const curveOf = ({ ActPt, DeptRef, Pt }: PysunspecGroup, x: string, y: string) => ({
  ActPt,
  DeptRef,
  points: groups(Pt)
    .slice(0, Number(ActPt))
    .map((point) => [point[x], point[y]]),
});

/** Without the last adoption, and of curves only the points that count. */
function settingsOf(models: Readonly<Record<string, PysunspecGroup>>): string {
  return JSON.stringify(models, (name, value: unknown) => {
    if (name === 'AdptCrvReq' || name === 'AdptCrvRslt') return undefined;
    if (typeof value !== 'object' || value === null || !('ActPt' in value)) return value;
    const count = Number((value as PysunspecGroup)['ActPt']);
    const counts = ([key]: [string, unknown]): boolean => !/^(V|W)\d+$/.test(key) || Number(key.slice(1)) <= count;
    const kept = Object.fromEntries(Object.entries(value).filter(counts)) as Record<string, unknown>;
    return Array.isArray(kept['Pt']) ? { ...kept, Pt: kept['Pt'].slice(0, count) } : kept;
  });
}

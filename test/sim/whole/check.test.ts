import { describe, expect, test } from 'vitest';
import type { Truth } from '../../rig/site/plant.ts';
import { checkWhole } from './check.ts';
import { drawWhole, type Whole } from './draw.ts';
import { runWhole, type Seen, type WholeOutcome } from './run.ts';

const NOWHERE = { strength: 0, inverter: 0, beside: 0, line: 0 };
const LOCAL = { limits: {}, agreementW: null, entries: [], topic: null, contact: null };
/** Any seed of one inverter: it has two faults, one event, and is well in the end. */
const SEED = 1;
const WHOLE: Whole = {
  ...drawWhole(SEED, 0.5),
  ...{ seconds: 640, healedAt: 400, pollSeconds: 20, defaultW: 3000, local: LOCAL },
  faults: [
    { fault: 'meter-silent', from: 100, until: 160, ...NOWHERE },
    { fault: 'controld-killed', from: 300, until: 320, ...NOWHERE },
  ],
  events: [{ program: 'site', createdAt: 200, start: 240, durationSeconds: 100, limitW: 1000, cancelAt: null }],
};

type Change = (outcome: WholeOutcome) => WholeOutcome;

/** The run with something of the gateway replaced. */
const replaced = (outcome: WholeOutcome, what: Partial<Seen>): WholeOutcome => {
  const { disk, notes, state, now, origin, truth: seen } = outcome.gateway;
  return { ...outcome, gateway: { disk, notes, state, now, origin, truth: seen, ...what } };
};

/** The truth of a span is another. */
const truth =
  (from: number, until: number, change: (point: Truth) => Partial<Truth>): Change =>
  (outcome) => {
    const points = outcome.gateway.truth.points.map((point) =>
      point.t >= from * 1000 && point.t <= until * 1000 ? { ...point, ...change(point) } : point,
    );
    return replaced(outcome, { truth: { points } });
  };

const WRONGS: readonly (readonly [string, Change])[] = [
  ['export', truth(250, 299, () => ({ netExport: 1200 }))],
  ['blind', truth(120, 155, () => ({ generation: 4000, netExport: 0, load: 4000 }))],
  ['energy', truth(550, 640, ({ load }) => ({ generation: 0, netExport: 0 - load }))],
  ['setpoint', (outcome) => ({ ...outcome, writes: [...outcome.writes, { at: 280, watts: 9500, ratedW: 10_000 }] })],
  ['write-rate', (outcome) => ({ ...outcome, writes: Array.from({ length: 200 }, () => outcome.writes).flat() })],
  ['restart', (outcome) => ({ ...outcome, writes: outcome.writes.filter(({ at }) => at < 300 || at > 310) })],
  ['told', (outcome) => ({ ...outcome, told: [...outcome.told, { at: 290, exportLimit: 3000 }] })],
  ['responses', (outcome) => ({ ...outcome, responses: [...outcome.responses].reverse() })],
  ['responses', (outcome) => ({ ...outcome, responses: outcome.responses.slice(0, 1) })],
  ['responses', (outcome) => ({ ...outcome, responses: outcome.responses.flatMap((each) => [each, each]) })],
  ['responses', (outcome) => ({ ...outcome, responses: [] })],
  [
    'memory',
    (outcome) => ({ ...outcome, heaps: outcome.heaps.map((heap, index) => ({ ...heap, bytes: heap.bytes + index * 2e7 })) }),
  ],
  ['crash', (outcome) => ({ ...outcome, crash: 'a broken invariant' })],
];

describe('what the whole simulation would notice', () => {
  const run = runWhole(WHOLE);

  test('a run in which all is well passes', async () => {
    expect(checkWhole(WHOLE, await run)).toEqual([]);
  });

  test.each(WRONGS)('%s', async (rule, change) => {
    expect(checkWhole(WHOLE, change(await run)).map((violation) => violation.rule)).toContain(rule);
  });

  test('a server asked without end, and one that holds nothing', async () => {
    const outcome = await run;
    const { state } = outcome.gateway;
    const { exchanges } = state.journal;
    const [one] = exchanges;
    if (one === undefined) throw new Error('nothing was asked');
    const asked = {
      ...state,
      journal: { ...state.journal, exchanges: Array.from({ length: 2000 }, () => one) },
      mirrors: new Map(),
    };
    const rules = checkWhole(WHOLE, replaced(outcome, { state: asked })).map(({ rule }) => rule);
    expect(rules).toContain('requests');
    expect(rules).toContain('remembered');
  });
});

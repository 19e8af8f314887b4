import process from 'node:process';
import { expect } from 'vitest';
import { setRates } from '../../rig/utility/state.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo } from './criteria.ts';
import { requirement } from './requirement.ts';

const HOUR = 3600;
/** The whole procedure takes minutes of processor time: GRIDWARD_LONG=1 runs it; CI its twelve events at a quarter of an hour each. */
const EVENT_HOURS = process.env['GRIDWARD_LONG'] === '1' ? 6 : 0.25;
const EVENTS = 12;
const HOURS = EVENTS * EVENT_HOURS;
const RATED_W = 10_000;
const LIMITS = [5000, 2000, 8000, 1000] as const;

requirement(
  ['ALL-25-EXT', 'P42'],
  'twelve long events in a row at hourly rates, all followed and answered, readings all the time',
  async (evidence) => {
    const gateway = new VirtualGateway({ site: { plant: { truthMs: 1000 } } });
    setRates(gateway.state, { pollRate: HOUR, postRate: HOUR });
    const limit = (index: number): number => LIMITS[index % LIMITS.length] ?? RATED_W;
    const events = Array.from({ length: EVENTS }, (_, index) =>
      gateway.publish({
        program: 'site',
        startsIn: 300 + EVENT_HOURS * HOUR * index,
        durationSeconds: EVENT_HOURS * HOUR,
        modes: { opModExpLimW: limit(index) },
      }),
    );
    await gateway.start().until(300 + (HOURS + 1.2) * HOUR);
    for (const [index, event] of events.entries()) {
      const from = 300 + EVENT_HOURS * HOUR * index;
      expect(answersTo(gateway, event), `event ${index}`).toEqual([1, 2, 3]);
      const most = gateway.truth.mostExport(from + 20, from + EVENT_HOURS * HOUR - 1);
      evidence.site(`export under event ${index}`, most, { least: limit(index) - 200, most: limit(index) + 100 });
    }
    evidence.requests(gateway, 'completes each', answered(3));
    const posts = evidence.requests(gateway, 'posts readings', ({ resource, method, status }) => {
      return resource === 'mup' && method === 'POST' && status < 300;
    });
    // Two mirrors, an hour apart, and each reading of every interval in them.
    expect(posts.length).toBeGreaterThanOrEqual(2 * HOURS);
    const starts = gateway.state.journal.readings.map(({ start }) => start);
    expect(new Set(starts).size).toBeGreaterThanOrEqual(HOURS);
  },
  3000,
);

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { monoMs, seconds } from '#base/units.ts';
import type { LogRecord } from '#log/record.ts';
import type { Lfdi } from '../../../firmware/utility/identity/fingerprint.ts';
import { deliveryOf } from '../../../firmware/utility/report/delivery.ts';
import type { MirrorEvent, MirrorState } from '../../../firmware/utility/report/mirror.ts';
import { INITIAL_MIRROR, mirrorStep, mirrorWants } from '../../../firmware/utility/report/mirror.ts';
import { outcomeOf } from '../../../firmware/utility/report/outcome.ts';
import type { QueueState } from '../../../firmware/utility/report/queue.ts';
import { DENIED_ATTEMPTS, next, offer, openQueue, room, settle, START, wakeAt } from '../../../firmware/utility/report/queue.ts';
import { mirrorPoints, mirrorUsagePoint } from '../../../firmware/utility/report/reading.ts';

const lfdi = 'B37B0DC793759F646AD4489E3D4B96A3B1BF5185' as Lfdi;
const at = monoMs(1000);

const queueOf = (subjects: readonly (string | null)[]): QueueState<number> => {
  let state = openQueue<number>(START);
  subjects.forEach((subject, index) => {
    state = offer(state, index + 1, subject === null ? null : { seq: index + 1, subject, payload: index + 1 });
  });
  return state;
};

const taken = (state: QueueState<number>, now = at) => {
  const step = next(state, now);
  if (step === null) throw new Error('nothing to send');
  return step;
};

describe('the delivery queue', () => {
  it('passes records that make nothing to send', () => {
    expect(queueOf([null, null, null]).cursor).toEqual({ seq: 3, beyond: [] });
  });

  it('keeps the order of a subject, one in flight, and sends other subjects meanwhile', () => {
    const first = taken(queueOf(['a', 'a', 'b']));
    expect(first.delivery.seq).toBe(1);
    const second = taken(first.state);
    expect(second.delivery.seq).toBe(3);
    expect(next(second.state, at)).toBeNull();
    const settled = settle(second.state, 1, { kind: 'accepted' }, at);
    expect(taken(settled).delivery.seq).toBe(2);
  });

  it('moves the cursor only on an answer, and remembers what was accepted past a waiting record', () => {
    const sent = taken(queueOf(['a', 'b', null]));
    expect(sent.state.cursor.seq).toBe(0);
    const both = taken(sent.state);
    const retried = settle(both.state, 1, { kind: 'retry', after: null }, at);
    const accepted = settle(retried, 2, { kind: 'accepted' }, at);
    expect(accepted.cursor).toEqual({ seq: 0, beyond: [2] });
    let restarted = openQueue<number>(accepted.cursor);
    restarted = offer(restarted, 1, { seq: 1, subject: 'a', payload: 1 });
    restarted = offer(restarted, 2, { seq: 2, subject: 'b', payload: 2 });
    expect(restarted.pending.map((item) => item.seq)).toEqual([1]);
    expect(settle(taken(restarted).state, 1, { kind: 'accepted' }, at).cursor).toEqual({ seq: 2, beyond: [] });
  });

  it('waits longer after each failure, or as long as the server asks', () => {
    let state = queueOf(['a']);
    const waits: number[] = [];
    for (let now = 1000, turn = 0; turn < 9; turn += 1) {
      state = settle(taken(state, monoMs(now)).state, 1, { kind: 'retry', after: null }, monoMs(now));
      const wake = wakeAt(state) ?? 0;
      expect(next(state, monoMs(wake - 1))).toBeNull();
      waits.push((wake - now) / 1000);
      now = wake;
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
    const asked = settle(taken(queueOf(['a'])).state, 1, { kind: 'retry', after: seconds(120) }, at);
    expect(wakeAt(asked)).toBe(121_000);
  });

  it('tries a denied record again for half an hour, in its order, then sets it aside', () => {
    let state = queueOf(['a', 'a']);
    let now = 0;
    for (let attempt = 1; attempt <= DENIED_ATTEMPTS; attempt += 1) {
      expect(state).toMatchObject({ refused: 0, cursor: { seq: 0 } });
      const due = next(state, monoMs(now));
      expect(due?.delivery.seq).toBe(1);
      state = settle(due?.state ?? state, 1, { kind: 'denied' }, monoMs(now));
      now = Math.max(now, wakeAt(state) ?? 0);
    }
    expect(state).toMatchObject({ refused: 1, cursor: { seq: 1 } });
    expect(now).toBeGreaterThan(1_800_000);
    expect(now).toBeLessThan(2_400_000);
  });

  it('does not count an outage before it as a denial', () => {
    let state = queueOf(['a']);
    let now = 0;
    const outcomes = [
      ...Array.from({ length: 20 }, () => ({ kind: 'retry', after: null }) as const),
      { kind: 'denied' } as const,
    ];
    for (const outcome of outcomes) {
      state = settle(taken(state, monoMs(now)).state, 1, outcome, monoMs(now));
      now = wakeAt(state) ?? 0;
    }
    expect(state).toMatchObject({ refused: 0, cursor: { seq: 0 } });
  });

  it('sets a refused record aside, counted, and goes on', () => {
    const state = settle(taken(queueOf(['a', 'a'])).state, 1, { kind: 'refused' }, at);
    expect(state).toMatchObject({ refused: 1, cursor: { seq: 1 } });
    expect(taken(state).delivery.seq).toBe(2);
  });

  it('is bounded', () => {
    const state = queueOf(Array.from({ length: 64 }, (_, index) => `s${index}`));
    expect(room(state)).toBe(0);
  });

  it('accepts each record exactly once in order per subject, whatever the outcomes and restarts', () => {
    const subject = fc.constantFrom('a', 'b', 'c', null);
    const outcome = fc.constantFrom('accepted', 'retry', 'refused', 'restart');
    fc.assert(
      fc.property(fc.array(subject, { maxLength: 20 }), fc.array(outcome, { maxLength: 60 }), (subjects, outcomes) => {
        const answered: number[] = [];
        const deliver = (state: QueueState<number>): QueueState<number> => {
          let filled = state;
          for (let seq = state.offered + 1; seq <= subjects.length; seq += 1) {
            const name = subjects[seq - 1] ?? null;
            filled = offer(filled, seq, name === null ? null : { seq, subject: name, payload: seq });
          }
          return filled;
        };
        let state = deliver(openQueue<number>(START));
        let now = 1000;
        for (const kind of [...outcomes, ...Array.from({ length: 30 }, () => 'accepted' as const)]) {
          now += 400_000;
          if (kind === 'restart') {
            state = deliver(openQueue<number>(state.cursor));
            continue;
          }
          const step = next(state, monoMs(now));
          if (step === null) break;
          if (kind !== 'retry') answered.push(step.delivery.seq);
          state = settle(step.state, step.delivery.seq, kind === 'retry' ? { kind, after: null } : { kind }, monoMs(now));
        }
        const due = subjects.flatMap((name, index) => (name === null ? [] : [index + 1]));
        expect([...answered].sort((x, y) => x - y)).toEqual(due);
        expect(state.cursor).toEqual({ seq: subjects.length, beyond: [] });
        for (const name of ['a', 'b', 'c']) {
          const own = answered.filter((seq) => subjects[seq - 1] === name);
          expect(own).toEqual([...own].sort((x, y) => x - y));
        }
      }),
    );
  });
});

describe('what an answer means', () => {
  it.each([
    [200, 'accepted'],
    [201, 'accepted'],
    [204, 'accepted'],
    [302, 'retry'],
    [400, 'refused'],
    [401, 'denied'],
    [403, 'denied'],
    [404, 'denied'],
    [410, 'denied'],
    [422, 'refused'],
    [408, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [501, 'refused'],
    [503, 'retry'],
    [null, 'retry'],
  ] as const)('%s is %s', (status, kind) => {
    expect(outcomeOf(status, null).kind).toBe(kind);
  });
});

describe('what a record makes', () => {
  const record = (body: unknown, format = 1): LogRecord => ({ seq: 9, format, bootId: 'b', mono: monoMs(1), body });
  const transition = {
    kind: 'transition',
    server: 'u',
    mRID: '0A',
    status: 'started',
    at: 5,
    replyTo: '/r',
    responseRequired: 3,
    modes: [],
  };
  const context = { lfdi, pen: 1, server: 'u', responses: [1, 2, 3, 6, 7] };

  it('goes to its own channel and server', () => {
    expect(deliveryOf('responses', record(transition), context)).toMatchObject({
      seq: 9,
      subject: '0A',
      payload: { kind: 'response' },
    });
    expect(deliveryOf('site-readings', record(transition), context)).toBeNull();
    expect(deliveryOf('responses', record(transition), { ...context, server: 'other' })).toBeNull();
  });

  it.each([null, 7, 'x', {}, { kind: 'new-kind' }, { ...transition, mRID: '<' }, { ...transition, at: null }])(
    '%j is skipped',
    (body) => {
      expect(deliveryOf('responses', record(body), context)).toBeNull();
    },
  );

  it('of a format from beyond the next release is skipped', () => {
    expect(deliveryOf('responses', record(transition, 3), context)).toBeNull();
  });
});

describe('a mirror', () => {
  const context = { lfdi, pen: 32473 };
  const [point] = mirrorPoints(
    'site',
    { grouping: 'role', readings: { site: ['W', 'var', 'V', 'Hz'], der: ['W', 'var'], statistics: ['mean'] } },
    context,
  );
  if (point === undefined) throw new Error('a role has a point');
  const own = mirrorUsagePoint(point, { interval: 300, postRate: 300 }, context);
  const identity = { mRID: own.mRID, lfdi, role: 'site', alone: true } as const;
  const run = (events: readonly MirrorEvent[], from: MirrorState = INITIAL_MIRROR): MirrorState =>
    events.reduce((state, event) => mirrorStep(state, event, identity), from);
  const none: MirrorEvent = { kind: 'list', points: [] };

  it('is adopted when it exists, by mRID or by device and role', () => {
    expect(mirrorWants(INITIAL_MIRROR)).toBe('read-list');
    const listed: MirrorEvent = { kind: 'list', points: [{ ...own, href: '/mup/3', postRate: 60 }] };
    expect(run([listed])).toMatchObject({ kind: 'ready', href: '/mup/3', postRate: 60 });
    const foreign: MirrorEvent = { kind: 'list', points: [{ ...own, mRID: '77', href: '/mup/4' }] };
    expect(run([foreign])).toMatchObject({ kind: 'ready', href: '/mup/4' });
    const others: MirrorEvent = { kind: 'list', points: [{ ...own, mRID: '77', roleFlags: '0049', href: '/mup/4' }] };
    expect(mirrorWants(run([others]))).toBe('create');
  });

  it('is created when absent, and searched for without a Location', () => {
    expect(run([none, { kind: 'created', location: '/mup/9' }])).toMatchObject({ kind: 'ready', href: '/mup/9' });
    const searching = run([none, { kind: 'created', location: null }, none]);
    expect(mirrorWants(searching)).toBe('read-list');
    expect(run([none, none], searching)).toEqual({ kind: 'refused' });
    expect(run([none, { kind: 'creation-refused' }, { kind: 'restart' }])).toEqual(INITIAL_MIRROR);
  });

  it('is created once again when its readings are refused, then left', () => {
    const ready = run([none, { kind: 'created', location: '/mup/9' }]);
    const again = run([{ kind: 'readings-refused' }], ready);
    expect(mirrorWants(again)).toBe('create');
    expect(mirrorWants(again, true)).toBe('delete');
    expect(mirrorWants(run([{ kind: 'deleted' }], again), true)).toBe('create');
    expect(mirrorWants(run([{ kind: 'list-gone' }], again))).toBe('read-list');
    const second = run([{ kind: 'created', location: '/mup/9' }, { kind: 'readings-refused' }], again);
    expect(mirrorWants(second)).toBe('post-readings');
    expect(mirrorWants(run([{ kind: 'readings-accepted' }, { kind: 'readings-refused' }], second))).toBe('create');
  });

  it('follows the post rate, and is made again when it left the list', () => {
    const ready = run([none, { kind: 'created', location: '/mup/9' }]);
    expect(run([{ kind: 'list', points: [{ ...own, href: '/mup/9', postRate: 60 }] }], ready)).toMatchObject({ postRate: 60 });
    expect(mirrorWants(run([none], ready))).toBe('create');
  });
});

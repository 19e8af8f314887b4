import { describe, expect, it } from 'vitest';
import { monoMs, utilitySeconds, wallSeconds, watts } from '#base/units.ts';
import { RTC_DOUBT, RTC_GRACE, startClock, unknownClock } from '#control/clock/clock.ts';
import { INVERTER_MODES } from '#control/modes.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import type { ControlModes, EventBody, ProgramSet } from '#control/program.ts';
import { type SiteFacts, startState, type TickResult } from '#control/tick/state.ts';
import { controlTick } from '#control/tick/tick.ts';
import { METER, PV, WMAX } from './site.ts';

const EPOCH = 1_800_000_000;
const HOUR = 3600;

const SITE: SiteFacts = {
  meter: METER,
  inverters: [{ device: PV, maxPower: watts(WMAX), minOutputFraction: 0.1, onSilence: { kind: 'holds' } }],
  commissioned: { exportW: null, generationW: null },
  local: { schedule: null, scheme: null },
  fallback: { exportW: watts(1500), importW: null },
  unmeteredGeneration: watts(0),
  returnsByItself: false,
  executable: INVERTER_MODES,
  readingAgeMs: 0,
  seed: 'seed',
};

const event = (mRID: string, modes: ControlModes, start: number, duration: number): EventBody => ({
  mRID,
  creationTime: utilitySeconds(EPOCH),
  start: utilitySeconds(EPOCH + start),
  duration,
  randomizeStart: null,
  randomizeDuration: null,
  status: 'scheduled',
  statusAt: utilitySeconds(EPOCH),
  potentiallySuperseded: false,
  responseRequired: 3,
  replyTo: '/rsp',
  modes,
  rampTms: null,
});

const listing = (events: readonly EventBody[]): ProgramSet => ({
  server: 'utility',
  policy: { vanished: 'keep', noDefault: 'fallback' },
  programs: [
    {
      id: 'P1',
      primacy: 1,
      read: 'read',
      events,
      defaultControl: { mRID: null, modes: { opModExpLimW: watts(4000) }, setGradW: null },
    },
  ],
});

/** The tick alone, of a site whose inverter holds what it is asked for; times are true seconds after the epoch of the test. */
class Site {
  state = startState({ plan: emptyPlan(), clock: unknownClock() });
  #boot = 0;
  #bootedAt = 0;
  #wallAhead = 0;
  readonly #records: TickResult['records'][number][] = [];

  /** What arrives at `at`: an anchor that is `ahead` of the truth, a set of programs. */
  tick(at: number, { ahead, set }: { ahead?: number; set?: ProgramSet } = {}): TickResult {
    const instant = this.#instant(at);
    const { bootId, mono } = instant;
    const result = controlTick(this.state, SITE, {
      ...{ now: mono, bootId, wall: instant.wall },
      samples: [],
      held: new Map([[PV, watts(0)]]),
      connections: new Map(),
      standings: new Map([[PV, 'answering']]),
      programSets: set === undefined ? [] : [set],
      anchors: ahead === undefined ? [] : [{ bootId, mono, utility: utilitySeconds(EPOCH + at + ahead), error: 1 }],
      lockoutReset: false,
    });
    this.state = result.state;
    this.#records.push(...result.records);
    return result;
  }

  /** Power comes back at `at`, with the real-time clock this far ahead. */
  boot(at: number, ahead: number): this {
    this.#boot += 1;
    this.#bootedAt = at;
    this.#wallAhead = ahead;
    return this.restart(at);
  }

  /** Another process of the same boot. */
  restart(at: number): this {
    const { plan, clock } = this.state;
    this.state = startState({ plan, clock: startClock({ ...clock, doubtful: null }, this.#instant(at)).state });
    return this;
  }

  stepWall(ahead: number): void {
    this.#wallAhead = ahead;
  }

  get exportW(): number | undefined {
    return this.state.limits.exportLimit?.value;
  }

  get told(): readonly string[] {
    return this.#records.flatMap((one) => (one.kind === 'transition' ? [`${one.mRID} ${one.status}`] : []));
  }

  #instant(at: number) {
    const mono = monoMs(10_000 + 1000 * (at - this.#bootedAt));
    return { bootId: `boot-${this.#boot}`, mono, wall: wallSeconds(EPOCH + at + this.#wallAhead) };
  }
}

const LOW = event('low', { opModExpLimW: watts(1000) }, 0, HOUR);
const RUNNING = ['low received', 'low started'];
const GRACE = RTC_GRACE / 1000;
const DOUBT = RTC_DOUBT / 1000;

/** A site on which `LOW` runs when the power goes at 60. */
const running = (more: readonly EventBody[] = []): Site => {
  const site = new Site();
  site.tick(10, { ahead: 0, set: listing([LOW, ...more]) });
  site.tick(12);
  expect(site.told.filter((text) => text.startsWith('low'))).toEqual(RUNNING);
  return site;
};

describe('a real-time clock that nobody vouches for', () => {
  it('ends no event that ran: the event binds on and is over when the utility says so', () => {
    const site = running().boot(100, 8 * HOUR);
    site.tick(100);
    expect([site.exportW, site.told]).toEqual([1000, RUNNING]);
    site.tick(101, { ahead: 0 });
    site.tick(105);
    expect([site.exportW, site.told]).toEqual([1000, RUNNING]);
    site.tick(111, { ahead: 0 });
    expect([site.exportW, site.told]).toEqual([1000, RUNNING]);
    site.tick(HOUR);
    expect([site.exportW, site.told]).toEqual([4000, [...RUNNING, 'low completed']]);
  });

  it('is believed when the utility is not heard in time, also by a process that was started meanwhile', () => {
    const site = running().boot(100, 8 * HOUR);
    site.tick(100);
    site.restart(100 + GRACE / 2).tick(100 + GRACE / 2);
    site.tick(100 + GRACE - 1);
    expect([site.exportW, site.told]).toEqual([1000, RUNNING]);
    site.tick(100 + GRACE);
    expect([site.exportW, site.told]).toEqual([4000, [...RUNNING, 'low completed']]);
  });

  it('ends nothing while the utility contradicts it, for a while', () => {
    const site = running().boot(100, 8 * HOUR);
    const last = 100 + GRACE - 1;
    site.tick(100);
    site.tick(last, { ahead: 0 });
    // Wild: no two agree.
    site.tick(last + DOUBT / 2, { ahead: 2 * HOUR });
    site.tick(last + DOUBT - 1);
    expect([site.exportW, site.told]).toEqual([1000, RUNNING]);
    site.tick(last + DOUBT);
    expect(site.told).toEqual([...RUNNING, 'low completed']);
  });

  it('begins what has come by it, beside what runs, and tells nobody', () => {
    const tight = event('tight', { opModExpLimW: watts(500) }, 2 * HOUR, HOUR);
    const loose = event('loose', { opModExpLimW: watts(3000) }, 8 * HOUR, HOUR);
    const site = running([tight, loose]).boot(100, 2 * HOUR);
    const before = site.told;
    site.tick(100);
    expect(site.exportW).toBe(500);
    const later = running([tight, loose]).boot(100, 8 * HOUR);
    later.tick(100);
    expect(later.exportW).toBe(1000);
    expect([site.told, later.told]).toEqual([before, before]);
  });

  it('ends what truly ended in the dark with the first word of the utility', () => {
    const site = running().boot(5 * HOUR, 0);
    site.tick(5 * HOUR);
    expect([site.exportW, site.told]).toEqual([1000, RUNNING]);
    site.tick(5 * HOUR + 1, { ahead: 0 });
    expect([site.exportW, site.told]).toEqual([4000, [...RUNNING, 'low completed']]);
  });

  it('lets a program set wait, and the newest is folded by the right time', () => {
    const soon = event('soon', { opModExpLimW: watts(700) }, 110, HOUR);
    const site = running().boot(100, 8 * HOUR);
    site.tick(100);
    site.tick(101, { ahead: 0 });
    expect(site.tick(102, { set: listing([]) }).folded).toEqual([]);
    expect(site.tick(103, { set: listing([LOW, soon]) }).folded).toEqual([]);
    const { folded, notes } = site.tick(111, { ahead: 0 });
    expect(folded).toEqual([listing([LOW, soon])]);
    expect(notes.map((note) => note.event)).toEqual(['clock-stepped']);
    expect(site.told).toContain('soon received');
    expect(site.tick(112).folded).toEqual([]);
  });

  it('is put right at once by up to an hour, backward too', () => {
    const site = running().boot(100, 0.99 * HOUR);
    site.tick(100);
    expect(site.tick(101, { ahead: 0 }).utility).toBe(EPOCH + 101);
    site.tick(200);
    expect([site.exportW, site.told]).toEqual([1000, RUNNING]);
  });

  it('is no more believed when it is set only after the start', () => {
    const site = running().boot(100, -HOUR);
    expect(site.tick(100).utility).toBeNull();
    site.stepWall(8 * HOUR);
    site.tick(110);
    expect([site.exportW, site.told]).toEqual([1000, RUNNING]);
    site.tick(110 + GRACE);
    expect(site.told).toEqual([...RUNNING, 'low completed']);
  });
});

import { describe, expect, it } from 'vitest';
import { durationMs, monoMs, utilitySeconds, vars, wallSeconds, watts } from '#base/units.ts';
import { startClock, unknownClock } from '#control/clock/clock.ts';
import type { HeardLimits } from '#control/local/inputs.ts';
import type { EventBody, ProgramSet } from '#control/program.ts';
import type { RecordBody } from '#control/record.ts';
import { GRID_CODE_MODES, INVERTER_MODES } from '#control/modes.ts';
import { emptyPlan, withExecutable } from '#control/plan/plan.ts';
import { type Command, type ControlState, type SiteFacts, startState, type TickResult } from '#control/tick/state.ts';
import { controlTick } from '#control/tick/tick.ts';
import { type Connection, type DeviceId, type OnSilence, toDeviceId } from '#site/device.ts';
import type { DeviceStanding, Sample } from '#site/sample.ts';
import { inverterSample, METER, meterSample, PV, WMAX } from './site.ts';

const BOOT = 'boot';
const EPOCH = 1_800_000_000;
const SECOND = toDeviceId('second');

const inverter = (device: DeviceId, onSilence: OnSilence = { kind: 'holds' }): SiteFacts['inverters'][number] => ({
  device,
  maxPower: watts(WMAX),
  minOutputFraction: 0.1,
  onSilence,
});

const SITE: SiteFacts = {
  meter: METER,
  inverters: [inverter(PV)],
  commissioned: { exportW: watts(5000), generationW: null },
  local: { schedule: null, scheme: null },
  fallback: { exportW: watts(1500), importW: null },
  unmeteredGeneration: watts(0),
  returnsByItself: false,
  executable: INVERTER_MODES,
  readingAgeMs: 0,
  seed: 'seed',
};

const newState = (): ControlState => startState({ plan: emptyPlan(), clock: unknownClock() });

const event = (exportLimit: number, start: number, duration: number): EventBody => ({
  mRID: 'E1',
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
  modes: { opModExpLimW: watts(exportLimit) },
  rampTms: null,
});

const listing = (events: readonly EventBody[], defaultExport: number | null = 4000): ProgramSet => ({
  server: 'utility',
  policy: { vanished: 'keep', noDefault: 'fallback' },
  programs: [
    {
      id: 'P1',
      primacy: 1,
      read: 'read',
      events,
      defaultControl:
        defaultExport === null ? null : { mRID: null, modes: { opModExpLimW: watts(defaultExport) }, setGradW: null },
    },
  ],
});

/** The tick beside a site of the test's making: each second the samples it gives, and caps held when the test says so. */
class Gateway {
  state = newState();
  now = 0;
  readonly held = new Map<DeviceId, number | null>();
  readonly connections = new Map<DeviceId, Connection | null>();
  readonly reactiveHeld = new Map<DeviceId, boolean>();
  readonly standings = new Map<DeviceId, DeviceStanding>([[PV, 'answering']]);
  readonly heard = new Map<string, HeardLimits>();
  readonly records: RecordBody[] = [];
  commands: readonly Command[] = [];
  #sets: ProgramSet[] = [];
  #anchored = false;
  #boot = BOOT;
  #wall = 0;
  #dark = 0;
  readonly #facts: SiteFacts;

  constructor(facts: SiteFacts = SITE) {
    this.#facts = facts;
  }

  listen(set: ProgramSet): this {
    this.#sets = [set];
    return this;
  }

  /** The utility time is `at` seconds after the epoch of the test, now. */
  anchor(): this {
    this.#anchored = true;
    return this;
  }

  /** The machine starts again, `seconds` later; its real-time clock is so much further ahead. The site forgot nothing. */
  reboot(seconds: number, ahead = 0): this {
    this.#boot = `${this.#boot}+`;
    this.#dark += seconds;
    this.#wall += seconds + ahead;
    const { plan, clock } = this.state;
    const now = { bootId: this.#boot, mono: monoMs(this.now), wall: wallSeconds(this.#wall + this.now / 1000) };
    this.state = startState({ plan, clock: startClock(clock, now).state });
    return this;
  }

  tick(samples: readonly Sample[] = []): TickResult {
    this.now += 1000;
    const anchors = this.#anchored
      ? [{ bootId: this.#boot, mono: monoMs(this.now), utility: utilitySeconds(EPOCH + this.#dark + this.now / 1000), error: 0 }]
      : [];
    this.#anchored = false;
    const result = controlTick(this.state, this.#facts, {
      now: monoMs(this.now),
      bootId: this.#boot,
      wall: wallSeconds(this.#wall + this.now / 1000),
      samples,
      held: new Map([...this.held].map(([device, cap]) => [device, cap === null ? null : watts(cap)])),
      connections: this.connections,
      reactiveHeld: this.reactiveHeld,
      standings: this.standings,
      programSets: this.#sets,
      anchors,
      lockoutReset: false,
      ...(this.heard.size === 0 ? {} : { heard: this.heard }),
    });
    this.#sets = [];
    this.state = result.state;
    this.records.push(...result.records);
    this.commands = result.commands;
    return result;
  }

  /** Ticks with meter and inverter answering. */
  seen(ticks: number, generation: number, netImport: number): this {
    for (let count = 0; count < ticks; count += 1) {
      this.tick([inverterSample(this.now + 900, generation), meterSample(this.now + 950, netImport)]);
    }
    return this;
  }

  capOf(device: DeviceId): number | null {
    return this.state.asked.get(device)?.cap ?? null;
  }

  statuses(): readonly string[] {
    return this.records.flatMap((record) => (record.kind === 'transition' ? [record.status] : []));
  }

  alarms(): readonly string[] {
    return this.records.flatMap((record) => (record.kind === 'alarm' ? [`${record.alarm} ${record.change}`] : []));
  }
}

describe('a tick', () => {
  /** An event runs when the machine goes dark; it comes back with a real-time clock that is `ahead` seconds ahead. */
  const rebooted = (ahead: number, duration = 600): Gateway => {
    const gateway = new Gateway().listen(listing([event(2000, 5, duration)])).anchor();
    gateway.held.set(PV, 2900);
    gateway.seen(20, 2900, -1900);
    expect(gateway.statuses()).toEqual(['received', 'started']);
    return gateway.reboot(60, ahead);
  };

  it('ends nothing by a real-time clock that has just carried the time over a reboot', () => {
    const gateway = rebooted(8 * 3600).seen(8, 2900, -1900);
    expect(gateway.state.limits.exportLimit?.value).toBe(2000);
    // Two anchors that agree set the clock right; the event runs on to its own end.
    gateway.anchor().seen(10, 2900, -1900).anchor().seen(10, 2900, -1900);
    expect(gateway.state.limits.exportLimit?.value).toBe(2000);
    expect(gateway.statuses()).toEqual(['received', 'started']);
    gateway.seen(600, 2900, -1900);
    expect(gateway.statuses()).toEqual(['received', 'started', 'completed']);
  });

  it('believes that clock where no server is heard to say otherwise', () => {
    const gateway = rebooted(8 * 3600).seen(118, 2900, -1900);
    expect(gateway.statuses()).toEqual(['received', 'started']);
    gateway.seen(3, 2900, -1900);
    expect(gateway.statuses()).toEqual(['received', 'started', 'completed']);
    expect(gateway.state.limits.exportLimit?.value).toBe(4000);
  });

  it('holds the tighter of what ran and what that clock says has begun, and keeps a program set until it is vouched for', () => {
    const gateway = new Gateway().listen(listing([event(2000, 60, 600)])).anchor();
    gateway.held.set(PV, 2900);
    gateway.seen(20, 2900, -1900).reboot(60).seen(5, 2900, -1900);
    expect(gateway.state.limits.exportLimit?.value).toBe(2000);
    expect(gateway.statuses()).toEqual(['received']);
    expect(gateway.listen(listing([event(2000, 60, 600)], 1000)).tick().folded).toEqual([]);
    expect(gateway.state.plan.programs[0]?.defaultControl?.modes).toEqual({ opModExpLimW: 4000 });
    gateway.anchor().seen(3, 2900, -1900);
    expect(gateway.statuses()).toEqual(['received', 'started']);
  });

  it('says started of an event that the site meets, though a tighter limit beside it is out of reach', () => {
    const fallback = { exportW: watts(200), generationW: null, importW: null };
    const local = { ...SITE.local, inputs: [{ name: 'operator', fallback }] };
    const gateway = new Gateway({ ...SITE, local, commissioned: { exportW: null, generationW: null } });
    gateway.heard.set('operator', { ...fallback, until: monoMs(1e9) });
    gateway.listen(listing([event(3000, 20, 600)])).anchor();
    gateway.held.set(PV, 0);
    gateway.seen(60, 1200, -1100);
    expect(gateway.state.follows.get(PV)?.obedience).toBe('disobeys');
    expect(gateway.statuses()).toEqual(['received', 'started']);
  });

  it('binds the fallback before anything is known of the utility, and writes it in the first tick', () => {
    const gateway = new Gateway();
    const { commands, records } = gateway.tick();
    // blind: nothing of the load is relied on
    expect(commands.map(({ setpoint }) => setpoint.command)).toEqual([{ kind: 'cap', cap: watts(1495) }]);
    expect(records).toContainEqual({ kind: 'limit', exportLimit: 1500, source: 'commissioned fallback' });
  });

  it('gives the same result for the same inputs', () => {
    const [one, two] = [new Gateway(), new Gateway()].map((gateway) => {
      gateway.listen(listing([event(2000, 5, 60)])).anchor();
      gateway.seen(30, 3000, -2000);
      return JSON.stringify([gateway.records, [...gateway.state.asked], gateway.state.limits]);
    });
    expect(one).toBe(two);
  });

  it('acts on an event in the tick that begins it, and goes back to the default when it ends', () => {
    const gateway = new Gateway().listen(listing([event(2000, 30, 60)])).anchor();
    gateway.held.set(PV, 4900);
    gateway.seen(28, 4900, -3900);
    expect(gateway.state.limits.exportLimit?.value).toBe(4000);
    gateway.seen(2, 4900, -3900);
    expect(gateway.state.limits.exportLimit?.value).toBe(2000);
    expect(gateway.commands.map(({ urgency }) => urgency)).toEqual(['cut']);
    gateway.held.set(PV, 2900);
    gateway.seen(60, 2900, -1900);
    expect(gateway.state.limits.exportLimit?.value).toBe(4000);
    expect(gateway.statuses()).toEqual(['received', 'started', 'completed']);
  });

  it('says started only when the inverter provably holds the limit', () => {
    const gateway = new Gateway().listen(listing([event(2000, 5, 600)])).anchor();
    gateway.held.set(PV, 9000);
    gateway.seen(20, 3000, -2000);
    expect(gateway.statuses()).toEqual(['received']);
    gateway.held.set(PV, null);
    gateway.seen(2, 2900, -1900);
    expect(gateway.statuses()).toEqual(['received']);
    gateway.held.set(PV, 1000);
    gateway.seen(1, 2900, -1900);
    expect(gateway.statuses()).toEqual(['received', 'started']);
  });

  it('lets the commissioned limit tighten what the utility allows, never loosen it', () => {
    const loose = new Gateway().listen(listing([event(9000, 0, 600)])).anchor();
    loose.tick();
    expect(loose.state.limits.exportLimit).toMatchObject({ value: 5000, source: { kind: 'commissioned' } });
    const tight = new Gateway().listen(listing([event(100, 0, 600)])).anchor();
    tight.tick();
    expect(tight.state.limits.exportLimit).toMatchObject({ value: 100, source: { kind: 'event' } });
  });

  it('alarms a meter that is lost and clears it when it is back', () => {
    const gateway = new Gateway();
    gateway.held.set(PV, 1000);
    gateway.seen(10, 1000, 0);
    for (let count = 0; count < 5; count += 1) gateway.tick([inverterSample(gateway.now + 900, 1000)]);
    gateway.seen(5, 1000, 0);
    expect(gateway.alarms()).toEqual(['meter-silent raised', 'meter-silent cleared']);
  });

  it('alarms an inverter that acknowledges its cap and delivers more, and tells it again', () => {
    const gateway = new Gateway();
    gateway.held.set(PV, 1000);
    let writes = 0;
    for (let count = 0; count < 30; count += 1) {
      gateway.seen(1, 9000, -8000);
      writes += gateway.commands.length;
    }
    expect(gateway.alarms()).toContain('inverter-disobeys raised');
    expect(writes).toBeGreaterThanOrEqual(3);
    expect(writes).toBeLessThanOrEqual(8);
  });

  it('names an inverter that opens when we fall silent', () => {
    const opens = inverter(PV, { kind: 'opens', after: durationMs(60_000) });
    const gateway = new Gateway({ ...SITE, inverters: [opens] });
    gateway.tick();
    expect(gateway.alarms()).toEqual(['opens-on-silence raised']);
  });

  it.each([
    ['that may open counts at its rating', { kind: 'opens', after: durationMs(60_000) }, 0],
    ['that holds counts at its last cap', { kind: 'holds' }, 1500 - 5 - 500],
  ] as const)('with two inverters: a silent one %s', (_, onSilence, left) => {
    const gateway = new Gateway({ ...SITE, inverters: [inverter(PV), inverter(SECOND, onSilence)] });
    gateway.standings.set(SECOND, 'silent');
    gateway.held.set(SECOND, 500);
    gateway.tick();
    expect(gateway.capOf(PV)).toBeCloseTo(left, 0);
  });

  it('with two inverters: one that never takes its cap is counted as what it delivers', () => {
    const gateway = new Gateway({ ...SITE, inverters: [inverter(PV), inverter(SECOND)] });
    gateway.standings.set(SECOND, 'answering');
    gateway.held.set(PV, 0);
    for (let count = 0; count < 15; count += 1) {
      gateway.tick([
        inverterSample(gateway.now + 900, 0),
        { ...inverterSample(gateway.now + 920, 900), device: SECOND },
        meterSample(gateway.now + 950, -900),
      ]);
    }
    // 1500 W of fallback, 5 W of margin.
    expect(gateway.capOf(PV)).toBeLessThanOrEqual(1495 - 900);
    expect(gateway.capOf(SECOND)).toBeLessThanOrEqual(900);
  });

  it('counts an inverter that sleeps as nothing, without an alarm', () => {
    const gateway = new Gateway({ ...SITE, inverters: [inverter(PV), inverter(SECOND)] });
    gateway.standings.set(SECOND, 'asleep');
    gateway.held.set(PV, 1000);
    gateway.seen(10, 1000, 0);
    expect(gateway.alarms()).toEqual([]);
    expect(gateway.state.decision?.load).toBeCloseTo(1000, 0);
  });

  it('takes no program set before it knows the utility time', () => {
    const gateway = new Gateway().listen(listing([event(2000, 0, 600)]));
    expect(gateway.tick().notes.map((note) => note.event)).toContain('program-set-too-early');
    expect(gateway.state.limits.exportLimit?.source.kind).toBe('fallback');
  });
});

describe('a grid-code setting', () => {
  const reactive = (modes: EventBody['modes']) => listing([{ ...event(0, 0, 600), modes }], null);
  const ABLE: SiteFacts = { ...SITE, executable: [...INVERTER_MODES, ...GRID_CODE_MODES] };
  const share = { opModFixedVar: { percent: 20, of: 'setMaxW' } } as const;
  const kinds = (gateway: Gateway) => gateway.commands.map(({ setpoint }) => setpoint.command.kind);

  it('is asked for once, and started when every inverter that answers holds it', () => {
    const gateway = new Gateway(ABLE).anchor().listen(reactive(share));
    gateway.tick();
    expect(kinds(gateway)).toContain('reactive');
    gateway.tick();
    expect(kinds(gateway)).not.toContain('reactive');
    expect(gateway.statuses()).toEqual(['received']);
    gateway.reactiveHeld.set(PV, true);
    gateway.tick();
    expect(gateway.statuses()).toEqual(['received', 'started']);
  });

  it('does not hold up the answer for a limit beside it', () => {
    const gateway = new Gateway(ABLE).anchor().listen(reactive({ ...share, opModExpLimW: watts(3000) }));
    gateway.held.set(PV, 0);
    gateway.tick();
    gateway.tick();
    expect(gateway.statuses()).toEqual(['received', 'started']);
  });

  it('is given up with the event, and not asked for where the site may not', () => {
    const gateway = new Gateway(ABLE).anchor().listen(reactive(share));
    gateway.tick();
    gateway.listen(listing([], null)).tick();
    const cancelled = listing([{ ...event(0, 0, 600), modes: share, status: 'cancelled' }], null);
    gateway.listen(cancelled).tick();
    expect(gateway.commands.map(({ setpoint }) => setpoint.command)).toEqual([{ kind: 'reactive', reactive: null }]);
    const forbidden = new Gateway().anchor().listen(reactive(share));
    forbidden.tick();
    expect(kinds(forbidden)).not.toContain('reactive');
  });

  it('of a stored default is asked for while the utility time is unknown', () => {
    const before = new Gateway(ABLE).anchor();
    const set = listing([], 5000);
    const [program] = set.programs;
    const defaultControl = { mRID: null, modes: share, setGradW: null };
    before.listen({ ...set, programs: program === undefined ? [] : [{ ...program, defaultControl }] }).tick();
    const later = new Gateway(ABLE);
    later.state = startState({ plan: withExecutable(before.state.plan, INVERTER_MODES), clock: newState().clock });
    later.tick();
    expect(kinds(later)).toContain('reactive');
  });

  it('of a power becomes a share of setMaxW', () => {
    const gateway = new Gateway(ABLE).anchor().listen(reactive({ opModTargetVar: vars(-0.1 * WMAX) }));
    gateway.tick();
    expect(gateway.state.reactive.get(PV)).toEqual({ kind: 'share', percent: -10, of: 'setMaxW' });
  });
});

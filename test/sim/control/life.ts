import type { Note } from '#base/ports.ts';
import type { SeededRandom } from '#base/random.ts';
import { monoMs, watts } from '#base/units.ts';
import type { HeardLimits } from '#control/local/inputs.ts';
import { Loop } from '#app/controld/loop.ts';
import { siteFacts } from '#app/controld/site-facts.ts';
import { generationNow } from '#app/controld/status.ts';
import type { ClockAnchor } from '#control/clock/clock.ts';
import type { ProgramSet } from '#control/program.ts';
import type { RecordBody } from '#control/record.ts';
import type { ControlState, SiteFacts, TickResult } from '#control/tick/state.ts';
import { inverterProfileNamed } from '#drivers/profile/catalogue.ts';
import { assert } from '#base/assert.ts';
import type { Connection, DeviceId, DeviceRecord } from '#site/device.ts';
import { toDeviceId } from '#site/device.ts';
import type { DeviceStanding } from '#site/sample.ts';
import type { Watts } from '#base/units.ts';
import { configurationOf } from '../../support/virtual-gateway.ts';
import type { MortalClock } from './agenda.ts';
import type { InverterDevice } from './device.ts';
import type { Site } from './draw.ts';
import type { Memory } from './memory.ts';
import { InverterPoint, type MeterDevice, MeterPoint } from './points.ts';
import { Bus } from './reach.ts';

const FALLBACK_W = 1000;
const ATTEND_MS = 1500;
const PROBE_EVERY_MS = 1000;
/** As controld has it: more export than the inverters that answer explain. */
const UNEXPLAINED_FRACTION = 0.03;
const SOURCE = 'operator';
const METER = toDeviceId('grid-meter');
const deviceNamed = (index: number): DeviceId => toDeviceId(index === 0 ? 'pv' : `pv-${index + 1}`);

/** What controld makes of this site's configuration, with every device met before. */
export const factsOf = (site: Site): SiteFacts => {
  const { inverters, profile } = site;
  const configuration = configurationOf({
    commissionedExportW: null,
    fallbackExportW: FALLBACK_W,
    unitIds: { inverter: 1, meter: 2 },
    others: inverters.slice(1).map((_, index) => ({ unitId: 3 + index, line: 0 })),
    inverterProfile: { name: profile, serialNumber: 'simulated' },
    baudRate: site.wire.shared ? 9600 : 115_200,
  });
  const records = new Map(
    inverters.map(({ plant: { ratedW } }, index) => [
      deviceNamed(index),
      { nameplate: { ratedPower: watts(ratedW), maxPower: watts(ratedW) } } as DeviceRecord,
    ]),
  );
  const facts = siteFacts(configuration, `seed-${site.seed}`, (device) => records.get(device) ?? null);
  if (site.source === null) return facts;
  const fallback = { exportW: watts(site.source.fallbackW), generationW: null, importW: null };
  return { ...facts, local: { ...facts.local, inputs: [{ name: SOURCE, fallback }] } };
};

export interface LifeOptions {
  readonly site: Site;
  readonly facts: SiteFacts;
  readonly clock: MortalClock;
  readonly bootId: string;
  /** Of the site's time on the clock, milliseconds. */
  readonly origin: number;
  readonly memory: Memory;
  readonly random: SeededRandom;
  readonly inverters: readonly InverterDevice[];
  readonly meter: MeterDevice;
  readonly isLineDown: () => boolean;
  /** Share of samples that are lost, and how late the others come, milliseconds. */
  readonly samples: { readonly lost: number; readonly late: number };
  readonly onRecords: (records: readonly RecordBody[]) => void;
  readonly onNote: (note: Note) => void;
  readonly onTick: () => void;
  readonly onWritten: (device: InverterDevice) => void;
}

/** One life of controld between its drivers and its disk: the production loop on simulated samples. */
export class Life {
  readonly #options: LifeOptions;
  readonly #loop: Loop;
  readonly #meter: MeterPoint;
  readonly #points: readonly InverterPoint[];
  readonly #byId: ReadonlyMap<DeviceId, InverterPoint>;
  // The tick looks at these while it runs and keeps none of them.
  readonly #standings = new Map<DeviceId, DeviceStanding>();
  readonly #held = new Map<DeviceId, Watts | null>();
  readonly #connections = new Map<DeviceId, Connection | null>();
  #heard: ReadonlyMap<string, HeardLimits> | undefined = undefined;
  #probedAt = -Infinity;

  constructor(options: LifeOptions) {
    this.#options = options;
    const { site, clock, random, inverters, meter, isLineDown, memory, bootId, facts } = options;
    const profile = inverterProfileNamed(site.profile);
    assert(profile !== null, 'a profile of this release');
    const around = {
      ...{
        clock,
        random,
        isLineDown,
        origin: options.origin,
        meter: site.meter,
        onNote: options.onNote,
        onWritten: options.onWritten,
      },
      bus: new Bus(clock, site.wire),
      onSample: (sample: Parameters<Loop['onSample']>[0]) => {
        const { lost, late } = options.samples;
        if (lost > 0 && random.chance(lost)) return;
        if (late === 0) this.#loop.onSample(sample);
        else clock.at((clock.now() + late * random.fraction()) as never, () => this.#loop.onSample(sample));
      },
      onChange: () => this.#loop.onChange(),
    };
    this.#points = inverters.map((device, index) => new InverterPoint(deviceNamed(index), device, profile, around));
    this.#byId = new Map(this.#points.map((point) => [point.id, point]));
    this.#meter = new MeterPoint(METER, meter, around);
    const nothing = new Map();
    this.#loop = new Loop(
      {
        ports: { clock, bootId, onGoodTick: options.onTick },
        facts: () => facts,
        standings: () => this.#look(),
        held: () => this.#held,
        connections: () => this.#connections,
        reactiveHeld: () => nothing,
        followed: () => nothing,
        stored: () => ({ heldBands: nothing, heldLoads: nothing }),
        heard: () => this.#heard,
        trial: () => nothing,
        act: (result, now) => this.#act(result, now),
        onTick: () => undefined,
        onFolded: () => undefined,
        keep: (state, transitions) => memory.keep(state, transitions),
        record: options.onRecords,
        note: options.onNote,
      },
      memory.load(),
    );
  }

  get state(): ControlState {
    return this.#loop.state;
  }

  /** The first tick is before any device is heard. */
  start(): void {
    this.#look();
    this.#loop.start();
    for (const point of this.#points) point.reach.identify();
    this.#meter.reach.identify();
  }

  kill(): void {
    this.#options.clock.kill();
  }

  say(set: ProgramSet): void {
    this.#loop.onProgramSet(set);
  }

  /** The source beside the utility says what counts before `until`. */
  hear(limitW: number | null, until: number): void {
    const exportW = limitW === null ? null : watts(limitW);
    this.#heard = new Map([[SOURCE, { exportW, generationW: null, importW: null, until: monoMs(until) }]]);
    this.#loop.onChange();
  }

  anchor(anchor: ClockAnchor): void {
    this.#loop.onAnchor(anchor);
  }

  /** `standings` is asked for last: all three are as of now. */
  #look(): ReadonlyMap<DeviceId, DeviceStanding> {
    for (const point of this.#points) {
      this.#standings.set(point.id, point.reach.standing);
      this.#held.set(point.id, point.heldCap());
      this.#connections.set(point.id, point.connection());
    }
    this.#standings.set(METER, this.#meter.reach.standing);
    return this.#standings;
  }

  #act({ commands, attend, state }: TickResult, now: number): void {
    for (const { setpoint, urgency } of commands) this.#byId.get(setpoint.device)?.want(setpoint, urgency);
    if (attend) {
      for (const point of this.#points) point.attend(now + ATTEND_MS);
      this.#meter.attend(now + ATTEND_MS);
    }
    if (now - this.#probedAt >= PROBE_EVERY_MS) this.#probe(state, now);
  }

  #probe(state: ControlState, now: number): void {
    this.#probedAt = now;
    const suspect = this.#suspects(state, now);
    const reaches = [...this.#points.map(({ reach }) => reach), this.#meter.reach];
    const none = reaches.every(({ standing }) => standing !== 'answering');
    if (!none && !suspect) return;
    for (const reach of reaches) if (reach.standing === 'silent' || (reach.standing === 'asleep' && suspect)) reach.probeNow();
  }

  #suspects(state: ControlState, now: number): boolean {
    const { sight } = state.limiter;
    if (!sight.seen || sight.netImport === null) return false;
    const sights = new Map([...this.#standings].map(([device, standing]) => [device, { standing, silentSince: null }]));
    const known = generationNow(state, sights, now as never) ?? 0;
    const rating = this.#options.facts.inverters.reduce((sum, { maxPower }) => sum + (maxPower ?? 0), 0);
    return 0 - sight.netImport > known + UNEXPLAINED_FRACTION * rating;
  }
}

import { type MonoMs, type UtilitySeconds, utilitySeconds, watts } from '#base/units.ts';
import { OTHER_LIMITS } from '#control/record.ts';
import { planEvents } from '#control/plan/view.ts';
import { sourceText } from '#control/tick/limit-record.ts';
import type { ControlState } from '#control/tick/state.ts';
import type { LineStatus } from '#drivers/line/settings.ts';
import { gainOf } from '#control/limiter/limiter.ts';
import type { Learned, ViewSnapshot } from '#link/message.ts';
import type { DeviceId } from '#site/device.ts';
import { type DeviceSight, generationNow } from './status.ts';

const EVENTS_SHOWN = 20;

export interface ViewInputs {
  readonly state: ControlState;
  readonly sights: ReadonlyMap<DeviceId, DeviceSight>;
  readonly lines: readonly LineStatus[];
  readonly now: MonoMs;
  readonly utility: UtilitySeconds | null;
  /** Whether the meter was checked. */
  readonly meter: { readonly device: DeviceId; readonly text: string };
  /** The latest that a tick of the last seconds ran after it was due, milliseconds. */
  readonly lateMs: number;
  /** Alarms that are no condition of the site: of the configuration, and of northd as it words them. */
  readonly north: readonly string[];
}

const faultsOf = (status: LineStatus): number => {
  let faults = 0;
  for (const [name, count] of Object.entries(status.counters)) {
    if (['timeouts', 'garbled', 'downs'].includes(name)) faults += count;
  }
  return faults;
};

/** What storage provably keeps to, and what a load was told it may take; empty: it is neither. */
const storedText = ({ storage }: ControlState, device: DeviceId): string => {
  const track = storage?.tracks.get(device);
  if (track !== undefined) {
    const { held, readings, stateOfCharge } = track;
    const power = readings.at(-1)?.discharge ?? null;
    const flow = power === null ? '' : power < 0 ? `, charges ${Math.round(0 - power)} W` : `, discharges ${Math.round(power)} W`;
    const band = held === null ? 'no band confirmed' : `holds ${Math.round(held.least)} to ${Math.round(held.most)} W`;
    return `${band}${flow}${stateOfCharge === null ? '' : `, ${Math.round(stateOfCharge)} % charged`}`;
  }
  const load = storage?.loads.get(device);
  return load === undefined ? '' : `may take ${Math.round(load.most)} W`;
};

const learnedOf = ({ limiter }: ControlState, device: DeviceId): Learned => {
  const { gain, settleMs, deadTime = null, lagMs = null, quantum = null } = gainOf(limiter, device);
  return { gain, settleMs, deadTime, lagMs, step: quantum };
};

const deviceRows = ({ state, sights, meter }: ViewInputs): ViewSnapshot['devices'] =>
  [...sights].map(([device, sight]) => {
    const track = state.tracks.get(device);
    const held = track?.heldCap ?? null;
    const text =
      device === meter.device
        ? meter.text
        : track === undefined
          ? storedText(state, device)
          : held === null
            ? 'no cap confirmed'
            : `holds ${Math.round(held)} W`;
    const learned = track === undefined ? {} : { learned: learnedOf(state, device) };
    return { device, standing: sight.standing, state: track?.state ?? '', text, ...learned };
  });

/** What people and tools are shown; about once a second. */
export const viewOf = (inputs: ViewInputs): ViewSnapshot => {
  const { state, now, utility } = inputs;
  const limit = state.limits.exportLimit;
  const { sight, load } = state.limiter;
  const generation = generationNow(state, inputs.sights, now);
  const asked = [...state.asked.values()];
  const events = utility === null ? [] : planEvents(state.plan, utility);
  return {
    type: 'view',
    at: now,
    utilityTime: utility,
    exportLimit: limit?.value ?? null,
    limitSource: limit === undefined ? 'none' : sourceText(limit.source),
    otherLimits: OTHER_LIMITS.flatMap((name) => {
      const other = state.limits[name];
      return other === undefined ? [] : [{ limit: name, value: other.value, source: sourceText(other.source) }];
    }),
    netImport: sight.seen ? sight.netImport : null,
    generation,
    load: sight.seen ? load.estimate : null,
    cap: asked.length === 0 ? null : watts(asked.reduce((sum, one) => sum + one.cap, 0)),
    seeing: sight.seen ? 'seen' : 'blind',
    missing: sight.seen ? [] : [`meter ${sight.reason}`],
    devices: deviceRows(inputs),
    lateMs: inputs.lateMs,
    lines: inputs.lines.map((line) => ({ line: line.name, use: line.use, faults: faultsOf(line) })),
    alarms: [
      ...state.alarms.map((alarm) => (alarm.device === null ? alarm.alarm : `${alarm.alarm} ${alarm.device}`)),
      ...inputs.north,
    ],
    events: events
      .filter((event) => utility !== null && event.until >= utility - 60)
      .slice(0, EVENTS_SHOWN)
      .map((event) => ({ mRID: event.mRID, state: event.state, start: event.start, until: utilitySeconds(event.until) })),
  };
};

import { type MonoMs, type UtilitySeconds, utilitySeconds, watts } from '#base/units.ts';
import { planEvents } from '#control/plan/view.ts';
import { sourceText } from '#control/tick/tick.ts';
import type { ControlState } from '#control/tick/state.ts';
import type { LineStatus } from '#drivers/line/settings.ts';
import type { ViewSnapshot } from '#link/message.ts';
import type { DeviceId } from '#site/device.ts';
import { type DeviceSight, generationNow } from './status.ts';

const EVENTS_SHOWN = 20;

export interface ViewInputs {
  readonly state: ControlState;
  readonly sights: ReadonlyMap<DeviceId, DeviceSight>;
  readonly lines: readonly LineStatus[];
  readonly now: MonoMs;
  readonly utility: UtilitySeconds | null;
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

const deviceRows = ({ state, sights }: ViewInputs): ViewSnapshot['devices'] =>
  [...sights].map(([device, sight]) => {
    const track = state.tracks.get(device);
    const held = track?.heldCap ?? null;
    const text = track === undefined ? '' : held === null ? 'no cap confirmed' : `holds ${Math.round(held)} W`;
    return { device, standing: sight.standing, state: track?.state ?? '', text };
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
    netImport: sight.seen ? sight.netImport : null,
    generation,
    load: sight.seen ? load.estimate : null,
    cap: asked.length === 0 ? null : watts(asked.reduce((sum, one) => sum + one.cap, 0)),
    seeing: sight.seen ? 'seen' : 'blind',
    missing: sight.seen ? [] : [`meter ${sight.reason}`],
    devices: deviceRows(inputs),
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

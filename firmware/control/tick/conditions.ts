import { STANDARD_ALARMS, type StandardAlarm } from '#site/alarm.ts';
import type { DeviceId } from '#site/device.ts';
import type { DeviceStanding, Sample } from '#site/sample.ts';

/** Samples in a row that show a condition before it stands, and that do not before it is over: a flapping bit is no storm of alarms. */
const RAISE_AFTER = 2;
const CLEAR_AFTER = 3;

/** One alarm of one device: whether it stands, and how many of the newest samples said otherwise. */
interface Condition {
  readonly stands: boolean;
  readonly against: number;
}

/** What the devices report or show by themselves (the standard's alarms); one that neither stands nor begins is absent. */
export type Conditions = ReadonlyMap<DeviceId, ReadonlyMap<StandardAlarm, Condition>>;

type Known = ReadonlyMap<StandardAlarm, Condition>;

const stepped = (condition: Condition | undefined, shown: boolean): Condition | null => {
  const { stands, against } = condition ?? { stands: false, against: 0 };
  if (stands === shown) return stands ? { stands, against: 0 } : null;
  if (against + 1 < (stands ? CLEAR_AFTER : RAISE_AFTER)) return { stands, against: against + 1 };
  return stands ? null : { stands: true, against: 0 };
};

/** Undefined: nothing stands and nothing begins. */
const withSample = (known: Known | undefined, shown: readonly StandardAlarm[]): Known | undefined => {
  if (known === undefined && shown.length === 0) return undefined;
  const next = new Map<StandardAlarm, Condition>();
  for (const alarm of STANDARD_ALARMS) {
    const condition = stepped(known?.get(alarm), shown.includes(alarm));
    if (condition !== null) next.set(alarm, condition);
  }
  return next.size === 0 ? undefined : next;
};

/** Takes the samples in order of arrival. A device that is silent keeps its alarms, since nothing says that they are over; one asleep has none. */
export const observeConditions = (
  before: Conditions,
  samples: readonly Sample[],
  standings: ReadonlyMap<DeviceId, DeviceStanding>,
): Conditions => {
  let next = before;
  const set = (device: DeviceId, known: Known | undefined): void => {
    if (known === next.get(device)) return;
    const others = new Map(next);
    others.delete(device);
    next = known === undefined ? others : others.set(device, known);
  };
  for (const sample of samples)
    if (sample.kind === 'inverter' || sample.kind === 'storage')
      set(sample.device, withSample(next.get(sample.device), sample.alarms ?? []));
  for (const device of next.keys()) if (standings.get(device) === 'asleep') set(device, undefined);
  return next;
};

/** The alarms that stand, each with the devices that have it: the utility knows one site, so one alarm is told once. */
export const standingConditions = (conditions: Conditions): ReadonlyMap<StandardAlarm, readonly DeviceId[]> => {
  const standing = new Map<StandardAlarm, readonly DeviceId[]>();
  for (const [device, known] of conditions)
    for (const [alarm, { stands }] of known) if (stands) standing.set(alarm, [...(standing.get(alarm) ?? []), device]);
  return standing;
};

import { utilitySeconds } from '#base/units.ts';
import type { Service } from '#control/limits/service.ts';
import type { Connection, DeviceId } from '#site/device.ts';
import type { Command, SiteFacts, TickInputs } from './state.ts';

export interface Connecting {
  /** What each inverter was last told, by this process. */
  readonly told: ReadonlyMap<DeviceId, Connection>;
  readonly service: Service | null;
  readonly commands: readonly Command[];
}

/** The connection is left as it is when the gateway falls silent: an opened one must not close by itself (design D8). */
const commandOf = (device: DeviceId, connection: Connection): Command => ({
  setpoint: { device, command: { kind: connection === 'disconnected' ? 'disconnect' : 'connect' }, onSilence: { kind: 'holds' } },
  urgency: connection === 'disconnected' ? 'cut' : 'raise',
});

const opening = (before: Service | null, devices: readonly DeviceId[]): Service => {
  // A stop that no memory knows of (a plan from a release that could not stop): since ever.
  const known = before ?? { stopped: true, since: utilitySeconds(0), opened: [] };
  const added = devices.filter((device) => !known.opened.includes(device));
  return added.length === 0 && before !== null ? before : { ...known, opened: [...known.opened, ...added] };
};

/**
 * Opens every inverter while the site is stopped, after its cap of 0, and afterwards closes those that were opened here until each is
 * read back closed. One that somebody else opened stays open.
 */
export const askConnections = (
  before: { readonly told: ReadonlyMap<DeviceId, Connection>; readonly service: Service | null },
  stopped: boolean,
  facts: SiteFacts,
  proven: TickInputs['connections'],
): Connecting => {
  const devices = facts.inverters.map(({ device }) => device);
  const wanted: Connection = stopped ? 'disconnected' : 'connected';
  const closed = (device: DeviceId): boolean => !stopped && before.told.get(device) === wanted && proven.get(device) === wanted;
  const mine = stopped
    ? devices
    : devices.filter((device) => before.service?.opened.includes(device) === true && !closed(device));
  const news = mine.filter((device) => before.told.get(device) !== wanted);
  let service = before.service;
  if (stopped) service = opening(service, devices);
  else if (service?.opened.some((name) => !mine.some((device) => device === name)) === true)
    service = { ...service, opened: mine };
  if (news.length === 0 && service === before.service) return { ...before, commands: [] };
  const told = new Map(before.told);
  for (const device of news) told.set(device, wanted);
  return { told, service, commands: news.map((device) => commandOf(device, wanted)) };
};

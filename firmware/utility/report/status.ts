import type { UtilitySeconds } from '#base/units.ts';
import type { SiteStatus } from '#link/message.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';

/** The status with the time each member last changed, as every member of DERStatus carries its own. */
export interface DatedStatus {
  readonly status: SiteStatus;
  readonly connectSince: UtilitySeconds;
  readonly modeSince: UtilitySeconds;
  readonly inverterSince: UtilitySeconds;
}

/** Folds a new status into the dated one; a member that did not change keeps its time. */
export const dateStatus = (before: DatedStatus | null, status: SiteStatus, at: UtilitySeconds): DatedStatus => ({
  status,
  connectSince: before?.status.genConnectStatus === status.genConnectStatus ? before.connectSince : at,
  modeSince: before?.status.operationalModeStatus === status.operationalModeStatus ? before.modeSince : at,
  inverterSince: before?.status.inverterStatus === status.inverterStatus ? before.inverterSince : at,
});

/** Whether the utility must be told at once instead of at the next DERList period (reference: PUT on change). */
export const statusChanged = (before: SiteStatus | null, now: SiteStatus): boolean =>
  before?.genConnectStatus !== now.genConnectStatus ||
  before.operationalModeStatus !== now.operationalModeStatus ||
  before.inverterStatus !== now.inverterStatus ||
  before.alarmStatus !== now.alarmStatus;

/** Optional members that a utility wants. */
export interface StatusMembers {
  readonly alarm: boolean;
  readonly inverter: boolean;
}

/** DERStatus. Where alarmStatus is wanted it is always sent: its absence may be read as "no change". An unknown inverter state is left out. */
export const derStatus = (dated: DatedStatus, readAt: UtilitySeconds, wanted: StatusMembers): ResourceOf<'DERStatus'> => {
  const { status } = dated;
  return {
    ...(wanted.alarm ? { alarmStatus: hex(status.alarmStatus, 8) } : {}),
    genConnectStatus: { dateTime: Math.floor(dated.connectSince), value: hex(status.genConnectStatus, 2) },
    ...(status.inverterStatus === null || !wanted.inverter
      ? {}
      : { inverterStatus: { dateTime: Math.floor(dated.inverterSince), value: status.inverterStatus } }),
    operationalModeStatus: { dateTime: Math.floor(dated.modeSince), value: status.operationalModeStatus },
    readingTime: Math.floor(readAt),
  };
};

const hex = (bits: number, digits: number): string => (bits >>> 0).toString(16).toUpperCase().padStart(digits, '0');

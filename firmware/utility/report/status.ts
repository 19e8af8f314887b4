import type { UtilitySeconds } from '#base/units.ts';
import type { SiteNameplate, SiteStatus, StorageReserve } from '#link/message.ts';
import { INT16, scaled } from '../wire/quantity.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';

/** The status with the time each member last changed, as every member of DERStatus carries its own. */
export interface DatedStatus {
  readonly status: SiteStatus;
  readonly connectSince: UtilitySeconds;
  readonly modeSince: UtilitySeconds;
  readonly inverterSince: UtilitySeconds;
  readonly storageSince: UtilitySeconds;
  readonly chargeSince: UtilitySeconds;
  readonly storageModeSince: UtilitySeconds;
}

/** Folds a new status into the dated one; a member that did not change keeps its time. */
export const dateStatus = (before: DatedStatus | null, status: SiteStatus, at: UtilitySeconds): DatedStatus => {
  const since = (of: (status: SiteStatus) => unknown, date: (dated: DatedStatus) => UtilitySeconds): UtilitySeconds =>
    before !== null && of(before.status) === of(status) ? date(before) : at;
  return {
    status,
    connectSince: since(
      (one) => one.genConnectStatus,
      (dated) => dated.connectSince,
    ),
    modeSince: since(
      (one) => one.operationalModeStatus,
      (dated) => dated.modeSince,
    ),
    inverterSince: since(
      (one) => one.inverterStatus,
      (dated) => dated.inverterSince,
    ),
    storageSince: since(
      (one) => one.storage?.connectStatus,
      (dated) => dated.storageSince,
    ),
    chargeSince: since(
      (one) => one.storage?.stateOfCharge,
      (dated) => dated.chargeSince,
    ),
    storageModeSince: since(
      (one) => one.storage?.mode,
      (dated) => dated.storageModeSince,
    ),
  };
};

const MPPT = 4;
const DERATED = 5;

/** Under a limit every change of the load makes an inverter derated, or not: it produces in both. */
const inverterKind = ({ inverterStatus }: SiteStatus): number | null => (inverterStatus === DERATED ? MPPT : inverterStatus);

/** Whether the utility must be told at once instead of at the next DERList period (reference: PUT on change). */
export const statusChanged = (before: SiteStatus | null, now: SiteStatus): boolean =>
  before?.genConnectStatus !== now.genConnectStatus ||
  before.operationalModeStatus !== now.operationalModeStatus ||
  inverterKind(before) !== inverterKind(now) ||
  before.alarmStatus !== now.alarmStatus ||
  before.storage?.connectStatus !== now.storage?.connectStatus ||
  before.storage?.mode !== now.storage?.mode;

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
    ...storageMembers(dated),
  };
};

const storageMembers = ({ status, ...since }: DatedStatus): Partial<ResourceOf<'DERStatus'>> => {
  const { storage } = status;
  if (storage === undefined || storage === null) return {};
  const { stateOfCharge, mode, connectStatus } = storage;
  return {
    ...(stateOfCharge === null ? {} : { stateOfChargeStatus: { dateTime: Math.floor(since.chargeSince), value: stateOfCharge } }),
    ...(mode === null ? {} : { storageModeStatus: { dateTime: Math.floor(since.storageModeSince), value: mode } }),
    storConnectStatus: { dateTime: Math.floor(since.storageSince), value: hex(connectStatus, 2) },
  };
};

/** Hundredths of a per cent of a rating, rounded down; null: there is no such rating. */
const shareOf = (power: number, rating: number | undefined): number | null =>
  rating === undefined || rating <= 0 ? null : Math.min(10_000, Math.floor((10_000 * power) / rating));

const secondsOf = (span: number): number => Math.floor(span / 1000);

/** What storage adds; `sure`: watts that would come at once. */
const storedMembers = (
  { charge, dischargesFor, chargesFor }: StorageReserve,
  sure: number,
  nameplate: SiteNameplate | null,
): Partial<ResourceOf<'DERAvailability'>> => {
  const given = shareOf(sure, nameplate?.maxPower);
  const taken = shareOf(charge, nameplate?.storage?.maxCharge);
  return {
    ...(dischargesFor === null ? {} : { availabilityDuration: secondsOf(dischargesFor) }),
    ...(chargesFor === null ? {} : { maxChargeDuration: secondsOf(chargesFor) }),
    ...(taken === null ? {} : { reserveChargePercent: taken }),
    ...(given === null ? {} : { reservePercent: given }),
  };
};

/**
 * DERAvailability: when it was read, and the reserve of active power where it is known. Beside sun that is held back what storage
 * could give is surely there. Per cents are of setMaxW and setMaxChargeRateW.
 */
export const derAvailability = (
  { reserve = null, storage }: SiteStatus,
  nameplate: SiteNameplate | null,
  readAt: UtilitySeconds,
): ResourceOf<'DERAvailability'> => {
  const stored = storage?.reserve ?? null;
  const sure = (reserve ?? 0) + (stored?.discharge ?? 0);
  const power = reserve === null && stored === null ? null : scaled(sure, INT16, 'down');
  return {
    ...(stored === null ? {} : storedMembers(stored, sure, nameplate)),
    readingTime: Math.floor(readAt),
    ...(power === null ? {} : { statWAvail: power }),
  };
};

const hex = (bits: number, digits: number): string => (bits >>> 0).toString(16).toUpperCase().padStart(digits, '0');

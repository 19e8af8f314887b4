import { beside, notClaimed, table } from './requirement.ts';

const SERVER = beside('a test of the server');
const AGGREGATOR = notClaimed('aggregators');
const DROPPED = beside('no longer in the procedures');

const several = (prefix: string, first: number, last: number, means: string, standing: typeof SERVER) =>
  Array.from(
    { length: last - first + 1 },
    (_, index) => [`${prefix}-${String(first + index).padStart(3, '0')}`, means, standing] as const,
  );

/** SunSpec CSIP conformance procedures: communication, core and utility. */
export const SUNSPEC_CORE = table([
  ['COMM-001', 'discovery by multicast DNS', notClaimed('optional; unicast DNS-SD instead')],
  ['COMM-002', 'DeviceCapability at the address configured, then a resource it links'],
  ['COMM-003', 'TLS 1.2 with the suite of the standard'],
  ['COMM-004', 'chains of 2, 3, 4 taken; critical key usage, name, policy mapping, self-signed refused'],
  ['CORE-001', 'server', SERVER],
  ['CORE-002', 'server', SERVER],
  ['CORE-003', 'walks to the programs, checks the PIN, polls each resource at its rate'],
  ['CORE-004', 'server', SERVER],
  ['CORE-005', 'finds Time and goes by it'],
  ['CORE-006', 'server', SERVER],
  ['CORE-007', 'plain HTTP', DROPPED],
  ['CORE-008', 'plain HTTP', DROPPED],
  ['CORE-009', 'tells capability, settings, status, availability; registers itself when absent'],
  ['CORE-010', 'all programs of a tree of groups'],
  ['CORE-011', '15 assignments, one without programs; the right event'],
  ['CORE-012', 'best program and control; curve of 10 points; default before, completion on time'],
  ['CORE-013', '10 programs of 10 controls in order of priority and time'],
  ['CORE-014', 'settings never above ratings; modes told truthfully'],
  ['CORE-018', 'aggregator', AGGREGATOR],
  ['CORE-019', 'aggregator', AGGREGATOR],
  ['CORE-020', 'dropped', DROPPED],
  ['CORE-021', 'randomised start and duration of 0, +30 and -30 s'],
  ['CORE-022', 'responses 1, 2, 3 at their times; 6 on cancellation'],
  ['CORE-023', 'three overlapping events'],
  ['UTIL-001', 'server', SERVER],
  ...several('UTIL', 2, 4, 'aggregator', AGGREGATOR),
  ...several('AGG', 1, 12, 'aggregator', AGGREGATOR),
  ...several('MAINT', 1, 6, 'aggregator', AGGREGATOR),
  ['ERR-001', 'a moved DeviceCapability is followed, over TLS'],
  ['ERR-002', 'aggregator', AGGREGATOR],
]);

/** The same procedures: basic functions. */
export const SUNSPEC_BASIC = table([
  ['BASIC-001', 'LFDI and SFDI are those of the certificate; PIN checked'],
  ['BASIC-002', 'a tree of seven groups: right default, then event'],
  ['BASIC-003', 'a branch exchanged before the event: the new one counts'],
  ['BASIC-004', 'voltage ride-through curves'],
  ['BASIC-005', 'frequency ride-through curves'],
  ['BASIC-006', 'volt-var'],
  ['BASIC-007', 'ramp rates of the default'],
  ['BASIC-008', 'fixed power factor'],
  ['BASIC-009', 'connect, disconnect'],
  ['BASIC-010', 'limit of maximum active power'],
  ['BASIC-011', 'volt-watt'],
  ['BASIC-012', 'frequency-watt and droop'],
  ['BASIC-013', 'fixed power', beside('required of nobody')],
  ['BASIC-014', 'target power', beside('required of nobody')],
  ['BASIC-015', '24 events queued and one more; the rest cancelled; the default again'],
  ['BASIC-016', 'two programs with defaults: the better'],
  ['BASIC-017', 'an event without any default'],
  ['BASIC-018', 'default, event, default'],
  ['BASIC-019', 'two events apart: the default between'],
  ['BASIC-020', 'two programs, two events apart: the best default each time'],
  ['BASIC-021', 'same mode, the worse first, both before their start: 7 for the worse'],
  ['BASIC-022', 'same mode, the better first'],
  ['BASIC-023', 'same mode, the better comes while the worse runs: 1 2 7 and 1 2 3, no return'],
  ['BASIC-024', 'different modes, both before their start: both run'],
  ['BASIC-025', 'different modes, the better first: both run'],
  ['BASIC-026', 'different modes, the better while the worse runs: both run, defaults return per mode'],
  ['BASIC-027', 'alarms as LogEvents'],
  ['BASIC-028', 'inverter status'],
  ['BASIC-029', 'inverter readings by mirror, at its rate'],
]);

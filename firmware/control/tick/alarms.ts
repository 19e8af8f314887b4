import type { AlarmRecord } from '#control/record.ts';
import { standingConditions } from './conditions.ts';
import { isPhaseUntold } from '#control/limiter/phases.ts';
import { silentInputs } from '#control/local/inputs.ts';
import type { ControlState, SiteFacts, StandingAlarm, TickInputs } from './state.ts';
import type { DeviceStanding } from '#site/sample.ts';
import type { DeviceId } from '#site/device.ts';

interface Wanted extends StandingAlarm {
  readonly text: string;
}

const meterAlarm = (state: ControlState, facts: SiteFacts): Wanted | null => {
  const { sight } = state.limiter;
  if (sight.seen || sight.lostAt === null) return null;
  return {
    alarm: `meter-${sight.reason}`,
    device: facts.meter,
    text: `the flow at the connection point is not known (${sight.reason}): the blind cap holds`,
  };
};

/** Where each phase has a limit, a meter that does not tell them apart leaves each as if nothing were known of it. */
const phaseAlarms = ({ limiter }: ControlState, { exportPerPhase, meter }: SiteFacts): readonly Wanted[] =>
  exportPerPhase === undefined || !limiter.sight.seen || !isPhaseUntold(limiter.phases)
    ? []
    : [{ alarm: 'phases-unknown', device: meter, text: 'the meter does not tell the flow of each phase: as if none had a load' }];

const storageAlarms = (
  { storage }: ControlState,
  { storages = [], loads = [] }: SiteFacts,
  standings: ReadonlyMap<DeviceId, DeviceStanding>,
): readonly Wanted[] => {
  const wanted: Wanted[] = [];
  for (const { device, onSilence } of storages) {
    if (standings.get(device) === 'silent')
      wanted.push({ alarm: 'storage-silent', device, text: 'the storage does not answer; what it may give is left to it' });
    if (storage?.obeys.get(device)?.disobeys === true)
      wanted.push({ alarm: 'storage-disobeys', device, text: 'the storage is outside the band that it acknowledged' });
    if (onSilence.kind === 'opens') {
      const text = `without the gateway this storage returns to its own automatic after ${onSilence.after / 1000} s`;
      wanted.push({ alarm: 'opens-on-silence', device, text });
    }
  }
  for (const { device } of loads)
    if (standings.get(device) === 'silent')
      wanted.push({ alarm: 'load-silent', device, text: 'the load does not answer; it is taken to run' });
  return wanted;
};

const inputAlarms = ({ local }: SiteFacts, { heard, now }: Seen): readonly Wanted[] => {
  const silent = silentInputs(local.inputs ?? [], heard, now);
  if (silent.length === 0) return [];
  const text = `no limits are heard from ${silent.join(', ')}: the fallback configured for it holds`;
  return [{ alarm: 'limit-source-silent', device: null, text }];
};

/** What of the tick's inputs an alarm may come from. */
type Seen = Pick<TickInputs, 'standings' | 'heard' | 'now'>;

const wantedAlarms = (state: ControlState, facts: SiteFacts, seen: Seen): readonly Wanted[] => {
  const { standings } = seen;
  const wanted: Wanted[] = [];
  const meter = meterAlarm(state, facts);
  if (meter !== null) wanted.push(meter);
  else wanted.push(...phaseAlarms(state, facts));
  for (const { device, onSilence } of facts.inverters) {
    if (standings.get(device) === 'silent') {
      wanted.push({ alarm: 'inverter-silent', device, text: 'the inverter does not answer; the others give way' });
    }
    if (state.follows.get(device)?.obedience === 'disobeys') {
      wanted.push({ alarm: 'inverter-disobeys', device, text: 'the inverter delivers more than the cap it acknowledged' });
    }
    if (onSilence.kind === 'opens') {
      wanted.push({
        alarm: 'opens-on-silence',
        device,
        text: `without the gateway this inverter returns to full power after ${onSilence.after / 1000} s`,
      });
    }
  }
  wanted.push(...storageAlarms(state, facts, standings), ...inputAlarms(facts, seen));
  for (const [alarm, devices] of standingConditions(state.conditions)) {
    wanted.push({ alarm, device: null, text: `${devices.join(', ')} shows ${alarm}` });
  }
  wanted.push(...lockoutAlarms(state));
  return wanted;
};

const lockoutAlarms = ({ lockout }: ControlState): readonly Wanted[] => {
  const wanted: Wanted[] = [];
  if (lockout.counted) {
    wanted.push({
      alarm: 'export-excursion',
      device: null,
      text: 'the export was beyond the connection agreement for more than 15 s',
    });
  }
  if (lockout.lockedAt !== null) {
    wanted.push({ alarm: 'export-lock-out', device: null, text: 'too many excursions: generation is locked out (G100 stage 3)' });
  }
  if (lockout.importing?.counted === true) {
    const text = 'the import was beyond the connection agreement for more than 15 s';
    wanted.push({ alarm: 'import-excursion', device: null, text });
  }
  if (lockout.importing !== undefined && lockout.importing.lockedAt !== null) {
    const text = 'too many excursions of the import: loads and charging are locked out (G100 stage 3)';
    wanted.push({ alarm: 'import-lock-out', device: null, text });
  }
  return wanted;
};

const same = (a: StandingAlarm, b: StandingAlarm): boolean => a.alarm === b.alarm && a.device === b.device;

/** Raises what newly stands and clears what no longer does; one record a change (design section 4). */
export const alarmChanges = (
  state: ControlState,
  facts: SiteFacts,
  seen: Seen,
): { readonly alarms: readonly StandingAlarm[]; readonly records: readonly AlarmRecord[] } => {
  const wanted = wantedAlarms(state, facts, seen);
  const raised = wanted.filter((one) => !state.alarms.some((standing) => same(standing, one)));
  const cleared = state.alarms.filter((standing) => !wanted.some((one) => same(standing, one)));
  if (raised.length === 0 && cleared.length === 0) return { alarms: state.alarms, records: [] };
  const records: AlarmRecord[] = [
    ...raised.map(
      (one): AlarmRecord => ({ kind: 'alarm', alarm: one.alarm, change: 'raised', device: one.device, text: one.text }),
    ),
    ...cleared.map((one): AlarmRecord => ({ kind: 'alarm', alarm: one.alarm, change: 'cleared', device: one.device, text: '' })),
  ];
  return { alarms: wanted.map(({ alarm, device }) => ({ alarm, device })), records };
};

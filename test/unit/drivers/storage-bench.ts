import type { Note } from '#base/ports.ts';
import { watts } from '#base/units.ts';
import { StorageSession } from '#drivers/storage/session.ts';
import { storageProfileNamed } from '#drivers/profile/catalogue.ts';
import { storageSilenceOf } from '#drivers/profile/storage-profile.ts';
import { toDeviceId, type DeviceRecord } from '#site/device.ts';
import type { DeviceStanding, StorageSample } from '#site/sample.ts';
import { BATTERY_DEFAULTS, BatteryCore, type BatterySettings } from '../../rig/site/battery.ts';
import { lineWith } from './rig-line.ts';
import { VirtualClock } from './virtual-clock.ts';

const STEP_MS = 100;
const device = toDeviceId('battery');

interface StorageBench {
  readonly clock: VirtualClock;
  readonly battery: BatteryCore;
  readonly site: { residual: number };
  readonly session: StorageSession;
  readonly samples: StorageSample[];
  readonly records: DeviceRecord[];
  readonly notes: Note[];
  readonly standings: DeviceStanding[];
  /** In order: unit, address, words. */
  readonly written: (readonly [unit: number, address: number, words: readonly number[]])[];
  readonly band: (least: number, most: number) => void;
  readonly power: () => number;
  readonly start: number;
}

/** A battery of the rig, alone on a line with the session of its profile; `residual`: what the site takes beside it. */
export const storageBench = (name: string, change: Partial<BatterySettings> = {}, gridCharge = false): StorageBench => {
  const clock = new VirtualClock();
  const battery = new BatteryCore({ ...BATTERY_DEFAULTS, ...change });
  const site = { residual: 3000 };
  const start = clock.now();
  const step = (): void => {
    battery.step(clock.now() - start, STEP_MS / 1000, { residual: site.residual, share: 1, sun: 0 });
    clock.at((clock.now() + STEP_MS) as never, step);
  };
  step();
  const profile = storageProfileNamed(name)!;
  const samples: StorageSample[] = [];
  const records: DeviceRecord[] = [];
  const notes: Note[] = [];
  const standings: DeviceStanding[] = [];
  const written: StorageBench['written'] = [];
  const rig = lineWith(clock, [battery]);
  const line: typeof rig = Object.create(rig) as typeof rig;
  line.submit = (request, priority, deliver, key) => {
    if (request.kind === 'write') written.push([request.unitId, request.address, request.words]);
    rig.submit(request, priority, deliver, key);
  };
  const session = new StorageSession({
    device,
    unitId: battery.unitId,
    line,
    clock,
    profile,
    known: null,
    expectedSerial: null,
    gridCharge,
    onSample: (sample) => samples.push(sample),
    onOutcome: () => undefined,
    onRecord: (record) => records.push(record),
    onStanding: (standing) => standings.push(standing),
    onNote: (note) => notes.push(note),
  });
  const band = (least: number, most: number): void =>
    session.want(
      { device, command: { kind: 'band', least: watts(least), most: watts(most) }, onSilence: storageSilenceOf(profile) },
      'cut',
    );
  const power = (): number => battery.powerAt(clock.now() - start);
  return { clock, battery, site, session, samples, records, notes, standings, written, band, power, start };
};

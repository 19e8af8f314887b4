import { type MonoMs, type Watts, watts } from '#base/units.ts';
import { fail, ok, type Result } from '#base/result.ts';
import type { DeviceId, DeviceRecord, ModelPlace } from '#site/device.ts';
import type { StorageMode, StorageSample } from '#site/sample.ts';
import { readInverter } from '../inverter/reading.ts';
import { decodeModel } from '../sunspec/codec.ts';
import { mpptModel } from '../sunspec/models/mppt.ts';
import { spanTo } from '../sunspec/points.ts';
import type { Charge } from './charge.ts';

/** Less than this part of its range is rest. */
const REST_FRACTION = 0.005;
/** Beyond this multiple of its rating nothing is a measurement. */
const PLAUSIBLE = 1.5;

/** Registers of model 160 with four modules. */
export const DC_INPUTS_READ = spanTo(mpptModel, 'DCEvt_4');

/** What it does, from its own word where it says more than its power: full, empty, off and testing. */
const modeNow = (discharge: Watts | null, charge: Charge, range: number): StorageMode => {
  if (discharge === null || charge.mode === 'off' || charge.mode === 'testing') return charge.mode;
  if (discharge > REST_FRACTION * range) return 'discharging';
  if (discharge < 0 - REST_FRACTION * range) return 'charging';
  return charge.mode === 'full' || charge.mode === 'empty' ? charge.mode : 'holding';
};

interface About {
  readonly device: DeviceId;
  readonly takenAt: MonoMs;
  readonly record: DeviceRecord;
  readonly charge: Charge;
  /** The last whole read of 701; null: none, or another model. */
  readonly whole: Uint16Array | null;
}

const rangeOf = ({ storage }: DeviceRecord): number => (storage?.maxCharge ?? 0) + (storage?.maxDischarge ?? 0);

const plausible = (discharge: Watts | null, record: DeviceRecord): Watts | null => {
  const { maxCharge = 0, maxDischarge = 0 } = record.storage ?? {};
  return discharge !== null && discharge <= PLAUSIBLE * maxDischarge && discharge >= 0 - PLAUSIBLE * maxCharge ? discharge : null;
};

const NOWHERE = { a: null, b: null, c: null };

/** Model 160 of a hybrid: module 3 charges, module 4 discharges. DC power stands for AC, its losses are the inverter's. */
const readDcInputs = (words: Uint16Array, place: ModelPlace, about: About): Result<StorageSample, string> => {
  const decoded = decodeModel(mpptModel, words, place);
  if (!decoded.ok) return fail(decoded.fault.kind);
  const { DCW_3: charging, DCW_4: discharging } = decoded.value.values;
  const sum = charging === null || discharging === null ? null : watts(discharging - charging);
  return ok(sampleOf(plausible(sum, about.record), about, { alarms: about.charge.alarms ?? [] }));
};

const sampleOf = (discharge: Watts | null, about: About, more: Partial<StorageSample>): StorageSample => ({
  kind: 'storage',
  device: about.device,
  takenAt: about.takenAt,
  discharge,
  stateOfCharge: about.charge.stateOfCharge,
  stored: about.charge.stored,
  mode: modeNow(discharge, about.charge, rangeOf(about.record)),
  voltage: NOWHERE,
  frequency: null,
  ...(about.charge.isFaulty === undefined ? {} : { isFaulty: about.charge.isFaulty }),
  ...more,
});

/** A sample of registers read from the ID of 101-103, 111-113, 701 or 160. The fault: what they are instead. */
export const readStorage = (words: Uint16Array, place: ModelPlace, about: About): Result<StorageSample, string> => {
  if (mpptModel.ids.includes(place.id)) return readDcInputs(words, place, about);
  const { device, takenAt, record, whole } = about;
  const reading = readInverter(words, place, {
    device,
    takenAt,
    rating: watts(rangeOf(record)),
    whole,
    nameplate: record.nameplate,
  });
  if (!reading.ok) return fail(reading.fault.kind);
  const { generation, voltage, frequency } = reading.value.sample;
  const alarms = [...new Set([...(reading.value.sample.alarms ?? []), ...(about.charge.alarms ?? [])])];
  return ok(sampleOf(plausible(generation, record), about, { voltage, frequency, alarms }));
};

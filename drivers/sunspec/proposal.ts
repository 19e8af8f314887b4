import type { DeviceRole } from '#site/device.ts';
import type { Found } from './discovery.ts';
import type { ScanUnit } from './scan.ts';

/** Who makes it, as model 1 says, and the profile that goes with it. */
const MAKERS: readonly (readonly [pattern: RegExp, profile: string])[] = [
  [/fronius/i, 'fronius'],
  [/^sma\b/i, 'sma'],
  [/kostal/i, 'kostal'],
  [/kaco/i, 'kaco'],
  [/abb|fimer|power-one/i, 'abb-fimer'],
];
const INVERTER_MODELS = [101, 102, 103, 111, 112, 113, 701];
const METER_MODELS = [201, 202, 203, 204, 211, 212, 213, 214];

/** What the scan makes of a unit. Role null: there is nothing on it that we could use, or it does not speak SunSpec. */
export interface Proposal {
  readonly unitId: number;
  readonly role: DeviceRole | null;
  /** Name of a file in drivers/profile; null without a role. */
  readonly profile: string | null;
  readonly serialNumber: string;
  readonly text: string;
}

const roleOf = ({ models }: Found): DeviceRole | null => {
  const has = (ids: readonly number[]): boolean => models.some(({ id }) => ids.includes(id));
  if (has(METER_MODELS) && !has(INVERTER_MODELS)) return 'meter';
  return has(INVERTER_MODELS) && has([123, 704]) ? 'inverter' : null;
};

/** 704 can revert to a safe limit: it goes before everything but a maker's own ways with 123. */
const inverterProfile = ({ common, models }: Found): string => {
  if (models.some(({ id }) => id === 704)) return 'sunspec-704';
  return MAKERS.find(([pattern]) => pattern.test(common.manufacturer))?.[1] ?? 'sunspec-123';
};

/** A proposal for the configuration: the installer decides. */
export const propose = ({ unitId, found, noise }: ScanUnit): Proposal => {
  if (found === null) {
    const text = noise ? 'noise: two units under one id, or a wrong speed' : 'answers, without SunSpec: see the meter profiles';
    return { unitId, role: null, profile: null, serialNumber: '', text };
  }
  const { manufacturer, model, serialNumber } = found.common;
  const role = roleOf(found);
  const profile = role === null ? null : role === 'meter' ? 'sunspec-meter' : inverterProfile(found);
  const chain = found.models.map(({ id }) => id).join(' ');
  return {
    unitId,
    role,
    profile,
    serialNumber,
    text: `${manufacturer} ${model}, models ${chain}${found.complete ? '' : ' (broke off)'}`,
  };
};

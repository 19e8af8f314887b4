import type { DeviceRole } from '#site/device.ts';
import type { Found } from './discovery.ts';
import type { Fit } from '../profile/fingerprint.ts';
import type { ScanUnit } from './scan.ts';

/** Who makes it, as model 1 says, and the profile that goes with it. */
const MAKERS: readonly (readonly [pattern: RegExp, profile: string])[] = [
  [/fronius/i, 'fronius'],
  [/^sma\b/i, 'sma'],
  [/kostal/i, 'kostal'],
  [/kaco/i, 'kaco'],
  [/abb|fimer|power-one/i, 'abb-fimer'],
];
/** They measure in SunSpec, and are limited in registers of their own. */
const REGISTER_MAKERS: readonly (readonly [pattern: RegExp, profile: string])[] = [[/solaredge/i, 'solaredge']];
/** Where a Fronius inverter shows the meter that it reads for us (sunspec.md 1.4). */
const FRONIUS_METER_UNITS = [200, 240];
const INVERTER_MODELS = [101, 102, 103, 111, 112, 113, 701];
const METER_MODELS = [201, 202, 203, 204, 211, 212, 213, 214];
/** Batteries as their makers show them: they tell their state, and take no power to keep to. */
const BATTERY_MODELS = [801, 802, 803, 804];
/** The window of power (124), or a store of energy beside DER controls (713). */
const WINDOW = 124;
const STORE = 713;
const DC_INPUTS = 160;

/** What the scan makes of a unit. Role null: there is nothing on it that we could use, or it does not speak SunSpec. */
export interface Proposal {
  readonly unitId: number;
  readonly role: DeviceRole | null;
  /** Name of a file in drivers/profile; null without a role. */
  readonly profile: string | null;
  readonly serialNumber: string;
  readonly text: string;
}

/** A role on a unit, and the file in drivers/profile that goes with it. */
interface Part {
  readonly role: DeviceRole;
  readonly profile: string;
}

/** 704 can revert to a safe limit: it goes before everything but a maker's own ways with 123. */
const inverterProfile = (maker: string | null, has704: boolean): string => (has704 ? 'sunspec-704' : (maker ?? 'sunspec-123'));

/** What the models and their maker say of a unit: nothing, one role, or an inverter and the storage behind it. */
const partsOf = ({ common, models }: Found, unitId: number): readonly Part[] => {
  const has = (...ids: readonly number[]): boolean => models.some(({ id }) => ids.includes(id));
  const madeBy = (makers: typeof MAKERS): string | null =>
    makers.find(([pattern]) => pattern.test(common.manufacturer))?.[1] ?? null;
  if (!has(...INVERTER_MODELS)) {
    const isHosted = FRONIUS_METER_UNITS.includes(unitId) && madeBy(MAKERS) === 'fronius';
    return has(...METER_MODELS) ? [{ role: 'meter', profile: isHosted ? 'fronius-meter' : 'sunspec-meter' }] : [];
  }
  if (has(704) && has(STORE)) return [{ role: 'storage', profile: 'sunspec-704-storage' }];
  if (has(WINDOW) && !has(123, 704)) return [{ role: 'storage', profile: 'sunspec-124' }];
  const registers = madeBy(REGISTER_MAKERS);
  if (!has(123, 704)) return registers === null ? [] : [{ role: 'inverter', profile: registers }];
  const maker = madeBy(MAKERS);
  const inverter: Part = { role: 'inverter', profile: inverterProfile(maker, has(704)) };
  // Behind an inverter only DC inputs tell its power, and which of them are the battery's differs by maker.
  const isBehind = has(WINDOW) && has(DC_INPUTS) && maker === 'fronius';
  return isBehind ? [inverter, { role: 'storage', profile: 'fronius-storage' }] : [inverter];
};

/** What the installer must know beside the role. */
const remarkOf = ({ models }: Found, parts: readonly Part[]): string => {
  const has = (...ids: readonly number[]): boolean => models.some(({ id }) => ids.includes(id));
  const drives = (role: DeviceRole): boolean => parts.some((part) => part.role === role);
  if (drives('storage')) return has(STORE) ? '; storage: sun on its DC side, if it has any, is not limited apart' : '';
  if (drives('inverter') && has(WINDOW, ...BATTERY_MODELS)) return '; the battery behind it is left to itself';
  return parts.length === 0 && has(...BATTERY_MODELS) ? '; a battery that takes no power to keep to: look for its inverter' : '';
};

/** A unit that has the register map of a profile. Two that read alike are told apart by a human alone. */
const ofMap = (unitId: number, [fit, ...others]: readonly [Fit, ...(readonly Fit[])]): Proposal => {
  const { profile, role, serialNumber, matches, remark } = fit;
  const alike = others.filter((other) => other.matches === matches).map((other) => other.profile);
  const also = alike.length === 0 ? '' : `; ${alike.join(', ')} reads alike: choose by its nameplate`;
  return {
    unitId,
    role,
    profile,
    serialNumber,
    text: `has the registers of ${profile}${also}${remark === '' ? '' : `; ${remark}`}`,
  };
};

/** Proposals for the configuration, an inverter before the storage behind it: the installer decides. */
export const propose = ({ unitId, found, noise, fits = [] }: ScanUnit): readonly Proposal[] => {
  const [fit, ...others] = fits;
  if (fit !== undefined) return [ofMap(unitId, [fit, ...others])];
  const nothing = { unitId, role: null, profile: null };
  if (found === null) {
    const text = noise
      ? 'noise: two units under one id, or a wrong speed'
      : 'answers, without SunSpec and without the registers of a profile that is known';
    return [{ ...nothing, serialNumber: '', text }];
  }
  const { manufacturer, model, serialNumber } = found.common;
  const parts = partsOf(found, unitId);
  const chain = found.models.map(({ id }) => id).join(' ');
  const text = `${manufacturer} ${model}, models ${chain}${found.complete ? '' : ' (broke off)'}${remarkOf(found, parts)}`;
  if (parts.length === 0) return [{ ...nothing, serialNumber, text }];
  return parts.map((part) => ({ unitId, ...part, serialNumber, text }));
};

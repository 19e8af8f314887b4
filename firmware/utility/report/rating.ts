import type { UtilitySeconds } from '#base/units.ts';
import type { SiteNameplate } from '#link/message.ts';
import { INT16, UINT16, scaled, unscaled } from '../wire/quantity.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';

/** DERControlType bits 2 (connect), 3 (energise) and 20 (maximum power): what `EXECUTABLE_MODES` of control/limits.ts holds of them. */
const BASE_MODES = '0010000C';
/** DOEControlType bit 0 (export limit) and bit 2 (generation limit): what `EXECUTABLE_MODES` of control/limits.ts holds. */
const EXPORT_AND_GENERATION = '05';

/** DERType of a photovoltaic system. */
export const DER_TYPE_PV = 4;
/** setGradW where no default said one: 16.67 % a minute (AS/NZS 4777.2), hundredths of a per cent a second. */
export const GRADIENT_DEFAULT = 27;

type Pair = { readonly multiplier: number; readonly value: number };

/** The ratings both resources tell. Rounded towards zero: a rating is never overstated. Null: not known, or not expressible. */
const ratings = (
  nameplate: SiteNameplate,
): Readonly<Record<'power' | 'apparent' | 'varInjected' | 'varAbsorbed' | 'voltage', Pair | null>> => ({
  power: scaled(nameplate.ratedPower, INT16, 'down'),
  apparent: nameplate.ratedApparent === null ? null : scaled(nameplate.ratedApparent, UINT16, 'down'),
  varInjected: nameplate.ratedVarInjected === null ? null : scaled(nameplate.ratedVarInjected, INT16, 'down'),
  // Absorbed reactive power is told as a negative number (CSIP Table 12).
  varAbsorbed: nameplate.ratedVarAbsorbed === null ? null : scaled(-Math.abs(nameplate.ratedVarAbsorbed), INT16, 'up'),
  voltage: nameplate.referenceVoltage === null ? null : scaled(nameplate.referenceVoltage, UINT16, 'nearest'),
});

/** DERCapability: the sum of the site's inverters, and the modes it can carry out. Null until a device was verified. */
export const derCapability = (nameplate: SiteNameplate | null, derType = DER_TYPE_PV): ResourceOf<'DERCapability'> | null => {
  if (nameplate === null) return null;
  const { power, apparent, varInjected, varAbsorbed, voltage } = ratings(nameplate);
  if (power === null) return null;
  return {
    modesSupported: BASE_MODES,
    ...(apparent === null ? {} : { rtgMaxVA: apparent }),
    ...(varInjected === null ? {} : { rtgMaxVar: varInjected }),
    ...(varAbsorbed === null ? {} : { rtgMaxVarNeg: varAbsorbed }),
    rtgMaxW: power,
    ...(voltage === null ? {} : { rtgVNom: voltage }),
    type: derType,
    doeModesSupported: EXPORT_AND_GENERATION,
  };
};

/** What DERSettings needs besides the plate. */
export interface SettingsContext {
  /** setGradW of the default control in force, echoed (CSIP-AUS ALL-13); null: none served. */
  readonly setGradW: number | null;
  /** When a setting last changed, utility time. */
  readonly updatedAt: UtilitySeconds;
}

/** DERSettings. setMaxW is the device's own setting, never above the rating as told, and does not vary with a limit. */
export const derSettings = (nameplate: SiteNameplate | null, context: SettingsContext): ResourceOf<'DERSettings'> | null => {
  if (nameplate === null) return null;
  const { power, apparent, varInjected, varAbsorbed, voltage } = ratings(nameplate);
  if (power === null) return null;
  const setMaxW = scaled(Math.min(nameplate.maxPower, unscaled(power)), INT16, 'down');
  if (setMaxW === null) return null;
  return {
    modesEnabled: BASE_MODES,
    setGradW: context.setGradW ?? GRADIENT_DEFAULT,
    ...(apparent === null ? {} : { setMaxVA: apparent }),
    ...(varInjected === null ? {} : { setMaxVar: varInjected }),
    ...(varAbsorbed === null ? {} : { setMaxVarNeg: varAbsorbed }),
    setMaxW,
    ...(voltage === null ? {} : { setVNom: voltage }),
    updatedTime: Math.floor(context.updatedAt),
    doeModesEnabled: EXPORT_AND_GENERATION,
  };
};

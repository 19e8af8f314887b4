import type { UtilitySeconds } from '#base/units.ts';
import { INVERTER_MODES } from '#control/modes.ts';
import type { ControlMode, DefaultSetting } from '#control/program.ts';
import type { SiteNameplate } from '#link/message.ts';
import { INT16, UINT16, scaled, unscaled } from '../wire/quantity.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';

/** DERControlType by mode (IEEE 2030.5-2018). */
const CONTROL_BITS: Readonly<Partial<Record<ControlMode, number>>> = {
  opModConnect: 2,
  opModEnergize: 3,
  opModFixedPFAbsorbW: 4,
  opModFixedPFInjectW: 5,
  opModFixedVar: 6,
  opModFixedW: 7,
  opModFreqDroop: 8,
  opModFreqWatt: 9,
  opModHFRTMayTrip: 10,
  opModHFRTMustTrip: 11,
  opModHVRTMayTrip: 12,
  opModHVRTMomentaryCessation: 13,
  opModHVRTMustTrip: 14,
  opModLFRTMayTrip: 15,
  opModLFRTMustTrip: 16,
  opModLVRTMayTrip: 17,
  opModLVRTMomentaryCessation: 18,
  opModLVRTMustTrip: 19,
  opModMaxLimW: 20,
  opModTargetVar: 21,
  opModTargetW: 22,
  opModVoltVar: 23,
  opModVoltWatt: 24,
  opModWattPF: 25,
  opModWattVar: 26,
};
/** DOEControlType and VPPControlType of CSIP-AUS. */
const DOE_BITS: Readonly<Partial<Record<ControlMode, number>>> = {
  opModExpLimW: 0,
  opModImpLimW: 1,
  opModGenLimW: 2,
  opModLoadLimW: 3,
};
const VPP_BITS: Readonly<Partial<Record<ControlMode, number>>> = { opModStorageTargetW: 0 };

/** A bit map of the modes that have a bit in it, as so many hexadecimal digits. */
const bitMap = (modes: readonly ControlMode[], bits: Readonly<Partial<Record<ControlMode, number>>>, digits: number): string => {
  let map = 0;
  for (const mode of modes) {
    const bit = bits[mode];
    if (bit !== undefined) map |= 1 << bit;
  }
  return map.toString(16).toUpperCase().padStart(digits, '0');
};

/** The bit maps that advertise what the site's devices can carry out. */
const advertised = (modes: readonly ControlMode[]): { readonly base: string; readonly doe: string; readonly vpp: string } => ({
  base: bitMap(modes, CONTROL_BITS, 8),
  doe: bitMap(modes, DOE_BITS, 2),
  vpp: bitMap(modes, VPP_BITS, 2),
});

/** Nothing of CSIP-AUS v1.3's virtual power plant. */
const NO_VPP = '00';

/** DERType of a photovoltaic system, and of one with storage. */
export const DER_TYPE_PV = 4;
const DER_TYPE_PV_AND_STORAGE = 83;
const DER_TYPE_STORAGE = 80;
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

interface StorageRatings {
  readonly charge: Pair | null;
  readonly discharge: Pair | null;
  readonly energy: Pair | null;
  readonly floor: Pair | null;
}

/** Rates and content of all storage, rounded as the others. Null: there is none. */
const storageRatings = ({ storage }: SiteNameplate): StorageRatings | null => {
  if (storage === undefined || storage === null) return null;
  return {
    charge: scaled(storage.maxCharge, INT16, 'down'),
    discharge: scaled(storage.maxDischarge, INT16, 'down'),
    energy: storage.capacity === null ? null : scaled(storage.capacity, UINT16, 'down'),
    floor: storage.floor === undefined || storage.floor === null ? null : scaled(storage.floor, UINT16, 'up'),
  };
};

const storageCapability = (nameplate: SiteNameplate): Partial<ResourceOf<'DERCapability'>> => {
  const { charge = null, discharge = null, energy = null } = storageRatings(nameplate) ?? {};
  return {
    ...(charge === null ? {} : { rtgMaxChargeRateW: charge }),
    ...(discharge === null ? {} : { rtgMaxDischargeRateW: discharge }),
    ...(energy === null ? {} : { rtgMaxWh: energy }),
  };
};

const storageSettings = (nameplate: SiteNameplate): Partial<ResourceOf<'DERSettings'>> => {
  const { charge = null, discharge = null, energy = null, floor = null } = storageRatings(nameplate) ?? {};
  return {
    ...(charge === null ? {} : { setMaxChargeRateW: charge }),
    ...(discharge === null ? {} : { setMaxDischargeRateW: discharge }),
    ...(energy === null ? {} : { setMaxWh: energy }),
    ...(floor === null ? {} : { setMinWh: floor }),
  };
};

interface Factors {
  readonly over: Factor;
  readonly under: Factor;
}
type Factor = { readonly displacement: number; readonly multiplier: number };

/** In thousandths, rounded to the factor that is surely held. Null: not every inverter says. */
const factorsOf = ({ leastFactor }: SiteNameplate): Factors | null => {
  if (leastFactor === undefined) return null;
  const told = (factor: number): Factor => ({ displacement: Math.ceil(Math.round(factor * 1e6) / 1000), multiplier: -3 });
  return { over: told(leastFactor.overExcited), under: told(leastFactor.underExcited) };
};

const typeOf = (nameplate: SiteNameplate, derType: number): number => {
  if (nameplate.isStorageAlone === true) return DER_TYPE_STORAGE;
  return storageRatings(nameplate) === null ? derType : DER_TYPE_PV_AND_STORAGE;
};

/** DERCapability: the sum of the site's inverters, and the modes they can carry out. Null until a device was verified. */
export const derCapability = (
  nameplate: SiteNameplate | null,
  modes: readonly ControlMode[] = INVERTER_MODES,
  derType = DER_TYPE_PV,
): ResourceOf<'DERCapability'> | null => {
  if (nameplate === null) return null;
  const { power, apparent, varInjected, varAbsorbed, voltage } = ratings(nameplate);
  if (power === null) return null;
  const { base, doe, vpp } = advertised(modes);
  const factors = factorsOf(nameplate);
  return {
    modesSupported: base,
    ...storageCapability(nameplate),
    ...(apparent === null ? {} : { rtgMaxVA: apparent }),
    ...(varInjected === null ? {} : { rtgMaxVar: varInjected }),
    ...(varAbsorbed === null ? {} : { rtgMaxVarNeg: varAbsorbed }),
    rtgMaxW: power,
    ...(factors === null ? {} : { rtgMinPFOverExcited: factors.over, rtgMinPFUnderExcited: factors.under }),
    ...(voltage === null ? {} : { rtgVNom: voltage }),
    type: typeOf(nameplate, derType),
    doeModesSupported: doe,
    ...(vpp === NO_VPP ? {} : { vppModesSupported: vpp }),
  };
};

/** What DERSettings needs besides the plate. */
export interface SettingsContext {
  /** What the default controls in force set, echoed (CSIP-AUS ALL-13): a setting that none states is absent. */
  readonly settings: Readonly<Partial<Record<DefaultSetting, number>>>;
  /** When a setting last changed, utility time. */
  readonly updatedAt: UtilitySeconds;
}

/** DERSettings. setMaxW is the device's own setting, never above the rating as told, and does not vary with a limit. */
export const derSettings = (
  nameplate: SiteNameplate | null,
  context: SettingsContext,
  modes: readonly ControlMode[] = INVERTER_MODES,
): ResourceOf<'DERSettings'> | null => {
  if (nameplate === null) return null;
  const { power, apparent, varInjected, varAbsorbed, voltage } = ratings(nameplate);
  if (power === null) return null;
  const { base, doe, vpp } = advertised(modes);
  const setMaxW = scaled(Math.min(nameplate.maxPower, unscaled(power)), INT16, 'down');
  if (setMaxW === null) return null;
  const factors = factorsOf(nameplate);
  return {
    modesEnabled: base,
    setGradW: GRADIENT_DEFAULT,
    ...context.settings,
    ...storageSettings(nameplate),
    ...(apparent === null ? {} : { setMaxVA: apparent }),
    ...(varInjected === null ? {} : { setMaxVar: varInjected }),
    ...(varAbsorbed === null ? {} : { setMaxVarNeg: varAbsorbed }),
    setMaxW,
    ...(factors === null ? {} : { setMinPFOverExcited: factors.over, setMinPFUnderExcited: factors.under }),
    ...(voltage === null ? {} : { setVNom: voltage }),
    updatedTime: Math.floor(context.updatedAt),
    doeModesEnabled: doe,
    ...(vpp === NO_VPP ? {} : { vppModesEnabled: vpp }),
  };
};

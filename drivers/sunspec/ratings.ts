import { hertz, voltAmperes, volts, watts } from '#base/units.ts';
import type { ModelPlace, Nameplate } from '#site/device.ts';
import { decodeModel } from './codec.ts';
import { controlsModel } from './models/controls.ts';
import { nameplateModel } from './models/nameplate.ts';
import { settingsModel } from './models/settings.ts';
import type { Model, ModelValues, PointTable } from './points.ts';

/** Models whose bodies hold what a device record keeps. */
export const BODY_MODELS = [120, 121, 123] as const;

export interface Body {
  readonly place: ModelPlace;
  readonly words: Uint16Array;
}

const valuesOf = <P extends PointTable>(model: Model<P>, body: Body | null): ModelValues<P> | null => {
  const decoded = body === null ? null : decodeModel(model, body.words, body.place);
  return decoded?.ok === true ? decoded.value.values : null;
};

const positive = (value: number | null | undefined): number | null =>
  value !== null && value !== undefined && value > 0 ? value : null;
const magnitude = (value: number | null | undefined): number | null =>
  value === null || value === undefined ? null : Math.abs(value);
const map = <T>(value: number | null, unit: (value: number) => T): T | null => (value === null ? null : unit(value));

/**
 * Ratings from the nameplate (120) and settings (121) models. Where one of WRtg and WMax is missing the other stands for both;
 * null when neither is given, since no cap can then be turned into per cent.
 */
export const readNameplate = (nameplate: Body | null, settings: Body | null): Nameplate | null => {
  const rated = valuesOf(nameplateModel, nameplate);
  const set = valuesOf(settingsModel, settings);
  const ratedPower = positive(rated?.WRtg);
  const maxPower = positive(set?.WMax);
  const either = ratedPower ?? maxPower;
  if (either === null) return null;
  return {
    ratedPower: watts(either),
    maxPower: watts(maxPower ?? either),
    ratedApparent: map(positive(rated?.VARtg), voltAmperes),
    referenceVoltage: map(positive(set?.VRef), volts),
    nominalFrequency: map(positive(set?.ECPNomHz), hertz),
    ratedVarInjected: magnitude(rated?.VArRtgQ1),
    ratedVarAbsorbed: magnitude(rated?.VArRtgQ4),
  };
};

/** WMaxLimPct_SF of model 123; null when it is not implemented or out of range: such a device is never written. */
export const readLimitScale = (controls: Body | null): number | null => valuesOf(controlsModel, controls)?.WMaxLimPct_SF ?? null;

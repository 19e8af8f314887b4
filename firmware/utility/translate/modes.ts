import { fail, ok, type Result } from '#base/result.ts';
import { vars, type Vars, watts, type Watts } from '#base/units.ts';
import { CURVE_MODES } from '#control/curve.ts';
import type { ControlModes, FrequencyDroop, PowerFactorTarget, VarTarget } from '#control/program.ts';
import type { ResourceOf } from '#utility/wire/schema/resources.ts';

export type ControlBase = ResourceOf<'DERControl'>['DERControlBase'];

/** Largest power taken, watts or var; a limit above the rating is how utilities say "none", beyond this it is nonsense. */
const POWER_MAX = 1e10;
/** A tenth of a watt: what is left of a small multiplier. Limits round down, to the safe side. */
const STEP = 0.1;

const LIMITS = ['opModExpLimW', 'opModImpLimW', 'opModGenLimW', 'opModLoadLimW'] as const;
const TARGET_POWERS = ['opModTargetW', 'opModStorageTargetW'] as const;
const POWER_FACTORS = ['opModFixedPFInjectW', 'opModFixedPFAbsorbW'] as const;
const VAR_BASES: ReadonlyMap<number, VarTarget['of']> = new Map<number, VarTarget['of']>([
  [1, 'setMaxW'],
  [2, 'setMaxVar'],
  [3, 'statVarAvail'],
]);
const FULL_PERCENT = 100;
const HUNDREDTHS = 100;
const THOUSANDTHS = 1000;

/** A mode that was read, or why it cannot be. */
type Taken = Result<ControlModes, string>;

/** The four limits: never negative. */
const limitsOf = (base: ControlBase): Taken => {
  const limits: { -readonly [K in (typeof LIMITS)[number]]?: Watts } = {};
  for (const name of LIMITS) {
    const power = base[name];
    if (power === undefined) continue;
    const limit = scaledWatts(power.value, power.multiplier);
    if (limit === null) return fail(`${name} of ${power.value} x 10^${power.multiplier} W`);
    limits[name] = limit;
  }
  return ok(limits);
};

/** What is asked for as a power, of either sign. */
const powersOf = (base: ControlBase): Taken => {
  const powers: { -readonly [K in (typeof TARGET_POWERS)[number]]?: Watts } & { opModTargetVar?: Vars } = {};
  for (const name of TARGET_POWERS) {
    const power = base[name];
    if (power === undefined) continue;
    const target = scaledTarget(power.value, power.multiplier);
    if (target === null) return fail(`${name} of ${power.value} x 10^${power.multiplier} W`);
    powers[name] = watts(target);
  }
  const reactive = base.opModTargetVar;
  if (reactive !== undefined) {
    const target = scaledTarget(reactive.value, reactive.multiplier);
    if (target === null) return fail(`opModTargetVar of ${reactive.value} x 10^${reactive.multiplier} var`);
    powers.opModTargetVar = vars(target);
  }
  return ok(powers);
};

const factorsOf = (base: ControlBase): Taken => {
  const factors: { -readonly [K in (typeof POWER_FACTORS)[number]]?: PowerFactorTarget } = {};
  for (const name of POWER_FACTORS) {
    const served = base[name];
    if (served === undefined) continue;
    const displacement = scaledTarget(served.displacement, served.multiplier, THOUSANDTHS * THOUSANDTHS);
    if (displacement === null || displacement <= 0 || displacement > 1)
      return fail(`${name} of ${served.displacement} x 10^${served.multiplier}`);
    factors[name] = { displacement, absorbsVar: served.excitation };
  }
  return ok(factors);
};

/** What is asked for in per cent, and the droop. */
const sharesOf = (base: ControlBase): Taken => {
  const { opModMaxLimW, opModFixedW, opModFixedVar, opModFreqDroop } = base;
  const shares: { -readonly [K in 'opModMaxLimW' | 'opModFixedW']?: number } & {
    opModFixedVar?: VarTarget;
    opModFreqDroop?: FrequencyDroop;
  } = {};
  for (const [name, value] of [
    ['opModMaxLimW', opModMaxLimW],
    ['opModFixedW', opModFixedW],
  ] as const) {
    if (value === undefined) continue;
    if (Math.abs(value) > FULL_PERCENT * HUNDREDTHS) return fail(`${name} of ${value / HUNDREDTHS} %`);
    shares[name] = value / HUNDREDTHS;
  }
  if (opModFixedVar !== undefined) {
    const of = VAR_BASES.get(opModFixedVar.refType);
    const { value } = opModFixedVar;
    if (of === undefined || Math.abs(value) > FULL_PERCENT * HUNDREDTHS)
      return fail(`opModFixedVar of ${value / HUNDREDTHS} %, refType ${opModFixedVar.refType}`);
    shares.opModFixedVar = { percent: value / HUNDREDTHS, of };
  }
  if (opModFreqDroop !== undefined) {
    const { dBOF, dBUF, kOF, kUF, openLoopTms } = opModFreqDroop;
    if (kOF === 0 || kUF === 0) return fail('opModFreqDroop with a droop of 0');
    shares.opModFreqDroop = {
      bandOver: dBOF / THOUSANDTHS,
      bandUnder: dBUF / THOUSANDTHS,
      droopOver: kOF / THOUSANDTHS,
      droopUnder: kUF / THOUSANDTHS,
      openLoopSeconds: openLoopTms / HUNDREDTHS,
    };
  }
  return ok(shares);
};

/**
 * The modes of a DERControlBase, powers in watts and var, a curve by the address its link serves. An absent mode says nothing, never
 * zero. One value out of range refuses the whole base: half a control is another control.
 */
export const modesOf = (base: ControlBase): Result<ControlModes, string> => {
  let modes: ControlModes = {
    ...(base.opModEnergize === undefined ? {} : { opModEnergize: base.opModEnergize }),
    ...(base.opModConnect === undefined ? {} : { opModConnect: base.opModConnect }),
  };
  for (const take of [limitsOf, sharesOf, powersOf, factorsOf]) {
    const taken = take(base);
    if (!taken.ok) return taken;
    modes = { ...modes, ...taken.value };
  }
  for (const mode of CURVE_MODES) {
    const link = base[mode];
    if (link !== undefined) modes = { ...modes, [mode]: link.href };
  }
  return ok(modes);
};

/** value x 10^multiplier; null: negative or absurd, as no limit can be (CSIP-AUS: value >= 0). */
export const scaledWatts = (value: number, multiplier: number): Watts | null => {
  const scaled = multiplier >= 0 ? value * 10 ** multiplier : value / 10 ** -multiplier;
  if (!(scaled >= 0) || scaled > POWER_MAX) return null;
  // The tiny offset keeps what is exact in decimal (1234.5) from losing a step to binary.
  return watts(Math.floor(scaled / STEP + 1e-6) / 10);
};

/** value x 10^multiplier to the nearest 1/`steps`; null: absurd. */
const scaledTarget = (value: number, multiplier: number, steps = 1 / STEP): number | null => {
  const scaled = multiplier >= 0 ? value * 10 ** multiplier : value / 10 ** -multiplier;
  if (!Number.isFinite(scaled) || Math.abs(scaled) > POWER_MAX) return null;
  return Math.round(scaled * steps) / steps;
};

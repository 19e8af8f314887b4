import { fail, ok, type Result } from '#base/result.ts';
import { watts, type Watts } from '#base/units.ts';
import type { ControlModes } from '#control/program.ts';
import type { ResourceOf } from '#utility/wire/schema/resources.ts';

type ControlBase = ResourceOf<'DERControl'>['DERControlBase'];

/** Largest limit taken, watts; a limit above the rating is how utilities say "none", beyond this it is nonsense. */
const POWER_MAX = 1e10;
/** A tenth of a watt: what is left of a small multiplier. Limits round down, to the safe side. */
const STEP = 0.1;

const LIMITS = ['opModExpLimW', 'opModImpLimW', 'opModGenLimW', 'opModLoadLimW'] as const;

/**
 * The modes of a DERControlBase that this release knows, powers in watts. An absent mode says nothing, never zero. One value out of
 * range refuses the whole base: half a control is another control.
 */
export const modesOf = (base: ControlBase): Result<ControlModes, string> => {
  const limits: { -readonly [K in (typeof LIMITS)[number]]?: Watts } = {};
  for (const name of LIMITS) {
    const power = base[name];
    if (power === undefined) continue;
    const limit = scaledWatts(power.value, power.multiplier);
    if (limit === null) return fail(`${name} of ${power.value} x 10^${power.multiplier} W`);
    limits[name] = limit;
  }
  return ok({
    ...limits,
    ...(base.opModMaxLimW === undefined ? {} : { opModMaxLimW: base.opModMaxLimW / 100 }),
    ...(base.opModEnergize === undefined ? {} : { opModEnergize: base.opModEnergize }),
    ...(base.opModConnect === undefined ? {} : { opModConnect: base.opModConnect }),
  });
};

/** value x 10^multiplier; null: negative or absurd, as no limit can be (CSIP-AUS: value >= 0). */
export const scaledWatts = (value: number, multiplier: number): Watts | null => {
  const scaled = multiplier >= 0 ? value * 10 ** multiplier : value / 10 ** -multiplier;
  if (!(scaled >= 0) || scaled > POWER_MAX) return null;
  // The tiny offset keeps what is exact in decimal (1234.5) from losing a step to binary.
  return watts(Math.floor(scaled / STEP + 1e-6) / 10);
};

import * as v from 'valibot';
import { vars, watts } from '#base/units.ts';
import { CURVE_MODES, CURVE_POINTS_MAX, CURVES_MAX, type Curve } from '../curve.ts';
import { CONTROL_MODES, isControlMode } from '../modes.ts';
import type { ControlMode, ControlModes } from '../program.ts';

type NumberSchema = v.GenericSchema<unknown, number>;

/** What a number may be where modes are decoded, and the longest name of a curve. */
export interface ModeBounds {
  readonly number: NumberSchema;
  readonly percent: NumberSchema;
  readonly name: v.GenericSchema<unknown, string>;
}

const targets = ({ number, percent, name }: ModeBounds) => {
  const factor = v.object({ displacement: number, absorbsVar: v.boolean() });
  return {
    opModStorageTargetW: v.exactOptional(v.pipe(number, v.transform(watts))),
    opModFixedW: v.exactOptional(percent),
    opModTargetW: v.exactOptional(v.pipe(number, v.transform(watts))),
    opModFixedVar: v.exactOptional(v.object({ percent, of: v.picklist(['setMaxW', 'setMaxVar', 'statVarAvail']) })),
    opModTargetVar: v.exactOptional(v.pipe(number, v.transform(vars))),
    opModFixedPFInjectW: v.exactOptional(factor),
    opModFixedPFAbsorbW: v.exactOptional(factor),
    opModFreqDroop: v.exactOptional(
      v.object({ bandOver: number, bandUnder: number, droopOver: number, droopUnder: number, openLoopSeconds: number }),
    ),
    ...Object.fromEntries(CURVE_MODES.map((mode) => [mode, v.exactOptional(name)])),
  };
};

/** A decoder of ControlModes; what it does not know it leaves out. */
export const modesSchema = (bounds: ModeBounds): v.GenericSchema<unknown, ControlModes> => {
  const watt = v.pipe(bounds.number, v.transform(watts));
  return v.object({
    opModExpLimW: v.exactOptional(watt),
    opModImpLimW: v.exactOptional(watt),
    opModGenLimW: v.exactOptional(watt),
    opModLoadLimW: v.exactOptional(watt),
    opModMaxLimW: v.exactOptional(bounds.percent),
    opModEnergize: v.exactOptional(v.boolean()),
    opModConnect: v.exactOptional(v.boolean()),
    ...targets(bounds),
  });
};

/** A decoder of a list of curves. */
export const curvesSchema = ({ number, name }: ModeBounds): v.GenericSchema<unknown, Curve[]> =>
  v.pipe(
    v.array(
      v.object({
        id: name,
        type: number,
        reference: number,
        points: v.pipe(
          v.array(v.object({ x: number, y: number, absorbsVar: v.nullable(v.boolean()) })),
          v.maxLength(CURVE_POINTS_MAX),
        ),
        openLoopSeconds: v.nullable(number),
        vRef: v.nullable(number),
        fault: v.exactOptional(v.string()),
      }),
    ),
    v.maxLength(CURVES_MAX),
  );

/** A list of modes; one of a later release is left out (design D17). */
export const modeListSchema: v.GenericSchema<unknown, ControlMode[]> = v.pipe(
  v.array(v.string()),
  v.maxLength(2 * CONTROL_MODES.length),
  v.transform((names) => names.filter(isControlMode)),
);

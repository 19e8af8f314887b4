import type { Note } from '#base/ports.ts';
import { type Curve, CURVE_MODES, CURVE_TYPES, curveFault, CURVES_MAX } from '#control/curve.ts';
import { unscaled } from '../wire/quantity.ts';
import type { ResourceOf } from '../wire/schema/resources.ts';
import type { WalkedCurve } from '../walk/tree.ts';

const HUNDREDTHS = 100;
/** Power factors are served with their own multiplier; more digits than this no device takes. */
const DIGITS = 1e6;

const rounded = (value: number): number => Math.round(value * DIGITS) / DIGITS;

const curveOf = (id: string, served: ResourceOf<'DERCurve'>): Curve => ({
  id,
  type: served.curveType,
  reference: served.yRefType,
  points: served.CurveData.map(({ xvalue, yvalue, excitation }) => ({
    x: rounded(unscaled({ value: xvalue, multiplier: served.xMultiplier })),
    y: rounded(unscaled({ value: yvalue, multiplier: served.yMultiplier })),
    absorbsVar: excitation ?? null,
  })),
  openLoopSeconds: served.openLoopTms === undefined ? null : served.openLoopTms / HUNDREDTHS,
  vRef: served.vRef === undefined ? null : served.vRef / HUNDREDTHS,
});

/** The curves, multipliers resolved. One that its own mode could not take says why, and the notes too. */
export const curvesOf = (walked: readonly WalkedCurve[], notes: Note[]): readonly Curve[] => {
  const curves: Curve[] = [];
  for (const { href, curve: served } of walked.slice(0, CURVES_MAX)) {
    const curve = curveOf(href, served);
    const mode = CURVE_MODES.find((one) => CURVE_TYPES[one] === curve.type);
    const fault = mode === undefined ? `curveType ${curve.type}` : curveFault(mode, curve);
    if (fault !== null) notes.push({ event: 'curve-refused', level: 'warn', text: `curve ${href}: ${fault}` });
    curves.push(fault === null ? curve : { ...curve, points: [], fault });
  }
  return curves;
};

/** The control modes that name a curve, with the DERCurveType each takes (IEEE 2030.5-2018). */
export const CURVE_TYPES = {
  opModFreqWatt: 0,
  opModHFRTMayTrip: 1,
  opModHFRTMustTrip: 2,
  opModHVRTMayTrip: 3,
  opModHVRTMomentaryCessation: 4,
  opModHVRTMustTrip: 5,
  opModLFRTMayTrip: 6,
  opModLFRTMustTrip: 7,
  opModLVRTMayTrip: 8,
  opModLVRTMomentaryCessation: 9,
  opModLVRTMustTrip: 10,
  opModVoltVar: 11,
  opModVoltWatt: 12,
  opModWattPF: 13,
  opModWattVar: 14,
} as const;

export type CurveMode = keyof typeof CURVE_TYPES;

/** In the order of the schema. */
export const CURVE_MODES = Object.keys(CURVE_TYPES) as readonly CurveMode[];

/** Points of one curve, and curves of all programs of one server. */
export const CURVE_POINTS_MAX = 10;
export const CURVES_MAX = 256;

/** A point in the units of its curve type: x Hz, seconds, per cent of voltage or of setMaxW; y Hz, per cent or a power factor. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  /** Of a power factor: true absorbs var. Null: y is no power factor. */
  readonly absorbsVar: boolean | null;
}

/** A DERCurve, multipliers resolved. */
export interface Curve {
  /** As the links of controls and defaults name it. */
  readonly id: string;
  /** DERCurveType, 0-14. */
  readonly type: number;
  /** DERUnitRefType of y: 0 n/a, 1 setMaxW, 2 setMaxVar, 3 statVarAvail, 4 setEffectiveV, 5 and 6 charge and discharge rate, 7 statWAvail. */
  readonly reference: number;
  readonly points: readonly CurvePoint[];
  /** Seconds to 90 per cent of a change; null: the device's own. */
  readonly openLoopSeconds: number | null;
  /** Per cent of setMaxVar; null: the device's own. Volt-var alone. */
  readonly vRef: number | null;
  /** Why no device may follow it; absent: it is sound. */
  readonly fault?: string;
}

/** What y may refer to, by curve type: nothing else has a meaning there. */
const REFERENCES: Readonly<Record<CurveMode, readonly number[]>> = {
  opModFreqWatt: [0, 1, 7],
  opModHFRTMayTrip: [0],
  opModHFRTMustTrip: [0],
  opModHVRTMayTrip: [0, 4],
  opModHVRTMomentaryCessation: [0, 4],
  opModHVRTMustTrip: [0, 4],
  opModLFRTMayTrip: [0],
  opModLFRTMustTrip: [0],
  opModLVRTMayTrip: [0, 4],
  opModLVRTMomentaryCessation: [0, 4],
  opModLVRTMustTrip: [0, 4],
  opModVoltVar: [1, 2, 3],
  opModVoltWatt: [1, 7],
  opModWattPF: [0],
  opModWattVar: [1, 2, 3],
};

/** Why a mode cannot take this curve; null: it can. Points must not go back in x: a device would take such a curve for another one. */
export const curveFault = (mode: CurveMode, curve: Curve): string | null => {
  if (curve.type !== CURVE_TYPES[mode]) return `${mode}: curveType ${curve.type}, not ${CURVE_TYPES[mode]}`;
  if (!REFERENCES[mode].includes(curve.reference)) return `${mode}: yRefType ${curve.reference}`;
  const { points } = curve;
  if (points.length < 1 || points.length > CURVE_POINTS_MAX) return `${mode}: ${points.length} points`;
  if (points.some(({ x, y }) => !Number.isFinite(x) || !Number.isFinite(y))) return `${mode}: a point is no number`;
  const back = points.some(({ x }, index) => x < (points[index - 1]?.x ?? -Infinity));
  if (back) return `${mode}: x goes back`;
  if (mode === 'opModWattPF' && points.some(({ y }) => Math.abs(y) > 1)) return `${mode}: a power factor above 1`;
  return null;
};

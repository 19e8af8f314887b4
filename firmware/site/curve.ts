/** What an inverter can be told to do by a curve, or by a droop, of its own (SunSpec 126-136, 705-712). */
export const CURVE_FUNCTIONS = [
  'volt-var',
  'volt-watt',
  'watt-var',
  'watt-pf',
  'freq-watt',
  'freq-droop',
  'lv-must-trip',
  'lv-may-trip',
  'lv-cease',
  'hv-must-trip',
  'hv-may-trip',
  'hv-cease',
  'lf-must-trip',
  'lf-may-trip',
  'hf-must-trip',
  'hf-may-trip',
] as const;
export type CurveFunction = (typeof CURVE_FUNCTIONS)[number];

/** What a per cent of y is of; null: y is no per cent of a power. */
export type CurveReference = 'setMaxW' | 'setMaxVar' | 'statVarAvail' | 'statWAvail' | null;

/** x: per cent of voltage or of setMaxW, hertz; of a trip curve seconds. y: per cent, power factor; of a trip curve per cent of voltage or hertz. */
export interface FunctionPoint {
  readonly x: number;
  readonly y: number;
  /** Of a power factor: true takes var from the grid. */
  readonly absorbsVar: boolean | null;
}

export type CurveSetting =
  | {
      readonly kind: 'points';
      readonly points: readonly FunctionPoint[];
      readonly reference: CurveReference;
      /** Seconds to 90 per cent of a change; null: the device's own. */
      readonly openLoopSeconds: number | null;
      /** Reference voltage in per cent of nominal; null: the device's own. Volt-var alone. */
      readonly vRef: number | null;
    }
  | {
      readonly kind: 'droop';
      /** Dead bands in hertz. */
      readonly bandOver: number;
      readonly bandUnder: number;
      /** Per-unit frequency for a per-unit change of power. */
      readonly droopOver: number;
      readonly droopUnder: number;
      readonly openLoopSeconds: number;
    };

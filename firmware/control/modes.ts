import { CURVE_MODES, type CurveMode } from './curve.ts';
import type { ControlMode, ControlModes } from './program.ts';

/** Modes that cap a power: the smaller the tighter, and the tightest of several binds. */
export const WATT_MODES = ['opModExpLimW', 'opModImpLimW', 'opModGenLimW', 'opModLoadLimW'] as const;
/** Modes that let the site run or not: `false` is the tighter. */
export const SWITCH_MODES = ['opModEnergize', 'opModConnect'] as const;
/** Modes that say what to do, not what not to exceed; the limits clip them (ieee2030_5 3.4). */
export const TARGET_MODES = [
  'opModStorageTargetW',
  'opModFixedW',
  'opModTargetW',
  'opModFixedVar',
  'opModTargetVar',
  'opModFixedPFInjectW',
  'opModFixedPFAbsorbW',
  'opModFreqDroop',
] as const satisfies readonly ControlMode[];

export type TargetMode = (typeof TARGET_MODES)[number] | CurveMode;

/** Every mode of a DERControlBase, in one fixed order. */
export const CONTROL_MODES: readonly ControlMode[] = [
  ...WATT_MODES,
  'opModMaxLimW',
  ...SWITCH_MODES,
  ...TARGET_MODES,
  ...CURVE_MODES,
];

/** What a gateway carries out with a meter at the connection point and inverters whose active power it may cap. */
export const INVERTER_MODES: readonly ControlMode[] = [
  'opModExpLimW',
  'opModGenLimW',
  'opModMaxLimW',
  'opModEnergize',
  'opModConnect',
];

/** What it carries out besides where there is storage. */
export const STORAGE_MODES: readonly ControlMode[] = [
  'opModImpLimW',
  'opModLoadLimW',
  'opModStorageTargetW',
  'opModFixedW',
  'opModTargetW',
];

/** And with controllable loads alone. */
export const LOAD_MODES: readonly ControlMode[] = ['opModImpLimW', 'opModLoadLimW'];

/** What it carries out besides where grid-code writes are allowed and every inverter has model 123 (SunSpec 123). */
export const GRID_CODE_MODES: readonly ControlMode[] = ['opModFixedPFInjectW', 'opModFixedVar', 'opModTargetVar'];

const PLACES: ReadonlyMap<string, number> = new Map(CONTROL_MODES.map((mode, place) => [mode, place]));

/** True for the name of a mode of this release. */
export const isControlMode = (name: string): name is ControlMode => PLACES.has(name);

/** The modes a body sets, in one fixed order. */
export const modesOf = (modes: ControlModes): readonly ControlMode[] => {
  const set = Object.keys(modes).filter(isControlMode);
  return set.length < 2 ? set : set.sort((a, b) => (PLACES.get(a) ?? 0) - (PLACES.get(b) ?? 0));
};

const CURVES: ReadonlySet<ControlMode> = new Set(CURVE_MODES);

/** True when the mode's value is the name of a curve. */
export const isCurveMode = (mode: ControlMode): mode is CurveMode => CURVES.has(mode);

const CAPS: ReadonlySet<ControlMode> = new Set<ControlMode>([...WATT_MODES, 'opModMaxLimW', ...SWITCH_MODES]);

/** True when of two values the tighter one can be told. */
export const isCap = (mode: ControlMode): boolean => CAPS.has(mode);

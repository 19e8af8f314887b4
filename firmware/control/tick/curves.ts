import { CURVE_TYPES, type Curve, type CurveMode } from '#control/curve.ts';
import type { LimitSource, Targets } from '#control/limits.ts';
import { CURVE_MODES } from '#control/curve.ts';
import type { TargetMode } from '#control/modes.ts';
import type { Plan } from '#control/plan/plan.ts';
import type { FrequencyDroop } from '#control/program.ts';
import type { CurveFunction, CurveReference, CurveSetting } from '#site/curve.ts';
import type { DeviceId } from '#site/device.ts';
import type { Command, SiteFacts } from './state.ts';

/** The function of an inverter that a mode asks for. */
const FUNCTIONS: Readonly<Record<CurveMode | 'opModFreqDroop', CurveFunction>> = {
  opModFreqWatt: 'freq-watt',
  opModFreqDroop: 'freq-droop',
  opModHFRTMayTrip: 'hf-may-trip',
  opModHFRTMustTrip: 'hf-must-trip',
  opModHVRTMayTrip: 'hv-may-trip',
  opModHVRTMomentaryCessation: 'hv-cease',
  opModHVRTMustTrip: 'hv-must-trip',
  opModLFRTMayTrip: 'lf-may-trip',
  opModLFRTMustTrip: 'lf-must-trip',
  opModLVRTMayTrip: 'lv-may-trip',
  opModLVRTMomentaryCessation: 'lv-cease',
  opModLVRTMustTrip: 'lv-must-trip',
  opModVoltVar: 'volt-var',
  opModVoltWatt: 'volt-watt',
  opModWattPF: 'watt-pf',
  opModWattVar: 'watt-var',
};

type FunctionMode = keyof typeof FUNCTIONS;
const FUNCTION_MODES: readonly FunctionMode[] = [...CURVE_MODES, 'opModFreqDroop'];

/** The modes that need this function of every inverter. */
export const modesFollowed = (functions: readonly CurveFunction[]): readonly FunctionMode[] =>
  FUNCTION_MODES.filter((mode) => functions.includes(FUNCTIONS[mode]));

/** DERUnitRefType (IEEE 2030.5-2018); a trip curve's per cent of setEffectiveV is per cent of voltage. */
const REFERENCES: Readonly<Record<number, CurveReference>> = { 1: 'setMaxW', 2: 'setMaxVar', 3: 'statVarAvail', 7: 'statWAvail' };

const settingOf = ({ points, reference, openLoopSeconds, vRef }: Curve): CurveSetting => ({
  kind: 'points',
  points,
  reference: REFERENCES[reference] ?? null,
  openLoopSeconds,
  vRef,
});

const droopOf = (droop: FrequencyDroop): CurveSetting => ({ kind: 'droop', ...droop });

const serverOf = (source: LimitSource): string | null => ('server' in source ? source.server : null);

/** What every inverter is to follow; a curve that is not known, or unsound, is not followed. */
export const functionsOf = (targets: Targets | undefined, { servers }: Plan): ReadonlyMap<CurveFunction, CurveSetting> => {
  const functions = new Map<CurveFunction, CurveSetting>();
  for (const mode of CURVE_MODES) {
    const target = targets?.[mode];
    if (target === undefined) continue;
    const theirs = servers.find(({ server }) => server === serverOf(target.source))?.curves ?? [];
    const curve = theirs.findLast(({ id }) => id === target.value);
    if (curve?.fault === undefined && curve?.type === CURVE_TYPES[mode]) functions.set(FUNCTIONS[mode], settingOf(curve));
  }
  const droop = targets?.opModFreqDroop;
  if (droop !== undefined) functions.set(FUNCTIONS.opModFreqDroop, droopOf(droop.value));
  return functions;
};

/** Ways to make reactive power, of which an inverter takes one at a time; the more direct first. */
const REACTIVE_MODES = [
  'opModTargetVar',
  'opModFixedVar',
  'opModFixedPFInjectW',
  'opModVoltVar',
  'opModWattVar',
  'opModWattPF',
] as const satisfies readonly TargetMode[];

/** Leaves one way to make reactive power: an event's before a default's, then the more direct. Devices that get two undo one with the other. */
export const withOneReactive = (targets: Targets | undefined): Targets | undefined => {
  if (targets === undefined) return undefined;
  const asked = REACTIVE_MODES.filter((mode) => targets[mode] !== undefined);
  const best = asked.find((mode) => targets[mode]?.source.kind === 'event') ?? asked[0];
  if (asked.length < 2) return targets;
  return Object.fromEntries(Object.entries(targets).filter(([mode]) => mode === best || !asked.some((one) => one === mode)));
};

/** What each inverter was last asked to follow. */
export type Followed = ReadonlyMap<DeviceId, ReadonlyMap<CurveFunction, CurveSetting>>;

const same = (a: CurveSetting | undefined, b: CurveSetting | undefined): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b);

/** Tells each inverter what changed; one that was never asked is left alone. Kept when the gateway falls silent. */
export const askCurves = (
  told: Followed,
  wanted: ReadonlyMap<CurveFunction, CurveSetting>,
  { inverters }: SiteFacts,
): { readonly told: Followed; readonly commands: readonly Command[] } => {
  if (told.size === 0 && wanted.size === 0) return { told, commands: [] };
  const commands = inverters.flatMap(({ device }) => {
    const before = told.get(device);
    const names = new Set([...(before?.keys() ?? []), ...wanted.keys()]);
    return [...names]
      .filter((follows) => !same(before?.get(follows), wanted.get(follows)))
      .map((follows): Command => {
        const command = { kind: 'curve', follows, curve: wanted.get(follows) ?? null } as const;
        return { setpoint: { device, command, onSilence: { kind: 'holds' } }, urgency: 'raise' };
      });
  });
  return commands.length === 0
    ? { told, commands }
    : { told: new Map(inverters.map(({ device }) => [device, wanted])), commands };
};

/** Does every inverter that answers provably follow what the mode asks for? Null: the mode asks for no function of theirs. */
export const isFollowed = (
  mode: string,
  wanted: Targets,
  holds: (device: DeviceId, follows: CurveFunction) => boolean,
  told: Followed,
): boolean | null => {
  const known = FUNCTION_MODES.find((one) => one === mode);
  if (known === undefined) return null;
  const follows = FUNCTIONS[known];
  return wanted[known] !== undefined && [...told].every(([device, asked]) => asked.has(follows) && holds(device, follows));
};

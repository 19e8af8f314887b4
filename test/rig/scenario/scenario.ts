import type { Point } from '../site/profile.ts';

/** Seconds since the scenario's start, everywhere in a scenario. Powers in watts. */
export interface Scenario {
  readonly name: string;
  /** What it shows, one sentence for the terminal. */
  readonly about: string;
  readonly durationSeconds: number;
  /** true: starts over when it ends (sun, load, controls and faults repeat) and gives no verdict. */
  readonly loop: boolean;
  readonly site: ScenarioSite;
  readonly utility: ScenarioUtility;
  readonly faults: readonly ScenarioFault[];
  readonly expect: Expectation;
}

export interface ScenarioSite {
  readonly ratedW: number;
  /** Straight lines between the points. */
  readonly sun: readonly Point[];
  readonly load: readonly Point[];
  /** `steps`: each load holds until the next; `lines`: straight lines between. */
  readonly loadShape: 'steps' | 'lines';
  /** Standard deviation of the load's noise. */
  readonly loadNoiseW: number;
  readonly startAsleep: boolean;
  readonly lagSeconds: number;
  readonly deadSeconds: number;
  /** Per cent of rating a second; null: no limit. */
  readonly slewPercentPerSecond: number | null;
  readonly gainErrorPercent: number;
  /** -2 or 0: whole per cents only. */
  readonly limitScale: -2 | 0;
  /** Between the inverter's restart and its first output; grid codes ask for a minute. */
  readonly reconnectSeconds: number;
}

/** For the utility server of the rig. */
export interface ScenarioUtility {
  /** Seconds, as served in pollRate and postRate. */
  readonly pollRate: number;
  readonly postRate: number;
  /** How hrefs look: `random` segments, or the `apiV2` links of the utility procedure. */
  readonly layout: 'random' | 'apiV2';
  /** Lower primacy wins. */
  readonly programs: readonly ScenarioProgram[];
  readonly controls: readonly ScenarioControl[];
}

export interface ScenarioProgram {
  readonly name: string;
  readonly primacy: number;
  /** null: the default control is answered with 204. */
  readonly default: ScenarioModes | null;
}

export interface ScenarioModes {
  readonly opModExpLimW?: number;
  readonly opModGenLimW?: number;
}

/** Served from `at` on (creationTime), starts `startsIn` later, lasts `durationSeconds`. */
export interface ScenarioControl {
  /** Name of the control within the scenario, for verdict and terminal. */
  readonly name: string;
  readonly at: number;
  /** Name of its program. */
  readonly program: string;
  readonly startsIn: number;
  readonly durationSeconds: number;
  readonly modes: ScenarioModes;
  /** The server marks it cancelled from then on; null: never. */
  readonly cancelAt: number | null;
  /** Seconds as in DERControl; null: absent. */
  readonly randomizeStart: number | null;
  readonly randomizeDuration: number | null;
}

export const FAULT_KINDS = [
  'meter-silent',
  'meter-frozen',
  'meter-flipped',
  'inverter-silent',
  'inverter-ignores',
  'inverter-restarts',
  'second-master',
  'line-unplugged',
  'power-cut',
  'server-down',
  'server-clock',
  'kill-controld',
  'kill-northd',
  'flash-fails',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface ScenarioFault {
  readonly at: number;
  readonly kind: FaultKind;
  /** How long it lasts; for a restart or a power cut the time in the dark, for a kill or a second master without meaning (0). */
  readonly forSeconds: number;
  /** How far a clock is off while it lasts, positive: ahead. Without meaning (0) for all else. */
  readonly bySeconds: number;
}

/** What the judge looks at; times of day and limits follow from the controls themselves. */
export interface Expectation {
  /** Hardest and wished-for time back inside the limit after each change, seconds. */
  readonly settleSeconds: number;
  readonly wishSeconds: number;
  /** Share of the allowed energy that must be used while limited, 0-1; null: not judged. */
  readonly energyShare: number | null;
  /** Times at which the site is blind, or wronged, from `from` on and must stay under `limitW` after `withinSeconds`. */
  readonly blind: readonly {
    readonly from: number;
    readonly until: number;
    readonly limitW: number;
    readonly withinSeconds: number;
  }[];
  /** Longest spell of export above the limit after the inverter's first output; null: not judged. */
  readonly dawnSeconds: number | null;
  /** Statuses each control must end with, by name: 1 received, 2 started, 3 completed, 6 cancelled, 7 superseded. */
  readonly responses: readonly { readonly control: string; readonly statuses: readonly number[] }[];
}

/** What a simulated utility is told to be: the scenario's part as plain data, and the behaviours of a kind of server. */

import type { Extension } from './schema.ts';

export interface PowerFactor {
  /** Power factor is displacement * 10^multiplier. */
  readonly displacement: number;
  /** true: absorbs var. */
  readonly excitation: boolean;
  readonly multiplier: number;
}

/** Modes that point to a curve of the same program, by its name. */
export const CURVE_MODES = [
  'opModFreqWatt',
  'opModHFRTMayTrip',
  'opModHFRTMustTrip',
  'opModHVRTMayTrip',
  'opModHVRTMomentaryCessation',
  'opModHVRTMustTrip',
  'opModLFRTMayTrip',
  'opModLFRTMustTrip',
  'opModLVRTMayTrip',
  'opModLVRTMomentaryCessation',
  'opModLVRTMustTrip',
  'opModVoltVar',
  'opModVoltWatt',
  'opModWattPF',
  'opModWattVar',
] as const;
export type CurveMode = (typeof CURVE_MODES)[number];

/** Control modes of an event or default; watts and var in 1, percentages in hundredths. */
export interface Modes extends Readonly<Partial<Record<CurveMode, string | undefined>>> {
  readonly opModExpLimW?: number | undefined;
  readonly opModImpLimW?: number | undefined;
  readonly opModGenLimW?: number | undefined;
  readonly opModLoadLimW?: number | undefined;
  readonly opModEnergize?: boolean | undefined;
  readonly opModConnect?: boolean | undefined;
  /** CSIP-AUS v1.3; positive discharges. */
  readonly opModStorageTargetW?: number | undefined;
  readonly opModTargetW?: number | undefined;
  readonly opModTargetVar?: number | undefined;
  readonly opModMaxLimW?: number | undefined;
  readonly opModFixedW?: number | undefined;
  readonly opModFixedVar?: { readonly refType: number; readonly value: number } | undefined;
  readonly opModFixedPFAbsorbW?: PowerFactor | undefined;
  readonly opModFixedPFInjectW?: PowerFactor | undefined;
  readonly opModFreqDroop?: Readonly<Record<'dBOF' | 'dBUF' | 'kOF' | 'kUF' | 'openLoopTms', number>> | undefined;
  /** 1/100 s. */
  readonly rampTms?: number | undefined;
}

/** A DERCurve; x and y are served as they stand here, with their multipliers. */
export interface Curve {
  readonly name: string;
  /** 0-14, the place of its mode in `CURVE_MODES`. */
  readonly curveType: number;
  readonly points: readonly { readonly x: number; readonly y: number; readonly excitation?: boolean }[];
  readonly xMultiplier?: number;
  readonly yMultiplier?: number;
  readonly yRefType?: number;
  /** openLoopTms, rampDecTms, rampIncTms, rampPT1Tms, vRef, autonomousVRefTimeConstant. */
  readonly more?: Readonly<Record<string, number | boolean>>;
}

export interface ScenarioProgram {
  readonly name: string;
  readonly primacy: number;
  /** null: the program has no default (answered with 204). */
  readonly default: Modes | null;
  /** setGradW, setSoftGradW and setES* of its DefaultDERControl. */
  readonly settings?: Readonly<Record<string, number>> | undefined;
  readonly curves?: readonly Curve[] | undefined;
}

/** Seconds; `at` counts from the start of the scenario. */
export interface ScenarioControl {
  /** Its name within the scenario, for a judge; absent: none. */
  readonly name?: string | undefined;
  readonly at: number;
  readonly program: string;
  /** Start of the event after `at`; negative for one that began before it was published. */
  readonly startsIn: number;
  readonly durationSeconds: number;
  readonly modes: Modes;
  /** null or absent: never. */
  readonly cancelAt?: number | null | undefined;
  /** null or absent: the element is not sent. */
  readonly randomizeStart?: number | null | undefined;
  readonly randomizeDuration?: number | null | undefined;
  /** 32 hexadecimal digits; absent: drawn. */
  readonly mRID?: string | undefined;
  /** Server time, s; absent: when it is published. */
  readonly creationTime?: number | undefined;
  /** Two hexadecimal digits; absent: as the server's `responseRequired`. */
  readonly responseRequired?: string | undefined;
}

export interface ScenarioUtility {
  readonly pollRate: number;
  readonly postRate: number;
  readonly layout: string;
  readonly programs: readonly ScenarioProgram[];
  readonly controls: readonly ScenarioControl[];
}

export type Layout = 'random' | 'apiV2';

export interface UtilityOptions {
  /** Everything drawn (hrefs, mRIDs) follows from it. */
  readonly seed: number;
  /** Server time at the start, UTC seconds; scenario seconds count from here. */
  readonly startedAt: number;
  readonly scenario: ScenarioUtility;
  /** Devices known beforehand. */
  readonly devices: readonly { readonly lfdi: string; readonly sfdi: number }[];
  readonly registration: 'out-of-band' | 'in-band';
  /** Five digits and a check digit; null: the Registration is empty (204); `absent`: the EndDevice links to none. */
  readonly pin: number | null | 'absent';
  readonly layout: Layout;
  /** The extension served and understood. */
  readonly extension: Extension;
  /** How hrefs are written: as a path, with the origin asked (Host), or relative to what was asked. */
  readonly links: 'path' | 'absolute' | 'relative';
  /** Compresses answers: never, to clients that accept it, or to everyone. */
  readonly gzip: 'never' | 'asked' | 'always';
  /** DER in the DERList. */
  readonly ders: number;
  /** Programs each DER is associated with, by its number from 1; absent: no AssociatedDERProgramListLink. */
  readonly associated: Readonly<Record<string, readonly string[]>>;
  /** Response.status values taken; null: all the standard has for a DERControl. Others: 400. */
  readonly responseStatuses: readonly number[] | null;
  /** Prefix of the CSIP-AUS namespace in what is served. */
  readonly prefix: string;
  /** Extension elements of clients must carry this prefix; null takes any. */
  readonly demandPrefix: string | null;
  /** Versions served, at /.well-known/csipaus; null: nothing is there. */
  readonly wellKnown: ((dcap: string) => unknown) | null;
  /** Every request must name this parameter in its media type (`csipaus=1.3`); null: any. */
  readonly demandParameter: string | null;
  /** Most items in one page, whatever the client asks. */
  readonly pageLimit: number;
  /** Answer for a list of controls without an item. */
  readonly emptyControlList: 'empty-list' | 'no-content';
  /** One FunctionSetAssignments for all programs, one for each, or so many of them; programs are dealt round. */
  readonly assignments: 'together' | 'each' | number;
  /** Offers a SubscriptionListLink whose POST is refused with 403. */
  readonly offersSubscriptions: boolean;
  /** Answer to a POST that creates a mirror. */
  readonly mirrorCreated: 201 | 204;
  /** Readings without lastUpdateTime are refused with 400. */
  readonly demandLastUpdateTime: boolean;
  /** A new mirror answers 404 for so many seconds. */
  readonly mirrorDelaySeconds: number;
  /** responseRequired of every control, two hexadecimal digits. */
  readonly responseRequired: string;
  /** The scenario's controls come again after so many seconds; null: once. */
  readonly repeatSeconds: number | null;
  /** An event stays on the list so long after its end; 0: it goes at once, as from some servers. */
  readonly listedAfterEnd: number;
}

export const MAX_BODY_BYTES = 256 * 1024;

/** /.well-known/csipaus of a v1.3 server. */
const versionsServed = (dcap: string): unknown => ({
  supportedSchemaVersions: { 'https://csipaus.org/ns/v1.3': { dcap: [dcap] } },
});

/** The usual server for a scenario: hrefs at random, or the `/api/v2` links and habits of the GE kind. */
export const defaultOptions = (
  given: Pick<UtilityOptions, 'seed' | 'startedAt' | 'scenario'> & Partial<UtilityOptions>,
): UtilityOptions => {
  const layout: Layout = given.layout ?? (given.scenario.layout === 'apiV2' ? 'apiV2' : 'random');
  const ge = layout === 'apiV2';
  const latest = given.extension === '1.3';
  return {
    devices: [],
    registration: 'out-of-band',
    pin: 111115,
    extension: '1.2',
    links: 'path',
    gzip: 'never',
    ders: 1,
    associated: {},
    responseStatuses: null,
    prefix: 'ns2',
    demandPrefix: ge ? 'ns2' : null,
    wellKnown: latest ? versionsServed : null,
    demandParameter: latest ? 'csipaus=1.3' : null,
    pageLimit: 2,
    emptyControlList: ge ? 'no-content' : 'empty-list',
    assignments: ge ? 'each' : 'together',
    offersSubscriptions: !ge,
    mirrorCreated: ge ? 204 : 201,
    demandLastUpdateTime: true,
    mirrorDelaySeconds: 0,
    responseRequired: '03',
    repeatSeconds: null,
    listedAfterEnd: ge ? 0 : 5,
    ...given,
    layout,
  };
};

/** A scenario for tests and by-hand runs: two programs, the first with a default of 1.5 kW. */
export const exampleScenario = (controls: readonly ScenarioControl[] = []): ScenarioUtility => ({
  pollRate: 60,
  postRate: 60,
  layout: 'random',
  programs: [
    { name: 'site', primacy: 1, default: { opModExpLimW: 1500 } },
    { name: 'feeder', primacy: 89, default: null },
  ],
  controls,
});

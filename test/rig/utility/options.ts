/** What a simulated utility is told to be: the scenario's part as plain data, and the behaviours of a kind of server. */

/** Control modes of an event or default; watts at the connection point, in 1 W. */
export interface Modes {
  readonly opModExpLimW?: number | undefined;
  readonly opModImpLimW?: number | undefined;
  readonly opModGenLimW?: number | undefined;
  readonly opModLoadLimW?: number | undefined;
  readonly opModEnergize?: boolean | undefined;
  readonly opModConnect?: boolean | undefined;
  /** 1/100 s. */
  readonly rampTms?: number | undefined;
}

export interface ScenarioProgram {
  readonly name: string;
  readonly primacy: number;
  /** null: the program has no default (answered with 204). */
  readonly default: Modes | null;
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
  /** Five digits and a check digit; null: the Registration is empty (204). */
  readonly pin: number | null;
  readonly layout: Layout;
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
  /** One FunctionSetAssignments for all programs, or one for each. */
  readonly assignments: 'together' | 'each';
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

/** The usual server for a scenario: hrefs at random, or the `/api/v2` links and habits of the GE kind. */
export const defaultOptions = (
  given: Pick<UtilityOptions, 'seed' | 'startedAt' | 'scenario'> & Partial<UtilityOptions>,
): UtilityOptions => {
  const layout: Layout = given.layout ?? (given.scenario.layout === 'apiV2' ? 'apiV2' : 'random');
  const ge = layout === 'apiV2';
  return {
    devices: [],
    registration: 'out-of-band',
    pin: 111115,
    prefix: 'ns2',
    demandPrefix: ge ? 'ns2' : null,
    wellKnown: null,
    demandParameter: null,
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

import { assert } from '#base/assert.ts';
import { decodeConfiguration, type Configuration } from '#app/config/configuration.ts';
import { SHIPPED_PROFILES } from '#app/config/profiles.ts';
import { decodeProfile, type UtilityProfile } from '#utility/translate/profile.ts';
import { defaultOptions, exampleScenario, type ScenarioUtility, type UtilityOptions } from '../../rig/utility/options.ts';
import type { BatterySettings } from '../../rig/site/battery.ts';
import { type InverterChange, siteOf, type SiteSettings, withInverters, withLoads, withStorage } from '../../rig/site/site.ts';
import type { SwitchedLoadSettings } from '../../rig/site/switched-load.ts';
import { besideOf } from '../beside.ts';
import type { WireBytes } from '../virtual-line-port.ts';
import { DEVICE } from './identity.ts';

/** Server time at second 0 of a run: 15 January 2027, 08:00 UTC. */
export const STARTED_AT = 1_800_000_000;
export const ORIGIN = 'https://utility.example';
/** A valid NMI with its check digit. */
export const NMI = '20019857328';
export const PIN = 111_115;

/** How one run differs from the usual: 10 kW in full sun with 500 W of load, SA TS 5573 v1.2 at one-minute rates, default 1500 W. */
export interface GatewayOptions {
  /** Rates, programs and controls of the server; `at` of a control counts from the start of the run. */
  readonly scenario?: Partial<ScenarioUtility>;
  /** Behaviours of the server. */
  readonly utility?: Partial<UtilityOptions>;
  /** Name of a shipped utility profile. */
  readonly profile?: string;
  readonly profileChange?: Partial<UtilityProfile>;
  readonly site?: Parameters<typeof siteOf>[0];
  /** The whole of the site, in place of `site`, `others`, `batteries` and `switchedLoads`; absent: made of those. */
  readonly settings?: SiteSettings;
  /** Further inverters on the same line, `pv-2`, `pv-3`...; absent: none. */
  readonly others?: readonly InverterChange[];
  /** Batteries and switched loads beside the inverter; absent: none. */
  readonly batteries?: readonly Partial<BatterySettings>[];
  readonly switchedLoads?: readonly SwitchedLoadSettings[];
  /** Registration PIN the gateway was given; null: none. */
  readonly pin?: number | null;
  readonly nmi?: string | null;
  readonly fallbackExportW?: number;
  readonly commissionedExportW?: number | null;
  /** Further members of `site.limits`, as in the file. */
  readonly limits?: Readonly<Record<string, unknown>>;
  /** Levels of inputs by their path; absent: there are none. */
  readonly levels?: ReadonlyMap<string, 0 | 1>;
  /** Absent: false. */
  readonly gridCodeWrites?: boolean;
  /** Address of DeviceCapability; absent: where the server has it. */
  readonly url?: string;
  /** The machine's own real-time clock at the start, seconds since 1970; absent: 3 s behind the server's. */
  readonly wallSeconds?: number;
  /** Draws of both processes. */
  readonly seed?: number;
  /** What controld shows of itself each second; absent: nobody looks. */
  readonly onView?: (view: { readonly exportLimit: number | null }) => void;
  /** Everything that passes on the serial line. */
  readonly onBytes?: (bytes: WireBytes) => void;
}

export const utilityOptions = (options: GatewayOptions): UtilityOptions =>
  defaultOptions({
    seed: options.seed ?? 1,
    startedAt: STARTED_AT,
    scenario: { ...exampleScenario(), ...options.scenario },
    devices: [DEVICE],
    pin: PIN,
    ...options.utility,
  });

export const siteSettings = (options: GatewayOptions): SiteSettings => {
  const { site, seed, others = [], batteries = [], switchedLoads = [], settings } = options;
  if (settings !== undefined) return settings;
  const first = siteOf({ seed: seed ?? 1, ...site, plant: { load: () => 500, ...site?.plant } });
  const withAll = others.length === 0 ? first : withInverters(first, others);
  return withLoads(withStorage(withAll, batteries), switchedLoads);
};

/** Lines by their number: the meter's is 0. */
export const lineName = (index: number): string => `line-${index + 1}`;

/** The configuration file of the run, read by the product's own decoder. */
export const configurationFor = (options: GatewayOptions, url: string): Configuration => {
  const nmi = options.nmi === undefined ? NMI : options.nmi;
  const { others = [], besideLine = 0, line: wire, ...beside } = siteSettings(options);
  const { baudRate } = wire;
  const lines = 1 + Math.max(besideLine, ...others.map(({ line }) => line));
  const text = JSON.stringify({
    format: 1,
    site: {
      id: 'virtual',
      limits: {
        commissioned: { exportW: options.commissionedExportW ?? null, generationW: null },
        fallback: { exportW: options.fallbackExportW ?? 0, importW: null },
        ...options.limits,
      },
      gridCodeWrites: options.gridCodeWrites ?? false,
    },
    ...(options.limits?.['inputs'] === undefined ? {} : { broker: { host: 'broker.example', port: 1883 } }),
    lines: Array.from({ length: lines }, (_, index) => ({
      ...{ name: lineName(index), path: `/dev/${lineName(index)}`, baudRate, parity: 'none', stopBits: 1 },
    })),
    devices: [
      { id: 'pv', role: 'inverter', line: 'line-1', unitId: 1, profile: 'sunspec-123' },
      { id: 'grid-meter', role: 'meter', line: 'line-1', unitId: 2, profile: 'sunspec-meter', sign: 1 },
      ...others.map(({ inverter: { unitId }, line }, index) => ({
        ...{ id: `pv-${index + 2}`, role: 'inverter', line: lineName(line), unitId, profile: 'sunspec-123' },
      })),
      ...besideOf(beside).map((device) => ({ line: lineName(besideLine), ...device })),
    ],
    utilities: [
      {
        name: 'utility',
        profile: options.profile ?? 'csip-aus-v1.2',
        url,
        registrationPin: 'pin',
        ...(nmi === null ? {} : { nmi }),
        identity: { kind: 'file', certificate: 'device.pem', key: 'device.key', trust: 'serca.pem' },
      },
    ],
  });
  const decoded = decodeConfiguration(new TextEncoder().encode(text));
  assert(decoded.ok, 'the configuration of the run is valid');
  return decoded.value;
};

/** A shipped profile with the changes of the run, checked as a file would be. */
export const profileFor = ({ profile = 'csip-aus-v1.2', profileChange }: GatewayOptions): UtilityProfile => {
  const shipped = SHIPPED_PROFILES.get(profile);
  assert(typeof shipped === 'object' && shipped !== null, `a shipped profile ${profile}`);
  const decoded = decodeProfile({ ...shipped, ...profileChange });
  assert(decoded.ok, 'the profile of the run is valid');
  return decoded.value;
};

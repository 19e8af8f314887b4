import type { SiteSettings } from '../rig/site/site.ts';

const STORAGE_PROFILES = { window: 'sunspec-124', inputs: 'fronius-storage', setpoint: 'sunspec-704-storage' } as const;

/** What the configuration says of the rig's batteries and switched loads: `battery-1`, `load-1`... */
export const besideOf = ({
  batteries = [],
  switchedLoads = [],
}: Pick<SiteSettings, 'batteries' | 'switchedLoads'>): readonly Readonly<Record<string, unknown>>[] => [
  ...batteries.map(({ unitId, family, gridCharge, behind }, index) => ({
    ...{ id: `battery-${index + 1}`, role: 'storage', unitId, profile: STORAGE_PROFILES[family] },
    storage: { reservePercent: 10, gridCharge, ...(behind === true ? { hybridOf: 'pv' } : {}) },
  })),
  ...switchedLoads.map(({ unitId, ratedW, takes }, index) => ({
    ...{ id: `load-${index + 1}`, role: 'load', unitId, profile: takes.kind === 'coil' ? 'relay' : 'register-load' },
    load: { maxPowerW: ratedW },
  })),
];

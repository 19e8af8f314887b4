import type { ReadingRecord, Spread } from '#control/record.ts';

/** The two usage points of a site: the connection point, and the sum of its DER. */
export type MirrorRole = 'site' | 'der';

/** roleFlags, exactly as CSIP-AUS wants them: mirror + premises aggregation point; mirror + DER + submeter. */
export const ROLE_FLAGS: Readonly<Record<MirrorRole, string>> = { site: '0003', der: '0049' };
/** The role byte of the mRIDs: the low byte of the role flags. */
export const ROLE_BYTE: Readonly<Record<MirrorRole, number>> = { site: 0x03, der: 0x49 };

/** Flow directions: forward counts what the customer takes as positive, reverse what the customer delivers. */
const FORWARD = 1;
const REVERSE = 19;
/** UomType. */
const HERTZ = 33;

/** What of the samples of an interval is told. */
export type Statistic = 'mean' | 'max' | 'min';
/** Part of an mRID: never change it. */
const STATISTIC_KEY: Readonly<Record<Statistic, string>> = { mean: 'avg', max: 'max', min: 'min' };

/** One quantity read for ever the same way: an element of the table below with a statistic is what its mRID stands for. */
export interface MirrorQuantity extends Measured {
  /** Part of the mRID: never change it. */
  readonly key: string;
  readonly statistic: Statistic;
}

interface Measured {
  readonly unit: string;
  readonly role: MirrorRole;
  readonly description: string;
  /** UomType: 38 W, 63 var, 29 V, 33 Hz. */
  readonly uom: number;
  readonly powerOfTenMultiplier: number;
  readonly flowDirection: number;
  readonly of: (record: ReadingRecord) => Spread<number> | null;
}

/** What a utility wants of it. */
export interface MirrorWishes {
  readonly minMax: boolean;
  readonly frequency: boolean;
}

/** Site power is positive when imported (flow direction forward), DER power positive when generated (reverse). */
const MEASURED: readonly Measured[] = [
  {
    unit: 'W',
    role: 'site',
    description: 'Site real power',
    uom: 38,
    powerOfTenMultiplier: 0,
    flowDirection: FORWARD,
    of: (record) => record.siteNetImport,
  },
  {
    unit: 'var',
    role: 'site',
    description: 'Site reactive power',
    uom: 63,
    powerOfTenMultiplier: 0,
    flowDirection: FORWARD,
    of: (record) => record.siteReactiveImport,
  },
  {
    unit: 'V',
    role: 'site',
    description: 'Site voltage',
    uom: 29,
    powerOfTenMultiplier: -1,
    flowDirection: FORWARD,
    of: (record) => record.siteVoltage,
  },
  {
    unit: 'Hz',
    role: 'site',
    description: 'Site frequency',
    uom: 33,
    powerOfTenMultiplier: -2,
    flowDirection: FORWARD,
    of: (record) => record.siteFrequency,
  },
  {
    unit: 'W',
    role: 'der',
    description: 'DER real power',
    uom: 38,
    powerOfTenMultiplier: 0,
    flowDirection: REVERSE,
    of: (record) => record.generation,
  },
  {
    unit: 'var',
    role: 'der',
    description: 'DER reactive power',
    uom: 63,
    powerOfTenMultiplier: 0,
    flowDirection: REVERSE,
    of: (record) => record.generationReactive,
  },
];

/** What is told of a role, in a fixed order; description and key say the statistic. */
export const quantitiesOf = (role: MirrorRole, wishes: MirrorWishes): readonly MirrorQuantity[] => {
  const statistics: readonly Statistic[] = wishes.minMax ? ['mean', 'max', 'min'] : ['mean'];
  const measured = MEASURED.filter((one) => one.role === role && (wishes.frequency || one.uom !== HERTZ));
  return measured.flatMap((one) =>
    statistics.map((statistic) => ({
      ...one,
      key: `${one.unit}|${STATISTIC_KEY[statistic]}`,
      description: `${one.description} ${STATISTIC_KEY[statistic]}`,
      statistic,
    })),
  );
};

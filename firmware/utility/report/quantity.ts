import type { MoreQuantity, ReadingRecord, Spread } from '#control/record.ts';
import { moreOf } from './interval.ts';

/** The two usage points of a site: the connection point, and the sum of its DER. */
export type MirrorRole = 'site' | 'der';

/** roleFlags, exactly as CSIP-AUS wants them: mirror + premises aggregation point; mirror + DER + submeter. */
export const ROLE_FLAGS: Readonly<Record<MirrorRole, string>> = { site: '0003', der: '0049' };
/** The role byte of the mRIDs: the low byte of the role flags. */
export const ROLE_BYTE: Readonly<Record<MirrorRole, number>> = { site: 0x03, der: 0x49 };

/** Flow directions: forward counts what the customer takes as positive, reverse what the customer delivers. */
const FORWARD = 1;
const REVERSE = 19;
/** ReadingType kinds: power, which CSIP-AUS also wants for volts and hertz; energy. */
const KIND_POWER = 37;
const KIND_ENERGY = 12;
/** PhaseCode. */
const PHASE = { whole: 0, an: 129, bn: 65, cn: 33 } as const;

/** What of the samples of an interval is told; `last`: the value at its end (instantaneous). */
export const STATISTICS = ['mean', 'max', 'min', 'last'] as const;
export type Statistic = (typeof STATISTICS)[number];
/** Part of an mRID: never change it. */
const STATISTIC_KEY: Readonly<Record<Statistic, string>> = { mean: 'avg', max: 'max', min: 'min', last: 'inst' };

/** The quantities a utility can ask for in its profile. */
export const SITE_READINGS = ['W', 'var', 'V', 'Va', 'Vb', 'Vc', 'Hz'] as const;
export const DER_READINGS = ['W', 'var', 'V', 'Va', 'Vb', 'Vc', 'Hz', 'Wh'] as const;
export type SiteReading = (typeof SITE_READINGS)[number];
export type DerReading = (typeof DER_READINGS)[number];

/** One quantity read for ever the same way: an element of the tables below with a statistic is what its mRID stands for. */
export interface MirrorQuantity extends Measured {
  readonly role: MirrorRole;
  /** Part of the mRID: never change it. */
  readonly key: string;
  readonly description: string;
  readonly flowDirection: number;
  readonly statistic: Statistic;
}

interface Measured {
  /** UomType: 38 W, 63 var, 29 V, 33 Hz, 72 Wh. */
  readonly uom: number;
  readonly kind: number;
  readonly phase: number;
  readonly powerOfTenMultiplier: number;
  readonly of: (record: ReadingRecord) => Spread<number> | null;
}

/** What a utility wants of it (its profile). */
export interface MirrorWishes {
  readonly readings: {
    readonly site: readonly SiteReading[];
    readonly der: readonly DerReading[];
    readonly statistics: readonly Statistic[];
  };
}

type Of = (record: ReadingRecord) => Spread<number> | null;

const power = (uom: number, of: Of): Measured => ({ uom, kind: KIND_POWER, phase: PHASE.whole, powerOfTenMultiplier: 0, of });
const voltage = (phase: keyof typeof PHASE, of: Of): Measured => ({
  uom: 29,
  kind: KIND_POWER,
  phase: PHASE[phase],
  powerOfTenMultiplier: -1,
  of,
});
const frequency = (of: Of): Measured => ({ uom: 33, kind: KIND_POWER, phase: PHASE.whole, powerOfTenMultiplier: -2, of });
const more =
  (quantity: MoreQuantity): Of =>
  (record) =>
    moreOf(record, quantity);

/** Site power is positive when imported (flow direction forward). */
const SITE: Readonly<Record<SiteReading, Measured>> = {
  W: power(38, (record) => record.siteNetImport),
  var: power(63, (record) => record.siteReactiveImport),
  V: voltage('whole', (record) => record.siteVoltage),
  Va: voltage('an', more('site.Va')),
  Vb: voltage('bn', more('site.Vb')),
  Vc: voltage('cn', more('site.Vc')),
  Hz: frequency((record) => record.siteFrequency),
};

/** DER power is positive when generated (flow direction reverse); energy is what storage holds. */
const DER: Readonly<Record<DerReading, Measured>> = {
  W: power(38, (record) => record.generation),
  var: power(63, (record) => record.generationReactive),
  V: voltage('whole', more('der.V')),
  Va: voltage('an', more('der.Va')),
  Vb: voltage('bn', more('der.Vb')),
  Vc: voltage('cn', more('der.Vc')),
  Hz: frequency(more('der.Hz')),
  Wh: { uom: 72, kind: KIND_ENERGY, phase: PHASE.whole, powerOfTenMultiplier: 0, of: (record) => storedOf(record) },
};

/** Stored energy is a state: there is only its value at the end. */
const storedOf = ({ storedEnergy }: ReadingRecord): Spread<number> | null =>
  storedEnergy === undefined || storedEnergy === null
    ? null
    : { mean: storedEnergy, min: storedEnergy, max: storedEnergy, last: storedEnergy };

const NAMES: Readonly<Record<DerReading, string>> = {
  W: 'real power',
  var: 'reactive power',
  V: 'voltage',
  Va: 'voltage A',
  Vb: 'voltage B',
  Vc: 'voltage C',
  Hz: 'frequency',
  Wh: 'stored energy',
};

/** What is told of a role, in the order of the profile; description and key say the statistic. */
export const quantitiesOf = (role: MirrorRole, { readings }: MirrorWishes): readonly MirrorQuantity[] => {
  const wanted: readonly [DerReading, Measured][] =
    role === 'site' ? readings.site.map((unit) => [unit, SITE[unit]]) : readings.der.map((unit) => [unit, DER[unit]]);
  return wanted.flatMap(([unit, measured]) => {
    const statistics: readonly Statistic[] = unit === 'Wh' ? ['last'] : readings.statistics;
    return statistics.map((statistic) => ({
      ...measured,
      role,
      key: `${unit}|${STATISTIC_KEY[statistic]}`,
      description: `${role === 'site' ? 'Site' : 'DER'} ${NAMES[unit]} ${STATISTIC_KEY[statistic]}`,
      flowDirection: role === 'site' ? FORWARD : REVERSE,
      statistic,
    }));
  });
};

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

/** One quantity read for ever the same way: an element of the table below is what its mRID stands for. */
export interface MirrorQuantity {
  /** Part of the mRID: never change it. */
  readonly key: string;
  readonly role: MirrorRole;
  readonly description: string;
  /** UomType: 38 W, 63 var, 29 V, 33 Hz. */
  readonly uom: number;
  readonly powerOfTenMultiplier: number;
  readonly flowDirection: number;
  readonly of: (record: ReadingRecord) => Spread<number> | null;
}

/** Site power is positive when imported (flow direction forward), DER power positive when generated (reverse). */
export const MIRROR_QUANTITIES: readonly MirrorQuantity[] = [
  {
    key: 'W|avg',
    role: 'site',
    description: 'Site real power avg',
    uom: 38,
    powerOfTenMultiplier: 0,
    flowDirection: FORWARD,
    of: (record) => record.siteNetImport,
  },
  {
    key: 'var|avg',
    role: 'site',
    description: 'Site reactive power avg',
    uom: 63,
    powerOfTenMultiplier: 0,
    flowDirection: FORWARD,
    of: (record) => record.siteReactiveImport,
  },
  {
    key: 'V|avg',
    role: 'site',
    description: 'Site voltage avg',
    uom: 29,
    powerOfTenMultiplier: -1,
    flowDirection: FORWARD,
    of: (record) => record.siteVoltage,
  },
  {
    key: 'Hz|avg',
    role: 'site',
    description: 'Site frequency avg',
    uom: 33,
    powerOfTenMultiplier: -2,
    flowDirection: FORWARD,
    of: (record) => record.siteFrequency,
  },
  {
    key: 'W|avg',
    role: 'der',
    description: 'DER real power avg',
    uom: 38,
    powerOfTenMultiplier: 0,
    flowDirection: REVERSE,
    of: (record) => record.generation,
  },
  {
    key: 'var|avg',
    role: 'der',
    description: 'DER reactive power avg',
    uom: 63,
    powerOfTenMultiplier: 0,
    flowDirection: REVERSE,
    of: (record) => record.generationReactive,
  },
];

export const quantitiesOf = (role: MirrorRole): readonly MirrorQuantity[] =>
  MIRROR_QUANTITIES.filter((quantity) => quantity.role === role);

/** Simple types and small value structures of IEEE 2030.5-2018, named as there. */
import type { BooleanType, HexType, IntegerType, MridType, TextType, UriType } from './grammar.ts';
import { attribute, mandatoryAttribute, one, optional, structure } from './grammar.ts';

const integer = (low: number, high: number): IntegerType => ({ kind: 'integer', low, high });
const hex = (bytes: number): HexType => ({ kind: 'hex', bytes });
const text = (bytes: number): TextType => ({ kind: 'text', bytes });

export const uInt8 = integer(0, 0xff);
export const uInt16 = integer(0, 0xffff);
export const uInt32 = integer(0, 0xffffffff);
export const uInt40 = integer(0, 2 ** 40 - 1);
export const uInt48 = integer(0, 2 ** 48 - 1);
export const int16 = integer(-0x8000, 0x7fff);
export const int32 = integer(-0x80000000, 0x7fffffff);
export const int48 = integer(-(2 ** 47), 2 ** 47);
/** TimeType is Int64, seconds since 1970; times beyond what a double holds exactly are refused. */
export const time = integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
/** PowerOfTenMultiplierType is an Int8 restricted to -9..9. */
export const powerOfTen = integer(-9, 9);
/** OneHourRangeType, seconds. */
export const oneHour = integer(-3600, 3600);
/** PerCent, hundredths of a per cent. */
export const perCent = integer(0, 10000);
/** SignedPerCent, hundredths of a per cent. */
export const signedPerCent = integer(-10000, 10000);
/** PINType: five digits and a check digit. */
export const pin = integer(0, 999999);
/** SFDIType: 36 bits in decimal and a check digit. */
export const sfdi = uInt40;

export const hexBinary8 = hex(1);
export const hexBinary16 = hex(2);
export const hexBinary32 = hex(4);
export const hexBinary160 = hex(20);
export const mRID: MridType = { kind: 'mrid', bytes: 16 };

export const string6 = text(6);
export const string32 = text(32);
export const string192 = text(192);
/** anyURI. Servers keep to 255 bytes; absolute ones with a host may be longer. */
export const anyUri: UriType = { kind: 'uri', bytes: 1024 };
export const boolean: BooleanType = { kind: 'boolean' };

/** Attributes of Resource, SubscribableResource and List. */
export const RESOURCE = [attribute('href', anyUri)] as const;
export const SUBSCRIBABLE = [...RESOURCE, attribute('subscribable', uInt8)] as const;
export const LIST = [...RESOURCE, mandatoryAttribute('all', uInt32), mandatoryAttribute('results', uInt32)] as const;
export const SUBSCRIBABLE_LIST = [
  ...SUBSCRIBABLE,
  mandatoryAttribute('all', uInt32),
  mandatoryAttribute('results', uInt32),
] as const;
export const POLL_RATE = attribute('pollRate', uInt32);

export const link = structure([], [mandatoryAttribute('href', anyUri)]);
export const listLink = structure([], [mandatoryAttribute('href', anyUri), attribute('all', uInt32)]);

const MULTIPLIER = one('multiplier', powerOfTen);
export const activePower = structure([MULTIPLIER, one('value', int16)]);
export const reactivePower = structure([MULTIPLIER, one('value', int16)]);
export const apparentPower = structure([MULTIPLIER, one('value', uInt16)]);
export const voltageRms = structure([MULTIPLIER, one('value', uInt16)]);
export const currentRms = structure([MULTIPLIER, one('value', uInt16)]);
export const wattHour = structure([MULTIPLIER, one('value', uInt16)]);
export const ampereHour = structure([MULTIPLIER, one('value', uInt16)]);
export const reactiveSusceptance = structure([MULTIPLIER, one('value', uInt16)]);
export const powerFactor = structure([one('displacement', uInt16), MULTIPLIER]);
export const powerFactorWithExcitation = structure([one('displacement', uInt16), one('excitation', boolean), MULTIPLIER]);
export const unitValue = structure([MULTIPLIER, one('unit', uInt8), one('value', int32)]);
export const dateTimeInterval = structure([one('duration', uInt32), one('start', time)]);

/** IdentifiedObject */
export const IDENTIFIED = [one('mRID', mRID), optional('description', string32), optional('version', uInt16)] as const;

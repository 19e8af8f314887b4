import { fail, ok, type Result } from '#base/result.ts';
import { wallSeconds, type WallSeconds } from '#base/units.ts';
import { DER, derElements, derOne, objectIdentifier, type DerElement } from './der.ts';

export interface Extension {
  /** Dotted decimal. */
  readonly id: string;
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

/** What the rules of a 2030.5 PKI need of an X.509 certificate. */
export interface Certificate {
  /** Encoded names, to be compared byte by byte. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: WallSeconds;
  readonly notAfter: WallSeconds;
  readonly extensions: readonly Extension[];
}

/** TBSCertificate: version [0], serial, algorithm, issuer, validity, subject, key, then optional parts (RFC 5280 4.1). */
const VERSION = 0xa0;

/** Reads one certificate; a fault for a person. Never throws. */
export const readCertificate = (der: Uint8Array): Result<Certificate, string> => {
  const certificate = derOne(der, DER.sequence);
  if (!certificate.ok) return certificate;
  const body = certificate.value[0];
  const fields = body?.tag === DER.sequence ? derElements(body.content) : fail('no TBSCertificate');
  if (!fields.ok) return fields;
  const [, , issuer, validity, subject, ...rest] = fields.value.filter(({ tag }) => tag !== VERSION);
  if (issuer === undefined || validity === undefined || subject === undefined) return fail('a certificate without its names');
  const times = derElements(validity.content);
  if (!times.ok) return times;
  const [notBefore, notAfter] = times.value.map(timeOf);
  if (notBefore === undefined || notAfter === undefined || notBefore === null || notAfter === null)
    return fail('a certificate without its validity');
  const extensions = extensionsOf(rest.find(({ tag }) => tag === DER.context3));
  if (!extensions.ok) return extensions;
  return ok({ issuer: issuer.content, subject: subject.content, notBefore, notAfter, extensions: extensions.value });
};

const extensionsOf = (element: DerElement | undefined): Result<readonly Extension[], string> => {
  if (element === undefined) return ok([]);
  const list = derOne(element.content, DER.sequence);
  if (!list.ok) return list;
  const extensions: Extension[] = [];
  for (const { content } of list.value) {
    const parts = derElements(content);
    if (!parts.ok) return parts;
    const id = parts.value.find(({ tag }) => tag === DER.objectIdentifier);
    const critical = parts.value.find(({ tag }) => tag === DER.boolean);
    const value = parts.value.find(({ tag }) => tag === DER.octetString);
    if (id === undefined || value === undefined) return fail('an extension without its id');
    extensions.push({ id: objectIdentifier(id.content), isCritical: (critical?.content[0] ?? 0) !== 0, value: value.content });
  }
  return ok(extensions);
};

/** UTCTime (years 1950 to 2049) and GeneralizedTime, both in UTC to the second. */
const timeOf = ({ tag, content }: DerElement): WallSeconds | null => {
  const text = String.fromCharCode(...content);
  const full = tag === DER.utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(full);
  if (parts === null || (tag !== DER.utcTime && tag !== DER.generalizedTime)) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  return wallSeconds(((daysTo(year, month, day) * 24 + hour) * 60 + minute) * 60 + second);
};

/** Days from 1970-01-01 to a day of the Gregorian calendar, counted in years that begin in March, so that a leap day is the last. */
const daysTo = (year: number, month: number, day: number): number => {
  const years = month > 2 ? year : year - 1;
  const daysOfMonths = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  return years * 365 + leapDays + daysOfMonths + day - 1 - DAYS_TO_1970;
};
/** From 0000-03-01 to 1970-01-01. */
const DAYS_TO_1970 = 719_468;

import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '#base/result.ts';
import { bitString, element, knownOid, oid, sequence, TAG } from './der.ts';

/** What names a device in its certificate (RFC 4108 5, IEEE 2030.5 6.11.7): the type of hardware and its serial number. */
export interface HardwareModule {
  /** Object identifier below the maker's private enterprise number. */
  readonly type: string;
  /** ASCII, at most 32 characters. */
  readonly serial: string;
}

const EC_PUBLIC_KEY = knownOid('1.2.840.10045.2.1');
const P256 = knownOid('1.2.840.10045.3.1.7');
const ECDSA_SHA256 = knownOid('1.2.840.10045.4.3.2');
const EXTENSION_REQUEST = knownOid('1.2.840.113549.1.9.14');
const SUBJECT_ALT_NAME = knownOid('2.5.29.17');
const HARDWARE_MODULE_NAME = knownOid('1.3.6.1.5.5.7.8.4');
const VERSION_1 = element(TAG.integer, Uint8Array.of(0));
const CRITICAL = element(TAG.boolean, Uint8Array.of(0xff));
const SERIAL = /^[\x21-\x7e]{1,32}$/;

/** SubjectPublicKeyInfo of an uncompressed P-256 point. */
export const publicKeyInfo = (point: Uint8Array): Uint8Array => sequence(sequence(EC_PUBLIC_KEY, P256), bitString(point));

/**
 * The part of a PKCS#10 request that is signed: empty subject, the key, and the extension request with a critical subjectAltName
 * that holds the hardwareModuleName alone. The fault is for a person.
 */
export const requestInfo = (point: Uint8Array, module: HardwareModule): Result<Uint8Array, string> => {
  const type = oid(module.type);
  if (type === null) return fail(`${module.type} is no object identifier`);
  if (!SERIAL.test(module.serial)) return fail('a serial number has 1 to 32 visible ASCII characters');
  const name = sequence(type, element(TAG.octetString, Buffer.from(module.serial, 'ascii')));
  const otherName = element(TAG.context0, HARDWARE_MODULE_NAME, element(TAG.context0, name));
  const extension = sequence(SUBJECT_ALT_NAME, CRITICAL, element(TAG.octetString, sequence(otherName)));
  const attributes = element(TAG.context0, sequence(EXTENSION_REQUEST, element(TAG.set, sequence(extension))));
  return ok(sequence(VERSION_1, sequence(), publicKeyInfo(point), attributes));
};

/** SHA-256, as the key signs it. */
export const digestOf = (info: Uint8Array): Uint8Array => createHash('sha256').update(info).digest();

/** DER of the whole request. */
export const signedRequest = (info: Uint8Array, signature: Uint8Array): Uint8Array =>
  sequence(info, sequence(ECDSA_SHA256), bitString(signature));

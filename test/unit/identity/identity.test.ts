import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Lfdi } from '../../../firmware/utility/identity/fingerprint.ts';
import { digitSum, identityOf, identityOfLfdi, parseLfdi, sfdiText } from '../../../firmware/utility/identity/fingerprint.ts';
import { meterReadingMrid, usagePointMrid } from '../../../firmware/utility/identity/mrid.ts';
import { checkPin, isPin } from '../../../firmware/utility/identity/pin.ts';

const lfdi = (text: string): Lfdi => {
  const parsed = parseLfdi(text);
  if (parsed === null) throw new Error('no LFDI');
  return parsed;
};

describe('LFDI and SFDI', () => {
  it.each([
    ['3E4F45AB31EDFE5B67E343E5E4562E3100000000', 167261211391],
    ['0f3078cf-ddaee28dc20b95635dc116cc2a6d877f', 40773583337],
    ['B37B0DC793759F646AD4489E3D4B96A3B1BF5185', 481789779136],
  ])('of %s is %d, with a check digit', (text, sfdi) => {
    expect(identityOfLfdi(lfdi(text)).sfdi).toBe(sfdi);
    expect(digitSum(sfdi) % 10).toBe(0);
  });

  it('follow from the whole certificate', () => {
    const { lfdi: found, sfdi } = identityOf(new TextEncoder().encode('test'));
    expect(found).toBe('9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B');
    expect(sfdi).toBe(identityOfLfdi(found).sfdi);
  });

  it('agree with OpenSSL on the reference certificate, where present', () => {
    const pem = new URL('../../../../shared/reference/examples/demo-pki/device.pem', import.meta.url);
    const certificates = existsSync(pem) ? [new X509Certificate(readFileSync(pem))] : [];
    for (const certificate of certificates) {
      expect(identityOf(certificate.raw).lfdi).toBe(certificate.fingerprint256.replaceAll(':', '').slice(0, 40));
    }
  });

  it('has twelve digits for people, and refuses what is no LFDI', () => {
    expect(sfdiText(40773583337)).toBe('040773583337');
    expect(parseLfdi('3E4F')).toBeNull();
    expect(parseLfdi(`${'0'.repeat(39)}G`)).toBeNull();
  });
});

describe('PIN', () => {
  it('has a check digit', () => {
    expect([111115, 123455, 0].every(isPin)).toBe(true);
    expect([111111, 123456, 1111115, -1, 1.5, Number.NaN].some(isPin)).toBe(false);
  });

  it('stops only on a difference', () => {
    expect(checkPin(111115, 111115)).toBe('matches');
    expect(checkPin(111115, 123455)).toBe('mismatch');
    expect(checkPin(null, 123455)).toBe('not-configured');
    expect(checkPin(111115, null)).toBe('not-served');
    expect(checkPin(111115, 0)).toBe('mismatch');
  });
});

describe('mRID', () => {
  const device = lfdi('B37B0DC793759F646AD4489E3D4B96A3B1BF5185');

  it('is 32 upper-case digits that end in role and decimal PEN', () => {
    expect(usagePointMrid(device, 0x49, 32473)).toBe('B37B0DC793759F646AD4484900032473');
    expect(meterReadingMrid(device, 3, 'W|avg', 32473)).toMatch(/^[0-9A-F]{22}0300032473$/);
  });

  it('differs by quantity, role and device, and is the same for ever', () => {
    const other = lfdi('0F3078CFDDAEE28DC20B95635DC116CC2A6D877F');
    const ids = [
      meterReadingMrid(device, 3, 'W|avg', 1),
      meterReadingMrid(device, 3, 'var|avg', 1),
      meterReadingMrid(device, 0x49, 'W|avg', 1),
      meterReadingMrid(other, 3, 'W|avg', 1),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(meterReadingMrid(device, 3, 'W|avg', 1)).toBe(ids[0]);
  });
});

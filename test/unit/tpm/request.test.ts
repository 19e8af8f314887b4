import { describe, expect, it } from 'vitest';
import { requestInfo } from '#platform/tpm/csr.ts';
import { element, oid, pem, TAG } from '#platform/tpm/der.ts';
import { tpmFaultOf, tpmFaultOfTlsCode } from '#platform/tpm/fault.ts';
import { tpmKeyPem } from '#platform/tpm/tpm.ts';

const hex = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString('hex');

describe('DER', () => {
  it.each([
    ['1.2.840.10045.3.1.7', '06082a8648ce3d030107'],
    ['1.3.6.1.5.5.7.8.4', '06082b06010505070804'],
    ['2.5.29.17', '0603551d11'],
    ['1.3.6.1.4.1.32473.1', '06092b0601040181fd5901'],
  ])('object identifier %s', (dotted, encoded) => expect(hex(oid(dotted))).toBe(encoded));

  it.each(['', '1', '3.1.2', '1.40.1', '1.2.x', '1.2.03', '1.2.9999999999'])('%s is no object identifier', (dotted) =>
    expect(oid(dotted)).toBeNull(),
  );

  it.each([
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
  ])('%d bytes have their length', (size, start) =>
    expect(hex(element(TAG.octetString, new Uint8Array(size))).startsWith(start)).toBe(true),
  );

  it('PEM has lines of 64', () => {
    const text = pem('X', new Uint8Array(100));
    expect(text.split('\n').map((line) => line.length)).toEqual([17, 64, 64, 8, 15, 0]);
  });
});

describe('a certificate request', () => {
  const point = new Uint8Array(65);
  it('names the hardware module and nothing else', () => {
    const info = requestInfo(point, { type: '1.3.6.1.4.1.32473.1', serial: 'GW-1' });
    expect(info.ok && hex(info.value)).toContain(`${hex(oid('1.3.6.1.4.1.32473.1'))}0404${hex(Buffer.from('GW-1'))}`);
  });
  it.each(['', 'two words', 'x'.repeat(33), 'ü'])('takes no serial number %j', (serial) =>
    expect(requestInfo(point, { type: '1.3.6.1.4.1.32473.1', serial }).ok).toBe(false),
  );
});

describe('faults', () => {
  it('come out of TLS by name', () => {
    expect(tpmFaultOfTlsCode('ERR_SSL_TPM_NO_KEY')).toBe('no-key');
    expect(tpmFaultOfTlsCode('ERR_OSSL_TPM_HUNG')).toBe('hung');
    expect(tpmFaultOfTlsCode('ERR_SSL_TPM_SOMETHING')).toBeNull();
    expect(tpmFaultOfTlsCode('ECONNRESET')).toBeNull();
  });
  it('of an unknown kind are refusals', () => {
    expect(tpmFaultOf(Object.assign(new Error('x'), { fault: 'lockout' })).kind).toBe('lockout');
    expect(tpmFaultOf(Object.assign(new Error('x'), { fault: 'new' })).kind).toBe('refused');
    expect(tpmFaultOf('x')).toEqual({ kind: 'refused', text: 'x' });
  });
});

it('the name of a key holds its handle alone', () => {
  expect(tpmKeyPem(0x81010001).split('\n')[1]).toBe('81010001');
});

/** Device certificates without their keys: virtual time has no TLS, but LFDI and validity come from the certificate. */
import { lfdiOf, sfdiOf } from '../../rig/utility/identity.ts';

export interface DeviceCertificate {
  readonly der: Uint8Array;
  readonly lfdi: string;
  readonly sfdi: number;
}

const certificate = (base64: string): DeviceCertificate => {
  const der = new Uint8Array(Buffer.from(base64, 'base64'));
  const lfdi = lfdiOf(der);
  return { der, lfdi, sfdi: sfdiOf(lfdi) };
};

/** The gateway as it was made. */
export const DEVICE = certificate(
  [
    'MIIBxDCCAWqgAwIBAgICEAMwCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIUmlnIE1JQ0EwIBcNMjYxMTIyMjAyMTU2WhgPOTk5OTEyMzEyMzU5NT',
    'laMAAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASs1XVfTwU0O1ldkKigqIxKrPvboO5IHf+SirZRR/eZ6NDwzLkpuoKrc491VLrepcazwERm',
    'A6EeZRLvay/FES+ro4G+MIG7MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgOIMCgGA1UdIAEB/wQeMBwwDAYKKwYBBAGCvhwBATAMBgorBg',
    'EEAYK+HAIBMDEGA1UdEQEB/wQnMCWgIwYIKwYBBQUHCASgFzAVBgkrBgEEAYH9WQEECFJJRy0wMDAxMB8GA1UdIwQYMBaAFB3QHCr1jIFmGK9N',
    'hkmMFwzuDhBRMB0GA1UdDgQWBBSGhRG7pGMRe6CPloGsCHP2uaWoFjAKBggqhkjOPQQDAgNIADBFAiEAhoLZnakKL4sofH1FcWnq07G6PJNtyj',
    'Oi4izh6ox00nACIDhbWXyDsULovWBmbygGykjlwTlysy88Kt8mCX9FJbYp',
  ].join(''),
);

/** Its certificate after a renewal: another LFDI. */
export const RENEWED = certificate(
  [
    'MIIBxDCCAWqgAwIBAgICEAMwCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIUmlnIE1JQ0EwIBcNMjYxMTIyMjAyMTU2WhgPOTk5OTEyMzEyMzU5NT',
    'laMAAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATax96IBVLufnwS7Q/a2c6FXCTqgFyea0bAi8Q/9XmrosIiBtpY/xJ0q1v7QTlKQAYowXpv',
    'D/NqORl6xnNjR5nLo4G+MIG7MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgOIMCgGA1UdIAEB/wQeMBwwDAYKKwYBBAGCvhwBATAMBgorBg',
    'EEAYK+HAIBMDEGA1UdEQEB/wQnMCWgIwYIKwYBBQUHCASgFzAVBgkrBgEEAYH9WQEECFJJRy0wMDAxMB8GA1UdIwQYMBaAFNzGqyVck58yB8Xh',
    'TLboUzQdyaVLMB0GA1UdDgQWBBTMvbkOkxuRCwbnD9xhlBAINyRsnzAKBggqhkjOPQQDAgNIADBFAiEA++ocS51k9KXnc0T5op6avtv4kWg0un',
    'mAFdjPr889VSgCIH8onsz7JO1fpwABdpYTEpaWW8RnN1OKw8iMsiL0PZwa',
  ].join(''),
);

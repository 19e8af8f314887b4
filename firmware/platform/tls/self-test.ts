import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { duplexPair } from 'node:stream';
import { connect, TLSSocket } from 'node:tls';
import { fail, ok, type Result } from '#base/result.ts';
import { tpmFaultText } from '../tpm/fault.ts';
import { identityContext, type TlsIdentity } from './context.ts';

/** Longest self-test, milliseconds: two signatures and everything around them. */
const LIMIT_MS = 15_000;

/**
 * A handshake of the identity with itself, both sides signing with its key, in memory; then an ordinary EC key is made, which a
 * broken provider would prevent. Fails with a text for a person before anything was sent to anybody. Never rejects.
 */
export const tlsSelfTest = async (identity: TlsIdentity): Promise<Result<void, string>> => {
  try {
    const secureContext = identityContext(identity);
    const own = new X509Certificate(identity.certificate).fingerprint256;
    const seen = await handshake(secureContext);
    if (seen !== own) return fail('the self-test saw another certificate than ours');
    generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return ok(undefined);
  } catch (error) {
    return fail(error instanceof Error ? (tpmFaultText(error) ?? error.message) : String(error));
  }
};

/** The client's certificate as the server side saw it. */
const handshake = async (secureContext: ReturnType<typeof identityContext>): Promise<string> => {
  const [ours, theirs] = duplexPair();
  const server = new TLSSocket(theirs, { isServer: true, secureContext, requestCert: true, rejectUnauthorized: false });
  // Only the keys are on trial: chains and names are, on every real connection.
  const client = connect({ socket: ours, secureContext, rejectUnauthorized: false });
  const timer = setTimeout(() => client.destroy(new Error('the handshake did not end')), LIMIT_MS);
  try {
    return await new Promise<string>((resolve, reject) => {
      client.once('error', reject);
      server.once('error', reject);
      server.once('secure', () => resolve(server.getPeerX509Certificate()?.fingerprint256 ?? 'none'));
    });
  } finally {
    clearTimeout(timer);
    client.destroy();
    server.destroy();
  }
};

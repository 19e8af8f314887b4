import type { Mutant } from './mutant.ts';

const SEALED = ['test/tpm/sealed.test.ts'];
const VAULT = ['test/tpm/vault.test.ts'];
const NORTHD = ['test/tpm/northd.test.ts'];

/** Breaks of identity, secrets and attestation. */
export const TPM_MUTANTS: readonly Mutant[] = [
  {
    name: 'northd sends before its key has signed',
    file: 'firmware/app/identity/tpm-identity.ts',
    search: 'const tested = await tlsSelfTest(identity);',
    replace: 'const tested = identity.key.length > 0 ? ok(undefined) : await tlsSelfTest(identity);',
    tests: NORTHD,
  },
  {
    name: 'a key that does not sign raises no alarm',
    file: 'firmware/app/northd/key-watch.ts',
    search: "if (reply.ok || reply.fault.kind === 'tls-key')",
    replace: 'if (reply.ok)',
    tests: ['test/unit/tpm/key-watch.test.ts'],
  },
  {
    name: 'a quote over other PCR values convinces',
    file: 'firmware/platform/tpm/evidence.ts',
    search: 'return quote.digest.equals(digest) ?',
    replace: 'return quote.digest.length === digest.length ?',
    tests: SEALED,
  },
  {
    name: 'an old quote convinces',
    file: 'firmware/platform/tpm/evidence.ts',
    search: 'if (!quote.nonce.equals(expected.nonce))',
    replace: 'if (quote.nonce.length === 0)',
    tests: SEALED,
  },
  {
    name: 'a prepared update takes the secrets from the release it may fall back to',
    file: 'firmware/app/identity/secrets-vault.ts',
    search: 'saveBlobs(vault.state, [own.value, other.value])',
    replace: 'saveBlobs(vault.state, [other.value])',
    tests: VAULT,
  },
  {
    name: 'a state directory that was put back to an older one is believed',
    file: 'firmware/app/identity/confirmed.ts',
    search: 'kept.counter === counter.value ||',
    replace: 'kept.counter <= counter.value ||',
    tests: VAULT,
  },
];

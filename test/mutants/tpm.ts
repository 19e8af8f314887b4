import type { Mutant } from './mutant.ts';

const SEALED = ['test/tpm/sealed.test.ts'];
const VAULT = ['test/tpm/vault.test.ts'];
const NORTHD = ['test/tpm/northd.test.ts'];

const KEY = ['test/tpm/key.test.ts'];
const TLS = ['test/tpm/tls.test.ts'];
const PROCESS = ['test/tpm/process.test.ts'];

/** Breaks of the addon. */
const ADDON_MUTANTS: readonly Mutant[] = [
  {
    name: 'addon: power cuts count as attacks on the key',
    file: 'native/src/key.cc',
    search: 'TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_SIGN_ENCRYPT |',
    replace: 'TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_SIGN_ENCRYPT |',
    tests: KEY,
  },
  {
    name: 'addon: in lock-out no key can be made and no secret opened',
    file: 'native/src/connection.cc',
    search: 'TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |',
    replace: 'TPMA_OBJECT_USERWITHAUTH |',
    tests: KEY,
  },
  {
    name: 'addon: a hung TPM is waited for without end',
    file: 'native/src/service.cc',
    search: 'finished_.wait_until(lock, deadline, [&]',
    replace: 'finished_.wait_until(lock, deadline + std::chrono::hours(1), [&]',
    tests: KEY,
    hangs: true,
  },
  {
    name: 'addon: behind a hung command the next one waits too',
    file: 'native/src/service.cc',
    search: 'if (stuck_) throw',
    replace: 'if (stuck_ && tcti_.empty()) throw',
    tests: KEY,
  },
  {
    name: 'addon: after a reset of the TPM the first command fails',
    file: 'native/src/service.cc',
    search: 'if (!error.isTransport() || fresh || !job->repeat) throw;',
    replace: 'if (!fresh || !error.isTransport() || !job->repeat) throw;',
    tests: KEY,
  },
  {
    name: 'addon: a TPM that goes away while it is opened has another name',
    file: 'native/src/connection.cc',
    search: 'if (IsTransport(rc)) Check(rc, "TPM2_GetCapability");',
    replace: '',
    tests: ['test/tpm/device.test.ts'],
  },
  {
    name: 'addon: nobody heals the method cache',
    file: 'native/src/provider_sign.cc',
    search: '  Heal();\n',
    replace: '',
    tests: PROCESS,
  },
  {
    name: 'addon: children inherit the TPM',
    file: 'native/src/connection.cc',
    search: 'fcntl(fd, F_SETFD, flags | FD_CLOEXEC)',
    replace: 'fcntl(fd, F_SETFD, flags)',
    tests: PROCESS,
  },
  {
    name: 'addon: the key signs digests of another kind',
    file: 'native/src/provider_sign.cc',
    search: 'EVP_MD_is_a(sha256, name) == 1',
    replace: 'EVP_MD_is_a(sha256, name) >= 0',
    tests: PROCESS,
  },
  {
    name: 'addon: a fault of the TPM in a handshake has no name',
    file: 'native/src/provider.cc',
    search: 'ERR_load_strings(errorLibrary, reasons.data());',
    replace: 'static_cast<void>(reasons.data());',
    tests: TLS,
  },
];

/** Breaks of identity, secrets and attestation. */
export const TPM_MUTANTS: readonly Mutant[] = [
  ...ADDON_MUTANTS,
  {
    name: 'northd sends before its key has signed',
    file: 'firmware/app/identity/tpm-identity.ts',
    search: 'const tested = await tlsSelfTest(identity);',
    replace: 'const tested = identity.key.length > 0 ? ok(undefined) : await tlsSelfTest(identity);',
    tests: NORTHD,
  },
  {
    name: 'northd measures no release',
    file: 'firmware/app/northd/own-keys.ts',
    search: 'if (chosen.ok && !server.stop.aborted) await measured(tpm.value, note);',
    replace: 'if (chosen.ok && server.stop.aborted) await measured(tpm.value, note);',
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

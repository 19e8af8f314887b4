import { fail, ok } from '#base/result.ts';
import type { OwnIdentity } from '../config/utility.ts';
import { proveIdentity, tpmIdentity } from '../identity/tpm-identity.ts';
import { openSecret } from '../identity/secrets-vault.ts';
import { measurementOf } from '../measured-release.ts';
import type { CliPorts } from './ports.ts';

interface Place {
  /** Directory of the state: `identity/` is below it. */
  readonly state: string;
  readonly tcti: string;
  readonly production: boolean;
}

/** The identity in the TPM as a command uses it: tried once, without northd's patience. Nothing is opened before it is asked for. */
export const ownIdentity = (ports: CliPorts, { state, tcti, production }: Place): OwnIdentity => ({
  tpm: async (trust) => {
    const tpm = ports.tpm(tcti);
    if (!tpm.ok) return fail(`the TPM cannot be used: ${tpm.fault}`);
    const own = await tpmIdentity(ports.filesIn(state), tpm.value);
    if (!own.ok) return own;
    const identity = { ...own.value, trust };
    const works = await proveIdentity(tpm.value, identity);
    return works.ok ? ok({ current: identity, renewed: null }) : works;
  },
  secret: async (name) => {
    const tpm = ports.tpm(tcti);
    const measurement = await measurementOf();
    if (!tpm.ok) return ok(null);
    if (!measurement.ok) return measurement;
    const vault = { state: ports.filesIn(state), tpm: tpm.value, measurement: measurement.value };
    const opened = await openSecret(vault, name);
    return !opened.ok || opened.value === null ? (opened.ok ? ok(null) : opened) : ok(new TextDecoder().decode(opened.value));
  },
  production,
});

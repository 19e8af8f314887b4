import type { Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { measureRelease } from '#platform/tpm/measure.ts';
import type { Tpm } from '#platform/tpm/tpm.ts';
import { attest, attestationKey, isNonce, verifyEvidence } from '../identity/attest.ts';
import { rollbackState } from '../identity/confirmed.ts';
import { tpmText } from '../identity/create.ts';
import { removeSecret, secretNames, setSecret, type Vault } from '../identity/secrets-vault.ts';
import { measurementOf } from '../measured-release.ts';
import { type CliPorts, EXIT } from './ports.ts';

/** What the secret, attest and counter commands take from the command line. */
export interface TrustOptions {
  /** Directory of the state: `secrets/` and `identity/` are below it. */
  readonly state: string;
  readonly tcti: string;
  readonly release: string;
  readonly nonce: string | undefined;
  /** File with the attestation key, PEM. */
  readonly key: string | undefined;
  /** Folder of the release that should run. */
  readonly files: string | undefined;
  /** File with evidence of a known good boot. */
  readonly like: string | undefined;
}

interface Bench {
  readonly ports: CliPorts;
  readonly state: Files;
  readonly options: TrustOptions;
}

type Command = (bench: Bench, operand: string) => Promise<Result<string, string>>;

const TEXT_BYTES_MAX = 64 * 1024;

/** `gridward secret ... | attest ... | counter`; null: no such command. */
export const runTrust = async (ports: CliPorts, words: readonly string[], options: TrustOptions): Promise<number | null> => {
  const isNamed = COMMANDS.has(`${words.slice(0, 2).join(' ')}, ${words.length}`);
  const command = COMMANDS.get(`${words.slice(0, isNamed ? 2 : 1).join(' ')}, ${words.length}`);
  if (command === undefined) return null;
  const result = await command({ ports, state: ports.filesIn(options.state), options }, words.at(-1) ?? '');
  if (result.ok) {
    ports.out(result.value);
    return EXIT.ok;
  }
  ports.error(`${result.fault}\n`);
  return EXIT.negative;
};

const tpmOf = ({ ports, options }: Bench): Result<Tpm, string> => ports.tpm(options.tcti);

/** The vault of the running release; measures it where nobody has in this boot. */
const vaultOf = async (bench: Bench): Promise<Result<Vault, string>> => {
  const tpm = tpmOf(bench);
  if (!tpm.ok) return tpm;
  const measurement = await measurementOf();
  if (!measurement.ok) return measurement;
  const measured = await measureRelease(tpm.value, measurement.value);
  if (!measured.ok) return fail(tpmText(measured.fault));
  return ok({ state: bench.state, tpm: tpm.value, measurement: measurement.value });
};

const set: Command = async (bench, name) => {
  const vault = await vaultOf(bench);
  if (!vault.ok) return vault;
  const text = new TextDecoder().decode(await bench.ports.input()).replace(/\r?\n$/, '');
  const kept = await setSecret(vault.value, name, new TextEncoder().encode(text));
  return kept.ok ? ok(`${name} is kept, sealed to this boot chain and release\n`) : kept;
};

const list: Command = async ({ state }) => {
  const names = await secretNames(state);
  return names.ok ? ok(names.value.map((name) => `${name}\n`).join('')) : names;
};

const remove: Command = async ({ state }, name) => {
  const removed = await removeSecret(state, name);
  return removed.ok ? ok(`${name} is removed\n`) : removed;
};

const key: Command = async (bench) => {
  const tpm = tpmOf(bench);
  return tpm.ok ? await attestationKey({ state: bench.state, tpm: tpm.value }, bench.ports.entropy) : tpm;
};

const make: Command = async (bench, nonce) => {
  if (!isNonce(nonce)) return fail('the nonce is 1 to 32 bytes in hexadecimal, new for each question');
  const tpm = tpmOf(bench);
  return tpm.ok ? await attest({ state: bench.state, tpm: tpm.value }, nonce, bench.options.release) : tpm;
};

const textOf = async (ports: CliPorts, file: string): Promise<Result<string, string>> => {
  const at = file.lastIndexOf('/');
  const bytes = await ports.filesIn(at < 0 ? '.' : file.slice(0, at + 1)).read(file.slice(at + 1), TEXT_BYTES_MAX);
  return bytes.ok ? ok(new TextDecoder().decode(bytes.value)) : fail(`${file}: ${bytes.fault.kind}`);
};

const verify: Command = async ({ ports, options }, file) => {
  const { nonce, key: keyFile, files, like: likeFile } = options;
  if (nonce === undefined || !isNonce(nonce) || keyFile === undefined)
    return fail('--nonce HEX is what was asked with, --key FILE the attestation key as enrolled');
  const evidence = await textOf(ports, file);
  const pem = await textOf(ports, keyFile);
  const like = likeFile === undefined ? ok(null) : await textOf(ports, likeFile);
  const measurement = files === undefined ? ok(null) : await measurementOf([files]);
  if (!evidence.ok) return evidence;
  if (!pem.ok) return pem;
  if (!like.ok) return like;
  if (!measurement.ok) return measurement;
  return verifyEvidence(evidence.value, { key: pem.value, nonce, measurement: measurement.value, like: like.value });
};

const counter: Command = async (bench) => {
  const tpm = tpmOf(bench);
  const now = tpm.ok ? await rollbackState(bench.state, tpm.value) : tpm;
  if (!now.ok) return now;
  switch (now.value.kind) {
    case 'none':
      return ok('no update was ever confirmed\n');
    case 'confirmed':
      return ok(`${now.value.counter}: release ${now.value.release} is the newest that was confirmed\n`);
    case 'rolled-back':
      return fail(`${now.value.counter} in the TPM, another on the disk: the state was put back to an older one`);
  }
};

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['secret set, 3', set],
  ['secret list, 2', list],
  ['secret remove, 3', remove],
  ['attest key, 2', key],
  ['attest verify, 3', verify],
  ['attest, 2', make],
  ['counter, 1', counter],
]);

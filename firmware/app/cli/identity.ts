import type { Files } from '#base/ports.ts';
import { fail, type Result } from '#base/result.ts';
import type { Tpm } from '#platform/tpm/tpm.ts';
import { createIdentity, renewIdentity } from '../identity/create.ts';
import { certificateRequest, installChain } from '../identity/enrol.ts';
import { describeIdentity } from '../identity/describe.ts';
import { type CliPorts, EXIT } from './ports.ts';

/** What the identity commands take from the command line. */
export interface IdentityOptions {
  /** Directory of the state: `identity/` is below it. */
  readonly state: string;
  readonly tcti: string;
  readonly type: string | undefined;
  readonly serial: string | undefined;
  /** LFDI of the retired identity that a renewal may destroy. */
  readonly discard: string | undefined;
  readonly json: boolean;
}

interface Bench {
  readonly ports: CliPorts;
  readonly state: Files;
  readonly tpm: Tpm;
  readonly options: IdentityOptions;
}

/** `gridward identity create | csr | install FILE | show | renew`; null: no such command. Refusals say what would be lost. */
export const runIdentity = async (
  ports: CliPorts,
  words: readonly string[],
  options: IdentityOptions,
): Promise<number | null> => {
  const [verb = '', file] = words;
  const command = COMMANDS.get(`${verb}, ${words.length}`);
  if (command === undefined) return null;
  const tpm = ports.tpm(options.tcti);
  const result = tpm.ok
    ? await command({ ports, state: ports.filesIn(options.state), tpm: tpm.value, options }, file ?? '')
    : tpm;
  if (result.ok) {
    ports.out(result.value);
    return EXIT.ok;
  }
  ports.error(`${result.fault}\n`);
  return EXIT.negative;
};

type Command = (bench: Bench, file: string) => Promise<Result<string, string>>;

const create: Command = async ({ ports, state, tpm, options: { type, serial } }) => {
  if (type === undefined || serial === undefined)
    return fail('--type OID and --serial TEXT say which device this is; both are in its certificate for ever');
  return await createIdentity({ state, tpm, entropy: ports.entropy }, { type, serial });
};

const install: Command = async ({ ports, state, tpm }, file) => {
  const at = file.lastIndexOf('/');
  const chain = await ports.filesIn(at < 0 ? '.' : file.slice(0, at + 1)).read(file.slice(at + 1), CHAIN_BYTES_MAX);
  if (!chain.ok) return fail(`${file}: ${chain.fault.kind}`);
  return await installChain({ state, tpm }, new TextDecoder().decode(chain.value), ports.clock.wall());
};

const CHAIN_BYTES_MAX = 64 * 1024;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['create, 1', create],
  ['csr, 1', async ({ state, tpm }) => await certificateRequest({ state, tpm })],
  ['install, 2', install],
  ['show, 1', async ({ state, tpm, options }) => await describeIdentity({ state, tpm }, options.json)],
  [
    'renew, 1',
    async ({ ports, state, tpm, options }) =>
      await renewIdentity({ state, tpm, entropy: ports.entropy }, options.discard ?? null),
  ],
]);

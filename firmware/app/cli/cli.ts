import { parseArgs } from 'node:util';
import { wantRecheck } from './csip-recheck.ts';
import { checkConfiguration } from './config-check.ts';
import { storeFile } from './config-store.ts';
import { showCsip } from './csip-show.ts';
import { runDoctor } from './doctor.ts';
import { TPM_DEFAULT } from '../identity/tpm-identity.ts';
import { runIdentity } from './identity.ts';
import { resetLockout } from './lockout.ts';
import { showLog } from './log.ts';
import { checkMeter } from './meter-check.ts';
import { type CliPorts, EXIT } from './ports.ts';
import { ownIdentity } from './own-identity.ts';
import { recordTicks } from './record.ts';
import { scanLine, type ScanOptions } from './scan.ts';
import { showStatus } from './status.ts';
import { gatewayProfile } from '../config/gateway-profile.ts';
import { showTrace } from './trace.ts';
import { runTrust } from './trust.ts';

const USAGE = `usage:
  gridward config check FILE [--json]         every problem of a configuration file
  gridward status [--json]                    what the site does now
  gridward trace LINE [--follow] [--pcap | --json]
                                              the last frames of a serial line
  gridward config store FILE                  hands it to controld, which checks, keeps and runs it (installer)
  gridward scan LINE [--json | --store]       who answers on a line; the configuration with it, printed or stored (installer)
               [--baud N] [--parity P] [--stop-bits N]   of a line that is not configured yet: its path, else 9600 8N1
  gridward meter-check [--json]               sign and phases of the meter, by moving the inverters (installer)
  gridward record                             what each tick sees and decides, to standard output, for make replay
  gridward lockout reset [--user]             lifts a lock-out of the export limitation scheme (installer; user: twice a month)
  gridward log [--since N] [--follow] [--json]
                                              the event log after record N
  gridward identity create --type OID --serial TEXT
                                              makes the device's key in the TPM
  gridward identity csr                       the certificate request of the newest key
  gridward identity install FILE              keeps the issued chain, leaf first
  gridward identity show [--json]             keys, LFDI, SFDI
  gridward identity renew [--discard LFDI]    another key beside the one in use
  gridward secret set NAME                    seals what stdin says to the TPM; list, remove NAME
  gridward attest key                         the attestation key, PEM; the first time makes it
  gridward attest NONCE                       what boot chain and release run, signed by the TPM; NONCE in hexadecimal
  gridward attest verify FILE --key PEM --nonce HEX [--files DIR] [--like FILE]
                                              checks that, against the files of a release and evidence of a good boot
  gridward counter                            the newest update that was confirmed, as the TPM counts

  gridward doctor [--json]                    configuration, clock, disk, certificates, network, server, registration and inverters
  gridward csip show                          what the utility server says, what is remembered of it, and why each mode's winner wins
  gridward csip recheck                       looks at a registration whose PIN was not ours now, not only once a day

  --config DIR    directory of the configuration (CONFIGURATION_DIRECTORY, /etc/gridward)
  --version       the release
  --runtime DIR   directory of controld's sockets (RUNTIME_DIRECTORY, /run/gridward)
  --state DIR     directory of the event log and of the identity (STATE_DIRECTORY, /var/lib/gridward)
  --tpm TCTI      where the TPM is (GRIDWARD_TPM, device:/dev/tpmrm0)

exit codes: 0 fine, 1 the answer is no (problems found, no such line, refused), 64 wrong usage,
            66 a file cannot be read, 69 controld does not answer
`;

const OPTIONS = {
  json: { type: 'boolean', default: false },
  follow: { type: 'boolean', default: false },
  pcap: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', default: false },
  since: { type: 'string', default: '0' },
  store: { type: 'boolean', default: false },
  user: { type: 'boolean', default: false },
  baud: { type: 'string', default: '9600' },
  parity: { type: 'string', default: 'none' },
  'stop-bits': { type: 'string', default: '1' },
  config: { type: 'string' },
  runtime: { type: 'string' },
  state: { type: 'string' },
  tpm: { type: 'string' },
  type: { type: 'string' },
  serial: { type: 'string' },
  discard: { type: 'string' },
  nonce: { type: 'string' },
  key: { type: 'string' },
  files: { type: 'string' },
  like: { type: 'string' },
} as const;

const parse = (
  args: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> | string => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** Runs one command; the exit code. `env` gives the directories where no option does. */
export const runCli = async (
  ports: CliPorts,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  release: string,
): Promise<number> => {
  const usage = (why: string): number => {
    ports.error(`${why}\n${USAGE}`);
    return EXIT.usage;
  };
  const parsed = parse(args);
  if (typeof parsed === 'string') return usage(parsed);
  const { values, positionals } = parsed;
  if (values.help) {
    ports.out(USAGE);
    return EXIT.ok;
  }
  if (values.version) {
    ports.out(`gridward ${release}\n`);
    return EXIT.ok;
  }
  const numbers = numbersOf(values);
  if (typeof numbers === 'string') return usage(numbers);
  const command = {
    ...values,
    ...numbers,
    config: values.config ?? env['CONFIGURATION_DIRECTORY'] ?? '/etc/gridward',
    runtime: values.runtime ?? env['RUNTIME_DIRECTORY'] ?? '/run/gridward',
    state: values.state ?? env['STATE_DIRECTORY'] ?? '/var/lib/gridward',
    tcti: values.tpm ?? env['GRIDWARD_TPM'] ?? TPM_DEFAULT,
    production: isProduction(env),
    release,
  };
  const code = await dispatch(ports, positionals, command);
  return code ?? usage(positionals.length === 0 ? 'no command' : `unknown command: ${positionals.join(' ')}`);
};

const BAUD_RATES = { least: 1200, most: 115_200 };

/** Options that are no plain texts; or why they are wrong. */
const numbersOf = (values: {
  readonly since: string;
  readonly baud: string;
  readonly parity: string;
  readonly 'stop-bits': string;
}): { readonly since: number; readonly wire: ScanOptions['serial'] } | string => {
  const since = Number(values.since);
  if (!Number.isSafeInteger(since) || since < 0) return '--since takes a record number';
  const wire = serialOf(values.baud, values.parity, values['stop-bits']);
  return wire === null ? '--baud takes 1200 to 115200, --parity none, even or odd, --stop-bits 1 or 2' : { since, wire };
};

/** Null: no settings of a serial line. */
const serialOf = (baud: string, parity: string, stopBits: string): ScanOptions['serial'] | null => {
  const baudRate = Number(baud);
  if (!Number.isInteger(baudRate) || baudRate < BAUD_RATES.least || baudRate > BAUD_RATES.most) return null;
  if (parity !== 'none' && parity !== 'even' && parity !== 'odd') return null;
  if (stopBits !== '1' && stopBits !== '2') return null;
  return { baudRate, parity, stopBits: stopBits === '1' ? 1 : 2 };
};

/** What is set wrongly counts as production: northd refuses it. */
const isProduction = (env: Readonly<Record<string, string | undefined>>): boolean => {
  const profile = gatewayProfile(env);
  return !profile.ok || profile.value === 'production';
};

interface Command {
  readonly json: boolean;
  readonly follow: boolean;
  readonly pcap: boolean;
  readonly since: number;
  readonly store: boolean;
  readonly user: boolean;
  readonly wire: ScanOptions['serial'];
  readonly config: string;
  readonly runtime: string;
  readonly state: string;
  readonly tcti: string;
  readonly production: boolean;
  readonly type?: string | undefined;
  readonly serial?: string | undefined;
  readonly discard?: string | undefined;
  readonly nonce?: string | undefined;
  readonly key?: string | undefined;
  readonly files?: string | undefined;
  readonly like?: string | undefined;
  readonly release: string;
}

/** Null: no such command. */
const dispatch = async (ports: CliPorts, words: readonly string[], options: Command): Promise<number | null> => {
  const { json, runtime, state, release } = options;
  const operand = words.at(-1) ?? '';
  if (words[0] === 'identity') {
    const { tcti, type, serial, discard } = options;
    return await runIdentity(ports, words.slice(1), { state, tcti, type, serial, discard, json });
  }
  if (words[0] === 'secret' || words[0] === 'attest' || words[0] === 'counter') {
    const { tcti, nonce, key, files, like } = options;
    return await runTrust(ports, words, { state, tcti, release, nonce, key, files, like });
  }
  switch (`${words.slice(0, words[0] === 'config' || words[0] === 'csip' ? 2 : 1).join(' ')}, ${words.length}`) {
    case 'config check, 3':
      return await checkConfiguration(ports, operand, json);
    case 'config store, 3':
      return await storeFile(ports, runtime, release, operand);
    case 'status, 1':
      return await showStatus(ports, runtime, release, json);
    case 'trace, 2':
      return await showTrace(ports, runtime, release, { ...options, line: operand });
    case 'doctor, 1':
      return await runDoctor(ports, {
        configuration: options.config,
        state,
        runtime,
        release,
        own: ownIdentity(ports, options),
        json,
      });
    case 'csip show, 2':
      return await showCsip(ports, { configuration: options.config, state, own: ownIdentity(ports, options) });
    case 'csip recheck, 2':
      return await wantRecheck(ports, state);
    case 'log, 1':
      return await showLog(ports, state, options);
    default:
      return await dispatchToSite(ports, words, options);
  }
};

/** What an installer or a developer asks of the running controld. Null: no such command. */
const dispatchToSite = async (ports: CliPorts, words: readonly string[], options: Command): Promise<number | null> => {
  const { json, runtime, release } = options;
  const operand = words.at(-1) ?? '';
  switch (`${words[0] ?? ''}, ${words.length}`) {
    case 'scan, 2':
      return await scanLine(ports, { ...options, serial: options.wire, line: operand });
    case 'meter-check, 1':
      return await checkMeter(ports, { directory: runtime, release, json });
    case 'lockout, 2':
      return operand === 'reset' ? await resetLockout(ports, runtime, release, options.user) : null;
    case 'record, 1':
      return await recordTicks(ports, runtime, release);
    default:
      return null;
  }
};

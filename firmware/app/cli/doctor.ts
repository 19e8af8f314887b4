import type { UtilityConfiguration } from '../config/configuration.ts';
import { locatedSite } from '../config/locate.ts';
import { loadUtility, type OwnIdentity } from '../config/utility.ts';
import { type Identified, standingOf } from '../identity/proven.ts';
import { chainFinding, keyFinding, TPM_KEY, validityFinding } from './doctor-identity.ts';
import { clockFinding, diskFinding } from './doctor-machine.ts';
import { examineServer } from './doctor-server.ts';
import { type Finding, found, type Tell, wrong } from './finding.ts';
import { learnedFinding, siteView } from './learned.ts';
import { type CliPorts, EXIT } from './ports.ts';
import { readUtilities } from './site-utility.ts';

interface Line {
  readonly step: string;
  readonly ok: boolean;
  readonly text: string;
  readonly remedy: string | null;
}

export interface DoctorOptions {
  readonly configuration: string;
  readonly state: string;
  /** Directory of controld's sockets. */
  readonly runtime: string;
  readonly release: string;
  readonly own: OwnIdentity;
  readonly json: boolean;
}

/**
 * `gridward doctor`: looks at everything between the configuration and the registration in turn, then at how the inverters answer, and
 * says what to do. 0: all is well, 1: something is to be mended.
 */
export const runDoctor = async (ports: CliPorts, options: DoctorOptions): Promise<number> => {
  const lines: Line[] = [];
  const tell: Tell = (name, finding) => {
    const line = finding.ok
      ? { step: name, ok: true, text: finding.value, remedy: null }
      : { step: name, ok: false, text: finding.fault.wrong, remedy: finding.fault.remedy };
    lines.push(line);
    ports.out(options.json ? `${JSON.stringify(line)}\n` : lineText(line));
    return line.ok;
  };
  const viewed = siteView(ports, options.runtime, options.release);
  const utilities = await readUtilities(ports, options.configuration);
  tell(
    'configuration',
    utilities.ok
      ? found(`${options.configuration}: ${utilities.value.length} utilities`)
      : wrong(utilities.fault, 'correct the file; gridward config check FILE lists every problem'),
  );
  tell('clock', clockFinding(ports));
  tell('disk', await diskFinding(ports, options.state));
  for (const utility of utilities.ok ? utilities.value : []) await examine(ports, options, utility, tell);
  // Without controld nothing is known of the inverters, and nothing said.
  for (const { device, learned } of (await viewed)?.devices ?? [])
    if (learned !== undefined) tell(device, learnedFinding(learned));
  return lines.every((line) => line.ok) ? EXIT.ok : EXIT.negative;
};

/** As wide as the longest step, of a certificate on trial. */
const STEP_WIDTH = 'trial registration'.length;

const lineText = ({ step, ok: good, text, remedy }: Line): string =>
  `${good ? 'ok  ' : 'FAIL'}  ${step.padEnd(STEP_WIDTH)} ${text}\n${remedy === null ? '' : `      ${''.padEnd(STEP_WIDTH)} ${remedy}\n`}`;

/** The identity that serves, then the renewed one that is to take over. */
const examine = async (ports: CliPorts, options: DoctorOptions, utility: UtilityConfiguration, tell: Tell): Promise<void> => {
  const { configuration, state, own } = options;
  const loaded = await loadUtility(utility, configuration, ports.filesIn(configuration), own);
  if (!loaded.ok) {
    tell('files', wrong(loaded.fault, 'put the named file in place, or correct its path or name in the configuration'));
    return;
  }
  const { serverLFDI } = loaded.value;
  const { serving, trial } = await standingOf(loaded.value, ports.filesIn(state));
  const place = { serverLFDI, isTpm: utility.identity.kind === 'tpm' };
  await examineIdentity(ports, { ...serving, ...place }, tell);
  if (trial === null) return;
  const onTrial: Tell = (name, finding) => tell(`trial ${name}`, finding);
  onTrial(
    'certificate',
    found(`LFDI ${trial.config.lfdi} takes over once it has completed a walk; till then the one above serves`),
  );
  await examineIdentity(ports, { ...trial, ...place }, onTrial);
};

interface Examined extends Identified {
  readonly serverLFDI: string | null;
  readonly isTpm: boolean;
}

/** The first that fails is the one to mend. What is only suspected of the certificates the server has the last word on. */
const examineIdentity = async (ports: CliPorts, { tls, config, serverLFDI, isTpm }: Examined, tell: Tell): Promise<void> => {
  tell('chain', chainFinding(tls));
  tell('validity', validityFinding(config.certificate, ports));
  if (!tell('key', isTpm ? TPM_KEY : keyFinding(tls))) return;
  const located = await locatedSite(ports.network.dns, config);
  if (!located.ok) {
    const remedy = 'DNS must say where the server is: ask the utility for its SRV and TXT records, or for the whole address';
    tell('DNS', wrong(located.fault, remedy));
    return;
  }
  const { hostname } = new URL(located.value.walk.dcap);
  if (tell('DNS', await addressFinding(ports, hostname)))
    await examineServer(ports, { tls, serverLFDI, config: located.value }, tell);
};

const addressFinding = async ({ network }: CliPorts, hostname: string): Promise<Finding> => {
  const addresses = await network.resolve(hostname);
  return addresses.ok
    ? found(`${hostname} is ${addresses.value.join(', ')}`)
    : wrong(`${hostname}: ${addresses.fault}`, 'check the name in the configuration, the network cable and the DNS server');
};

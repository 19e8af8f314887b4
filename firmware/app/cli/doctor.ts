import { createPrivateKey, X509Certificate } from 'node:crypto';
import { fail, ok, type Result } from '#base/result.ts';
import { wallSeconds } from '#base/units.ts';
import { chainProblem, validityAt, validityText } from '#utility/identity/chain.ts';
import type { HttpFaultKind } from '#utility/walk/http-port.ts';
import { parseResource } from '#utility/wire/parse.ts';
import type { TlsIdentity } from '#platform/tls/context.ts';
import type { UtilityConfiguration } from '../config/configuration.ts';
import { loadUtility, type Loaded, type OwnIdentity } from '../config/utility.ts';
import { locatedSite } from '../config/locate.ts';
import { type CliPorts, EXIT } from './ports.ts';
import { readUtilities } from './site-utility.ts';
import { walkOnce } from './utility-walk.ts';

/** What a step found: a fact, or what is wrong and what to do about it. */
type Finding = Result<string, { readonly wrong: string; readonly remedy: string }>;

const found = (text: string): Finding => ok(text);
const wrong = (what: string, remedy: string): Finding => fail({ wrong: what, remedy });

interface Line {
  readonly step: string;
  readonly ok: boolean;
  readonly text: string;
  readonly remedy: string | null;
}

/** Below it the log and the plan may not fit. */
const FREE_BYTES_MIN = 16 * 1024 * 1024;
/** 2026-01-01: no clock of a gateway that runs this release is right before it. */
const CLOCK_MIN = 1_767_225_600;
const CERTIFICATES_MAX = 8;

export interface DoctorOptions {
  readonly configuration: string;
  readonly state: string;
  readonly own: OwnIdentity;
  readonly json: boolean;
}

/** `gridward doctor`: looks at everything between the configuration and the registration in turn, and says what to do. */
export const runDoctor = async (ports: CliPorts, options: DoctorOptions): Promise<number> => {
  const lines: Line[] = [];
  const step = (name: string, finding: Finding): boolean => {
    const line = finding.ok
      ? { step: name, ok: true, text: finding.value, remedy: null }
      : { step: name, ok: false, text: finding.fault.wrong, remedy: finding.fault.remedy };
    lines.push(line);
    ports.out(options.json ? `${JSON.stringify(line)}\n` : lineText(line));
    return line.ok;
  };
  const utilities = await readUtilities(ports, options.configuration);
  step(
    'configuration',
    utilities.ok
      ? found(`${options.configuration}: ${utilities.value.length} utilities`)
      : wrong(utilities.fault, 'correct the file; gridward config check FILE lists every problem'),
  );
  step('clock', clockFinding(ports));
  step('disk', await diskFinding(ports, options.state));
  for (const utility of utilities.ok ? utilities.value : []) await examine(ports, options, utility, step);
  return lines.every((line) => line.ok) ? EXIT.ok : EXIT.negative;
};

const lineText = ({ step, ok: good, text, remedy }: Line): string =>
  `${good ? 'ok  ' : 'FAIL'}  ${step.padEnd(14)} ${text}\n${remedy === null ? '' : `      ${''.padEnd(14)} ${remedy}\n`}`;

/** Each step needs the one before it: the first that fails is the one to mend. */
const examine = async (
  ports: CliPorts,
  { configuration, own }: DoctorOptions,
  utility: UtilityConfiguration,
  step: (name: string, finding: Finding) => boolean,
): Promise<void> => {
  const loaded = await loadUtility(utility, configuration, ports.filesIn(configuration), own);
  if (!loaded.ok) {
    step('files', wrong(loaded.fault, 'put the named file in place, or correct its path or name in the configuration'));
    return;
  }
  const { tls, config } = loaded.value;
  if (!step('chain', chainFinding(tls, ports)) || !step('key', utility.identity.kind === 'tpm' ? TPM_KEY : keyFinding(tls)))
    return;
  const located = await locatedSite(ports.network.dns, config);
  if (!located.ok) {
    const remedy = 'DNS must say where the server is: ask the utility for its SRV and TXT records, or for the whole address';
    step('DNS', wrong(located.fault, remedy));
    return;
  }
  const { hostname } = new URL(located.value.walk.dcap);
  const addresses = await ports.network.resolve(hostname);
  const dns = addresses.ok
    ? found(`${hostname} is ${addresses.value.join(', ')}`)
    : wrong(`${hostname}: ${addresses.fault}`, 'check the name in the configuration, the network cable and the DNS server');
  if (!step('DNS', dns)) return;
  await examineServer(ports, { ...loaded.value, config: located.value }, step);
};

const examineServer = async (
  ports: CliPorts,
  { tls, serverLFDI, config }: Loaded,
  step: (name: string, finding: Finding) => boolean,
): Promise<void> => {
  const { lfdi } = config;
  const http = ports.network.client(tls, { serverLFDI, chainRule: chainProblem });
  const headers = { accept: config.profile.accept };
  const reply = await http.request({ method: 'GET', url: config.walk.dcap, headers, body: null });
  const connected = reply.ok
    ? found(`connected to ${new URL(reply.value.url).origin} as ${lfdi}`)
    : wrong(`${reply.fault.kind}: ${reply.fault.text}`, REMEDY[reply.fault.kind]);
  if (step('TLS', connected) && reply.ok && step('dcap', dcapFinding(reply.value.status, reply.value.body, lfdi))) {
    const walked = await walkOnce(ports, http, config.walk, config.profile);
    const pin = walked.notes.find(({ event }) => event === 'registration-pin-mismatch');
    const said = walked.notes.map(({ text }) => text).join('; ');
    if (pin !== undefined)
      step('registration', wrong(pin.text, 'the configured PIN is not the one the utility registered: ask for it'));
    else if (walked.tree === null)
      step('registration', wrong(said === '' ? 'the walk did not end' : said, `have the utility register LFDI ${lfdi}`));
    else {
      const { programs, ders } = walked.tree;
      step('registration', found(`listed, ${programs.length} programs, ${ders.length} DER${said === '' ? '' : `; ${said}`}`));
    }
  }
  await http.close();
};

const clockFinding = ({ clock }: CliPorts): Finding => {
  const now = clock.wall();
  return now < CLOCK_MIN
    ? wrong(
        `the clock says ${Math.round(now)} s`,
        'set it (timedatectl), or check the battery and the time server: certificates are refused',
      )
    : found(`${Math.round(now)} s of UTC`);
};

const diskFinding = async (ports: CliPorts, directory: string): Promise<Finding> => {
  const files = ports.filesIn(directory);
  const written = await files.replace('doctor.probe', new TextEncoder().encode('probe'));
  if (!written.ok) {
    const why = 'why' in written.fault ? written.fault.why : written.fault.kind;
    return wrong(
      `${directory} cannot be written: ${why}`,
      'make the state directory writable for the service, or free space on its disk',
    );
  }
  await files.remove('doctor.probe');
  const free = await ports.network.free(directory);
  if (free !== null && free < FREE_BYTES_MIN)
    return wrong(`${directory} has ${Math.floor(free / 1024)} KiB left`, 'free space: the log and the plan may not be kept');
  return found(`${directory} is writable${free === null ? '' : `, ${Math.floor(free / 1_048_576)} MiB free`}`);
};

/** DER of every certificate of a PEM text. */
const certificatesOf = (pem: string): readonly Uint8Array[] => {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.slice(0, CERTIFICATES_MAX).flatMap((block) => {
    try {
      return [new X509Certificate(block).raw];
    } catch {
      return [];
    }
  });
};

const chainFinding = (tls: TlsIdentity, ports: CliPorts): Finding => {
  const presented = certificatesOf(tls.certificate);
  const roots = certificatesOf(tls.trust);
  const [leaf] = presented;
  if (leaf === undefined || roots[0] === undefined)
    return wrong(
      'no readable certificate',
      'the certificate file holds the device certificate and its issuers, the trust file the roots',
    );
  const broken = linkProblem(presented, roots);
  if (broken !== null)
    return wrong(broken, 'order: device certificate, then each issuer below the root; the root in the trust file');
  const problem = chainProblem([...presented, roots[0]]);
  if (problem !== null) return wrong(problem, 'the utility accepts other certificates: have the chain issued anew');
  const validity = validityAt(leaf, wallSeconds(ports.clock.wall()));
  if (validity.kind !== 'good') return wrong(validityText(validity), 'have it renewed before control over the network ends');
  return found(`${presented.length} certificates below ${roots.length} roots`);
};

/** Each certificate must be signed by the next, the last by a root. */
const linkProblem = (presented: readonly Uint8Array[], roots: readonly Uint8Array[]): string | null => {
  const chain = presented.map((der) => new X509Certificate(der));
  for (const [index, certificate] of chain.entries()) {
    const issuers = index + 1 < chain.length ? chain.slice(index + 1, index + 2) : roots.map((der) => new X509Certificate(der));
    const isSigned = issuers.some((issuer) => certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
    const isRoot = roots.some((root) => certificate.raw.equals(root));
    if (!isSigned && !isRoot)
      return `certificate ${index + 1} of the file is not signed by ${index + 1 < chain.length ? 'the next one' : 'a root of the trust file'}`;
  }
  return null;
};

/** To load a key of the TPM it has signed for its certificate already; it cannot be looked at otherwise. */
const TPM_KEY = found('in the TPM, and signs for the certificate');

const keyFinding = ({ certificate, key }: TlsIdentity): Finding => {
  const remedy = 'the key file must be the one the certificate was asked for with; ask for a new certificate where it is lost';
  try {
    const privateKey = createPrivateKey(key);
    const curve = privateKey.asymmetricKeyDetails?.namedCurve;
    if (curve !== 'prime256v1') return wrong(`the key is not on P-256 but ${curve ?? 'of another kind'}`, remedy);
    return new X509Certificate(certificate).checkPrivateKey(privateKey)
      ? found('belongs to the certificate')
      : wrong('the key does not belong to the certificate', remedy);
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error), remedy);
  }
};

const dcapFinding = (status: number, body: Uint8Array, lfdi: string): Finding => {
  if (status === 404 || status === 403)
    return wrong(
      `HTTP ${status}`,
      `the server does not know this certificate, or the path is another: have LFDI ${lfdi} registered, check the address`,
    );
  if (status >= 300)
    return wrong(`HTTP ${status}`, 'the server is not well or wants other headers: ask the utility, check the profile');
  const read = parseResource('DeviceCapability', body);
  if (!read.ok) return wrong('what came is no DeviceCapability', 'the configured address must be the one of DeviceCapability');
  const { EndDeviceListLink, TimeLink, MirrorUsagePointListLink } = read.value;
  if (EndDeviceListLink === undefined)
    return wrong('it has no EndDeviceListLink', 'the server offers nothing to a DER client: ask the utility');
  const missing = [TimeLink === undefined ? 'Time' : '', MirrorUsagePointListLink === undefined ? 'MirrorUsagePointList' : ''];
  const absent = missing.filter((name) => name !== '');
  return found(`read${absent.length === 0 ? '' : `, without ${absent.join(' and ')}`}`);
};

const REMEDY: Readonly<Record<HttpFaultKind, string>> = {
  'tls-untrusted':
    'the server does not chain to the trust file, or breaks a rule of the standard: compare the roots with the utility',
  'tls-expired': "the server's certificate is not valid now: check our clock first, then tell the utility",
  'tls-name': 'the server is another one than configured: check the address, serverLFDI, and who answers',
  'tls-refused':
    'the server refused our certificate: wrong environment (test or production), not registered, or the chain is incomplete',
  'tls-key': 'the key does not sign: look at the TPM (GRIDWARD_TPM, /dev/tpmrm0), and that no other program keeps it from us',
  'tls-suite': 'no common TLS version or suite: the server must offer TLS 1.2 with ECDHE-ECDSA-AES128-CCM8 or GCM',
  refused: 'nobody listens at this port: check the address; the server may be down',
  unresolved: 'the name has no address: check DNS',
  unreachable: 'no route to the server: check network, gateway and VPN',
  timeout: 'no answer: a firewall drops us, or our address is not on the allow-list of the utility',
  reset: 'the connection was cut: often an unknown or missing client certificate',
  oversized: 'the answer is too long to be DeviceCapability: check the address',
  redirect: 'the server sends us somewhere we may not follow: ask for the new address',
  encoding: 'the answer is damaged: a proxy in between?',
  malformed: 'the answer is no HTTP: check port and address',
  closed: 'interrupted',
};

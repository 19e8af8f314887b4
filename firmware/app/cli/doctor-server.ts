import { chainProblem } from '#utility/identity/chain.ts';
import type { HttpClient, HttpFaultKind } from '#utility/walk/http-port.ts';
import { parseResource } from '#utility/wire/parse.ts';
import type { Loaded, UtilitySite } from '../config/utility.ts';
import { servedSite } from '../config/version.ts';
import { timeFinding } from './doctor-machine.ts';
import { type Finding, found, type Tell, wrong } from './finding.ts';
import type { CliPorts } from './ports.ts';
import { type Walked, walkOnce } from './utility-walk.ts';

/** Meets the server as this identity, and walks it once; tells what it found on the way. Nothing is registered or reported. */
export const examineServer = async (
  ports: CliPorts,
  { tls, serverLFDI, config }: Pick<Loaded, 'tls' | 'serverLFDI' | 'config'>,
  tell: Tell,
): Promise<void> => {
  const http = ports.network.client(tls, { serverLFDI, chainRule: chainProblem });
  await meet(ports, http, config, tell);
  await http.close();
};

const meet = async (ports: CliPorts, http: HttpClient, configured: UtilitySite, tell: Tell): Promise<void> => {
  const { lfdi } = configured;
  const first = await ask(http, configured, configured.walk.dcap);
  const connected = first.ok
    ? found(`connected to ${new URL(first.value.url).origin} as ${lfdi}`)
    : wrong(`${first.fault.kind}: ${first.fault.text}`, REMEDY[first.fault.kind]);
  if (!tell('TLS', connected) || !first.ok) return;
  const served = await servedSite(http, configured);
  if (!served.ok) {
    tell(
      'version',
      wrong(served.fault.why, 'the profile wants a server of CSIP-AUS v1.3: take another profile, or ask the utility'),
    );
    return;
  }
  const config = served.value;
  const isChosen = configured.profile.discovery !== 'dcap';
  if (isChosen) tell('version', found(`CSIP-AUS v${config.profile.csipAus} at ${config.walk.dcap}`));
  const reply = isChosen ? await ask(http, config, config.walk.dcap) : first;
  const dcap = reply.ok
    ? dcapFinding(reply.value.status, reply.value.body, lfdi)
    : wrong(`${reply.fault.kind}: ${reply.fault.text}`, REMEDY[reply.fault.kind]);
  if (!tell('dcap', dcap)) return;
  const walked = await walkOnce(ports, http, config.walk, config.profile);
  if (tell('registration', registrationFinding(walked, config))) tell('time', timeFinding(ports, walked.utility));
};

const ask = async (http: HttpClient, { profile }: UtilitySite, url: string): ReturnType<HttpClient['request']> =>
  await http.request({ method: 'GET', url, headers: { accept: profile.accept }, body: null });

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

const registrationFinding = ({ tree, notes }: Walked, { lfdi, walk }: UtilitySite): Finding => {
  const said = notes.map(({ text }) => text).join('; ');
  const has = (...events: readonly string[]): boolean => notes.some(({ event }) => events.includes(event));
  if (has('registration-pin-mismatch'))
    return wrong(said, 'the configured PIN is not the one the utility registered: ask for it, then gridward csip recheck');
  if (tree === null && has('end-device-absent', 'end-device-disabled'))
    return wrong(
      said,
      walk.inBandRegistration
        ? `northd registers LFDI ${lfdi} by itself: start it and look again`
        : `have the utility register LFDI ${lfdi}, and enable it`,
    );
  if (tree === null)
    return wrong(
      said === '' ? 'the walk did not end' : said,
      'the server does not serve what its DeviceCapability links to: tell the utility',
    );
  const { programs, ders, complete } = tree;
  const parts = [`listed, ${programs.length} programs`, `${ders.length} DER`, ...(complete ? [] : ['not all of it readable'])];
  return found(`${parts.join(', ')}${said === '' ? '' : `; ${said}`}`);
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

/**
 * northd as a process. Directories from CONFIGURATION_DIRECTORY, STATE_DIRECTORY, RUNTIME_DIRECTORY; log lines on stdout;
 * GRIDWARD_LOG=debug shows the polls. Ends by itself only where nothing is left to do without a person (exit 78).
 */
import type { Files, Note } from '#base/ports.ts';
import { after, type MonoMs, seconds } from '#base/units.ts';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { jsonLog } from '#platform/console/json-log.ts';
import { systemEntropy } from '#platform/entropy/system-entropy.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { dnsResolver } from '#platform/dns/resolver.ts';
import { httpClient } from '#platform/http/client.ts';
import type { TlsIdentity } from '#platform/tls/context.ts';
import type { HttpClient } from '#utility/walk/http-port.ts';
import { chainProblem } from '#utility/identity/chain.ts';
import { unixSockets } from '#platform/sockets/unix-sockets.ts';
import { readBootId } from '#platform/systemd/boot-id.ts';
import { serviceManager } from '#platform/systemd/notify.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { type Identified, keepProven, standingOf } from '../identity/proven.ts';
import { TPM_DEFAULT } from '../identity/tpm-identity.ts';
import { acceptConfiguration, EXIT_CONFIGURATION, problemText } from '../config/accept.ts';
import type { Configuration, UtilityConfiguration } from '../config/configuration.ts';
import { type Directories, directoriesFrom } from '../config/directories.ts';
import { type GatewayProfile, gatewayProfile } from '../config/gateway-profile.ts';
import { loadUtility, type Loaded } from '../config/utility.ts';
import type { Signing } from './key-watch.ts';
import { limitTopics } from './limit-source.ts';
import { northd, type NorthdConfig } from './northd.ts';
import { type OwnKeys, ownKeys } from './own-keys.ts';

const log = jsonLog({
  level: process.env['GRIDWARD_LOG'] === 'debug' ? 'debug' : 'info',
  now: () => monotonicClock.now(),
  write: (line) => process.stdout.write(line),
  prefix: process.env['JOURNAL_STREAM'] !== undefined,
});
const note: (note: Note) => void = log.of('northd');
const manager = serviceManager(process.env['NOTIFY_SOCKET']);
/** With nothing to do, a turn of the event loop is all the evidence there is. */
const IDLE_EVIDENCE = seconds(20);

const refuse = (text: string): void => {
  note({ event: 'configuration-refused', level: 'error', text });
  process.exitCode = EXIT_CONFIGURATION;
};

/** Stays alive with nothing to do: a site without a utility, or not commissioned yet. */
const idle = async (text: string): Promise<void> => {
  note({ event: 'no-utility', level: 'info', text });
  const end = ended();
  manager.ready();
  manager.status(text);
  let cancel = (): void => undefined;
  const turn = (): void => {
    manager.watchdog();
    cancel = monotonicClock.at(after(monotonicClock.now(), IDLE_EVIDENCE), turn);
  };
  turn();
  await end;
  cancel();
  manager.stopping();
};

const ended = async (): Promise<void> => {
  // A pending deadline keeps the process alive where nothing else does.
  const cancel = monotonicClock.at(Number.POSITIVE_INFINITY as MonoMs, () => undefined);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  cancel();
};

/** Nothing can go north yet, for the reason given; that is a state of ours, not a start that hangs. */
const onWait = (text: string): void => {
  manager.ready();
  manager.status(text);
  manager.watchdog();
};

interface Place {
  readonly state: Files;
  readonly signing: Signing | undefined;
  /** `address:port` in place of the system's; undefined: those. */
  readonly nameServers: readonly string[] | undefined;
}

/** In a laboratory alone: a gateway asks whom its network says. */
const nameServersFor = (profile: GatewayProfile): readonly string[] | undefined =>
  profile === 'laboratory' ? process.env['GRIDWARD_NAME_SERVERS']?.split(',') : undefined;

/** Runs until ended as asked; a renewed identity that was taken serves from then on. */
const serve = async (
  loaded: Loaded,
  common: Pick<NorthdConfig, 'release' | 'bootId' | 'directory'>,
  { state, signing, nameServers }: Place,
  where: string,
): Promise<void> => {
  const finish = ended();
  const { serverLFDI } = loaded;
  const standing = await standingOf(loaded, state);
  let serving: Identified = standing.serving;
  let next: Identified | null = standing.trial;
  for (let isRenewed = true; isRenewed; ) {
    let onTaken = (): void => undefined;
    const taken = new Promise<boolean>((resolve) => {
      onTaken = (): void => resolve(true);
    });
    const client = (tls: TlsIdentity): HttpClient => httpClient(tls, { serverLFDI, chainRule: chainProblem });
    const renewal = next === null ? null : { http: client(next.tls), config: { ...next.config, ...common }, onTaken };
    const north = await northd(
      {
        clock: monotonicClock,
        entropy: systemEntropy,
        link: unixSockets,
        state,
        http: client(serving.tls),
        dns: dnsResolver(nameServers),
        signing,
        note,
        onGoodTurn: () => manager.watchdog(),
      },
      { ...serving.config, ...common },
      renewal,
    );
    manager.ready();
    manager.status(where);
    note({ event: 'started', level: 'info', text: `${where}, LFDI ${serving.config.lfdi}` });
    isRenewed = await Promise.race([finish.then(() => false), taken]);
    if (!isRenewed) manager.stopping();
    await north.stop();
    if (isRenewed && next !== null) {
      await keepProven(state, next.config.lfdi);
      serving = next;
      next = null;
    }
  }
};

const run = async (): Promise<void> => {
  // Without its datagrams the service manager ends us as hung: better to hear why first.
  if (!manager.isPresent && process.env['NOTIFY_SOCKET'] !== undefined)
    note({ event: 'no-service-manager', level: 'error', text: manager.why });
  const directories = directoriesFrom(process.env);
  if (!directories.ok) {
    refuse(`not set: ${directories.fault.join(', ')}`);
    return;
  }
  const profile = gatewayProfile(process.env);
  if (!profile.ok) {
    refuse(profile.fault);
    return;
  }
  const { configuration, state } = directories.value;
  const files = directoryFiles(configuration);
  const accepted = await acceptConfiguration({ configuration: files, state: directoryFiles(state), note }, false);
  if (!accepted.ok) {
    refuse(accepted.fault.problems.map(problemText).join('; '));
    return;
  }
  if (accepted.value.kind === 'site-alone') {
    refuse(accepted.value.alarm);
    return;
  }
  if (accepted.value.kind === 'uncommissioned') {
    await idle('not commissioned');
    return;
  }
  const place = { directories: directories.value, profile: profile.value, files };
  await north(accepted.value.configuration, place);
};

interface Ground {
  readonly directories: Directories;
  readonly profile: GatewayProfile;
  /** Of the configuration directory. */
  readonly files: Files;
}

/** Everything beyond the site: the broker's limits, with or without a utility, and the utility. */
const north = async (site: Configuration, { directories, profile, files }: Ground): Promise<void> => {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.on('SIGTERM', end).on('SIGINT', end);
  const common = { clock: monotonicClock, entropy: systemEntropy, link: unixSockets, release: packageJson.version, note };
  const tcti = process.env['GRIDWARD_TPM'] ?? TPM_DEFAULT;
  const own = ownKeys({ tcti, directories, profile, server: { stop: stop.signal }, onWait, ...common });
  const topics = limitTopics(site, { ...common, directories, files, own: own.identity });
  const [utility] = site.utilities;
  try {
    if (utility === undefined) await idle('no utility is configured');
    else await toUtility(utility, own, { directories, profile, files }, stop.signal);
  } finally {
    process.off('SIGTERM', end).off('SIGINT', end);
    topics.close();
  }
};

const toUtility = async (
  utility: UtilityConfiguration,
  own: OwnKeys,
  { directories, profile, files }: Ground,
  stop: AbortSignal,
): Promise<void> => {
  const loaded = await loadUtility(utility, directories.configuration, files, own.identity);
  if (stop.aborted) {
    manager.stopping();
    return;
  }
  const bootId = await readBootId();
  if (!loaded.ok || !bootId.ok) {
    refuse(!loaded.ok ? loaded.fault : bootId.ok ? '' : bootId.fault);
    return;
  }
  const common = { release: packageJson.version, bootId: bootId.value, directory: directories.runtime };
  const place = { state: directoryFiles(directories.state), signing: own.signing, nameServers: nameServersFor(profile) };
  await serve(loaded.value, common, place, `${utility.name} at ${utility.url}`);
  note({ event: 'ended', level: 'info', text: 'stopped as asked' });
};

await run();

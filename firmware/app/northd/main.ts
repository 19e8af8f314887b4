/**
 * northd as a process. Directories from CONFIGURATION_DIRECTORY, STATE_DIRECTORY, RUNTIME_DIRECTORY; log lines on stdout;
 * GRIDWARD_LOG=debug shows the polls. Ends by itself only where nothing is left to do without a person (exit 78).
 */
import type { Note } from '#base/ports.ts';
import { after, type MonoMs, seconds } from '#base/units.ts';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { jsonLog } from '#platform/console/json-log.ts';
import { systemEntropy } from '#platform/entropy/system-entropy.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { httpClient } from '#platform/http/client.ts';
import { chainProblem } from '#utility/identity/chain.ts';
import { unixSockets } from '#platform/sockets/unix-sockets.ts';
import { readBootId } from '#platform/systemd/boot-id.ts';
import { serviceManager } from '#platform/systemd/notify.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { TPM_DEFAULT } from '../identity/tpm-identity.ts';
import { acceptConfiguration, EXIT_CONFIGURATION, problemText } from '../config/accept.ts';
import { directoriesFrom } from '../config/directories.ts';
import { gatewayProfile } from '../config/gateway-profile.ts';
import { loadUtility } from '../config/utility.ts';
import { northd } from './northd.ts';
import { ownKeys } from './own-keys.ts';

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
  manager.ready();
  manager.status(text);
  let cancel = (): void => undefined;
  const turn = (): void => {
    manager.watchdog();
    cancel = monotonicClock.at(after(monotonicClock.now(), IDLE_EVIDENCE), turn);
  };
  turn();
  await ended();
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
  const { configuration, state, runtime } = directories.value;
  const files = directoryFiles(configuration);
  const accepted = await acceptConfiguration({ configuration: files, state: directoryFiles(state), note }, false);
  if (!accepted.ok) {
    refuse(accepted.fault.problems.map(problemText).join('; '));
    return;
  }
  const utilities = accepted.value.kind === 'uncommissioned' ? [] : accepted.value.configuration.utilities;
  const utility = utilities[0];
  if (utility === undefined) {
    await idle(accepted.value.kind === 'uncommissioned' ? 'not commissioned' : 'no utility is configured');
    return;
  }
  if (utilities.length > 1)
    note({ event: 'utilities-ignored', level: 'warn', text: `only ${utility.name} is served by this release` });
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.on('SIGTERM', end).on('SIGINT', end);
  const own = ownKeys({
    tcti: process.env['GRIDWARD_TPM'] ?? TPM_DEFAULT,
    directories: directories.value,
    profile: profile.value,
    server: { url: utility.url, serverLFDI: utility.identity.serverLFDI, stop: stop.signal },
    ...{ clock: monotonicClock, entropy: systemEntropy, link: unixSockets, release: packageJson.version, note, onWait },
  });
  const loaded = await loadUtility(utility, configuration, files, own.identity);
  process.off('SIGTERM', end).off('SIGINT', end);
  if (stop.signal.aborted) {
    manager.stopping();
    return;
  }
  const bootId = await readBootId();
  if (!loaded.ok || !bootId.ok) {
    refuse(!loaded.ok ? loaded.fault : bootId.ok ? '' : bootId.fault);
    return;
  }
  const north = await northd(
    {
      clock: monotonicClock,
      entropy: systemEntropy,
      link: unixSockets,
      state: directoryFiles(state),
      http: httpClient(loaded.value.tls, { serverLFDI: loaded.value.serverLFDI, chainRule: chainProblem }),
      signing: own.signing,
      note,
      onGoodTurn: () => manager.watchdog(),
    },
    { ...loaded.value.config, release: packageJson.version, bootId: bootId.value, directory: runtime },
  );
  manager.ready();
  manager.status(`${utility.name} at ${utility.url}`);
  note({ event: 'started', level: 'info', text: `${utility.name} at ${utility.url}, LFDI ${loaded.value.config.lfdi}` });
  await ended();
  manager.stopping();
  await north.stop();
  note({ event: 'ended', level: 'info', text: 'stopped as asked' });
};

await run();

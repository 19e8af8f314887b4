import process from 'node:process';
import { after, durationMs } from '#base/units.ts';
import { anyInverterProfileNamed, loadProfileNamed, meterProfileNamed, storageProfileNamed } from '#drivers/profile/catalogue.ts';
import type { DeviceRole } from '#site/device.ts';
import type { LinePort } from '#drivers/line/port.ts';
import { SerialLinePort } from '#drivers/line/serial-port.ts';
import { TcpLinePort } from '#drivers/line/tcp-port.ts';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { jsonLog } from '#platform/console/json-log.ts';
import { systemEntropy } from '#platform/entropy/system-entropy.ts';
import { levelFiles } from '#platform/contacts/level-files.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { tcpDial } from '#drivers/line/tcp-dial.ts';
import { unixSockets } from '#platform/sockets/unix-sockets.ts';
import { readBootId } from '#platform/systemd/boot-id.ts';
import { serviceManager } from '#platform/systemd/notify.ts';
import { acceptConfiguration, EXIT_CONFIGURATION, problemText } from '../config/accept.ts';
import type { Configuration, LineConfiguration } from '../config/configuration.ts';
import { storeConfiguration } from '../config/keep.ts';
import { directoriesFrom } from '../config/directories.ts';
import { RELEASE } from '../release.ts';
import { controld } from './controld.ts';
import type { ControldPorts } from './ports.ts';
import { uncommissioned } from './uncommissioned.ts';

const EXIT_BROKEN = 70;
/** A stop that takes longer is ended; the devices do what their last setpoint says of silence. */
const STOP_WITHIN_MS = 5000;

const log = jsonLog({
  level: process.env['GRIDWARD_LOG'] === 'debug' ? 'debug' : 'info',
  now: () => monotonicClock.now(),
  write: (line) => process.stdout.write(line),
  prefix: process.env['JOURNAL_STREAM'] !== undefined,
});
const note = log.of('controld');

const die = (code: number, text: string): never => {
  note({ event: 'exit', level: 'error', text });
  process.exit(code);
};

const linePortOf = (line: LineConfiguration): LinePort =>
  line.tcp === null
    ? new SerialLinePort(line.path ?? '', line, monotonicClock)
    : new TcpLinePort(tcpDial(line.tcp.host, line.tcp.port), monotonicClock);

/** By path: an adapter keeps its name wherever it is plugged in again. */
const SERIAL_LINES = '/dev/serial/by-path';

const serialLines = async (): Promise<readonly string[]> => {
  const names = await directoryFiles(SERIAL_LINES).list('.');
  return names.ok ? names.value.map((name) => `${SERIAL_LINES}/${name}`) : [];
};

const PROFILES: Readonly<Record<DeviceRole, (name: string) => unknown>> = {
  inverter: anyInverterProfileNamed,
  meter: meterProfileNamed,
  storage: storageProfileNamed,
  load: loadProfileNamed,
};

const unknownProfiles = (configuration: Configuration): readonly string[] =>
  configuration.devices
    .filter(({ role, profile }) => PROFILES[role](profile) === null)
    .map(({ device, profile }) => `device ${device}: this release has no ${profile} device profile of that role`);

const run = async (): Promise<void> => {
  const directories = directoriesFrom(process.env);
  if (!directories.ok) return die(EXIT_CONFIGURATION, `not set to an absolute path: ${directories.fault.join(', ')}`);
  const state = directoryFiles(directories.value.state);
  const configurationFiles = directoryFiles(directories.value.configuration);
  const accepted = await acceptConfiguration({ configuration: configurationFiles, state, note: log.of('config') }, true);
  if (!accepted.ok) return die(EXIT_CONFIGURATION, accepted.fault.problems.map(problemText).join('; '));
  const configuration = accepted.value.kind === 'uncommissioned' ? null : accepted.value.configuration;
  const alarm = 'alarm' in accepted.value ? accepted.value.alarm : null;
  const unknown = configuration === null ? [] : unknownProfiles(configuration);
  if (unknown.length > 0) return die(EXIT_CONFIGURATION, unknown.join('; '));
  const bootId = await readBootId();
  const manager = serviceManager(process.env['NOTIFY_SOCKET']);
  // Without its datagrams the service manager ends us as hung: better to hear why first.
  if (!manager.isPresent && process.env['NOTIFY_SOCKET'] !== undefined)
    note({ event: 'no-service-manager', level: 'error', text: manager.why });
  const ports: ControldPorts = {
    clock: monotonicClock,
    entropy: systemEntropy,
    bootId: bootId.ok ? bootId.value : 'unknown-boot',
    state,
    link: unixSockets,
    runtimeDirectory: directories.value.runtime,
    readLevel: levelFiles(),
    linePort: linePortOf,
    note: (module) => log.of(module),
    onGoodTick: () => manager.watchdog(),
    release: RELEASE,
    storing: {
      store: async (text) => await storeConfiguration(configurationFiles, text, unknownProfiles),
      restart: (why) => stop(why),
    },
  };
  const running =
    configuration === null ? await uncommissioned({ ...ports, serialLines }) : await controld(ports, configuration, alarm);
  const stop = (signal: string): void => {
    note({ event: 'stopping', level: 'info', text: signal });
    manager.status(`stops: ${signal}`);
    manager.stopping();
    const late = monotonicClock.at(after(monotonicClock.now(), durationMs(STOP_WITHIN_MS)), () => process.exit(0));
    running.stop().then(
      () => {
        late();
        process.exit(0);
      },
      (error: unknown) => die(EXIT_BROKEN, String(error)),
    );
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  // Told last: whoever is told may end us at once.
  manager.ready();
  const what = configuration === null ? 'waits: the site is not commissioned' : `runs site ${configuration.siteId}`;
  manager.status(what);
  note({ event: 'running', level: configuration === null ? 'warn' : 'info', text: `controld ${RELEASE} ${what}` });
};

process.on('uncaughtException', (error) => die(EXIT_BROKEN, error.stack ?? String(error)));
process.on('unhandledRejection', (reason) =>
  die(EXIT_BROKEN, reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)),
);
await run();

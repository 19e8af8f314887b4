import type { Clock, Entropy, Files, Note } from '#base/ports.ts';
import type { LinkPort } from '#link/port.ts';
import type { HttpClient } from '#utility/walk/http-port.ts';
import type { DnsPort } from '#utility/walk/service-port.ts';
import type { UtilitySite } from '../config/utility.ts';
import { Channels } from './channels.ts';
import { ControlLink } from './control-link.ts';
import { type RaiseAlarm, type Signing, watchKey } from './key-watch.ts';
import { Patience } from './patience.ts';
import { PinSilence } from './pin-silence.ts';
import { tryRenewal, type Renewal } from './renewal.ts';
import { Sessions } from './sessions.ts';
import { Waker } from './waker.ts';

export interface NorthdPorts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly link: LinkPort;
  /** The state directory: the log is below it, and the file `north`. */
  readonly state: Files;
  /** Made with the identity and the trust of the utility. */
  readonly http: HttpClient;
  /** Finds the server where a domain alone is configured; absent: it cannot be found then. */
  readonly dns?: DnsPort;
  /** Of the key in the TPM; absent where the key is a file. */
  readonly signing?: Signing | undefined;
  readonly note: (note: Note) => void;
  /** A turn of the session ended: a request was answered or given up, or there was nothing to ask (design D12). */
  readonly onGoodTurn: () => void;
}

export interface NorthdConfig extends UtilitySite {
  readonly release: string;
  readonly bootId: string;
  /** Runtime directory, where controld's socket is. */
  readonly directory: string;
}

export interface Northd {
  /** Ends what is in flight and saves the cursors; never rejects. */
  stop(): Promise<void>;
}

/**
 * The north process for one utility server: walks it, tells controld what it says, and delivers what the log holds for it. Runs until
 * stopped, whatever is down: the server, controld, the log. A renewed identity is tried beside it, which tells when it is taken.
 */
export const northd = async (given: NorthdPorts, config: NorthdConfig, renewal: Renewal | null = null): Promise<Northd> => {
  const raise: RaiseAlarm = (event, text) => {
    if (text !== null) given.note({ event, level: 'warn', text });
    control.alarm(event, text);
  };
  const ports = { ...given, http: watchKey(given.http, given.signing ?? null, raise) };
  const waker = new Waker(ports.clock);
  const channels = new Channels({
    files: ports.state,
    context: { server: config.server, lfdi: config.lfdi, pen: config.pen, responses: config.profile.responses },
    note: ports.note,
  });
  await channels.load();
  const control = new ControlLink({
    ...ports,
    port: ports.link,
    directory: config.directory,
    release: config.release,
    onNews: () => waker.wake(),
  });
  const { clock, state: files, note } = ports;
  const silence = new PinSilence({ files, clock, note, bootId: config.bootId, walk: config.walk });
  const sessions = new Sessions(ports, config, { channels, control, waker, silence });
  const running = sessions.run();
  // It waits by itself, and proves nothing of the session's health.
  const trialPatience = new Patience(ports.clock, new Waker(ports.clock), () => undefined);
  const audit: NorthdPorts['note'] = (told) => {
    note(told);
    control.note(told.event, told.text);
  };
  const standing = (): number => sessions.programs;
  const trial =
    renewal === null
      ? null
      : tryRenewal(
          { clock, note: audit, ...(ports.dns === undefined ? {} : { dns: ports.dns }) },
          renewal,
          trialPatience,
          standing,
        );
  const stop = async (): Promise<void> => {
    sessions.stop();
    trialPatience.stop();
    await Promise.all([ports.http.close(), renewal?.http.close()]);
    await running;
    await trial;
    await channels.close();
    control.close();
  };
  return { stop };
};

import { after, type DurationMs, durationMs } from '#base/units.ts';
import { connectView, type FromViewer, type ToViewer } from '#link/role.ts';
import type { LinkClient } from '#link/client.ts';
import { type CliPorts, EXIT } from './ports.ts';

/** Longest wait for controld's first answer. */
const ANSWER_TIMEOUT = durationMs(5_000);

export interface ViewSession {
  /** Directory of controld's sockets. */
  readonly directory: string;
  readonly release: string;
  /** How long controld's first answer is waited for; absent: 5 s. */
  readonly timeout?: DurationMs;
  readonly onUp: (link: LinkClient<FromViewer>) => void;
  /** An exit code ends the session; null: go on. */
  readonly onMessage: (message: ToViewer) => number | null;
}

/** Talks to controld's view socket until a message ends it, Ctrl-C, the loss of the link, or silence at its beginning. */
export const viewSession = async (ports: CliPorts, session: ViewSession): Promise<number> => {
  const code = await new Promise<number>((resolve) => {
    const giveUp = (why: string): void => {
      ports.error(`${why}\n`);
      finish(EXIT.unavailable);
    };
    const cancel = ports.clock.at(after(ports.clock.now(), session.timeout ?? ANSWER_TIMEOUT), () =>
      giveUp('controld does not answer'),
    );
    const link = connectView({
      ...ports,
      port: ports.link,
      directory: session.directory,
      release: session.release,
      onUp: () => session.onUp(link),
      onMessage: (message) => {
        cancel();
        const ended = session.onMessage(message);
        if (ended !== null) finish(ended);
      },
      onDown: (why) => giveUp(`controld hung up: ${why}`),
      note: (note) => {
        if (note.level === 'error' || note.level === 'warn') ports.error(`${note.text}\n`);
      },
    });
    const finish = (ended: number): void => {
      cancel();
      ports.stop.removeEventListener('abort', stopped);
      resolve(ended);
      link.close();
    };
    const stopped = (): void => finish(EXIT.ok);
    ports.stop.addEventListener('abort', stopped, { once: true });
  });
  return code;
};

import { after, durationMs } from '#base/units.ts';
import { connectInstall } from '#link/role.ts';
import { type CliPorts, EXIT } from './ports.ts';

const ANSWER_TIMEOUT = durationMs(5_000);

/** `gridward lockout reset [--user]`: lifts a lock-out of the export limitation scheme. */
export const resetLockout = async (ports: CliPorts, directory: string, release: string, byUser: boolean): Promise<number> =>
  await new Promise<number>((resolve) => {
    const end = (code: number, text: string): void => {
      cancel();
      (code === EXIT.ok ? ports.out : ports.error)(`${text}\n`);
      resolve(code);
      link.close();
    };
    const cancel = ports.clock.at(after(ports.clock.now(), ANSWER_TIMEOUT), () =>
      end(EXIT.unavailable, 'controld does not answer, or this user may not'),
    );
    const link = connectInstall({
      ...ports,
      port: ports.link,
      directory,
      release,
      onUp: () => {
        link.send(byUser ? { type: 'lockout-reset', by: 'user' } : { type: 'lockout-reset' });
      },
      onMessage: (message) => {
        if (message.type !== 'done') return;
        if (message.refused === undefined) end(EXIT.ok, byUser ? 'lifted' : 'lifted; the excursions are forgotten');
        else end(EXIT.negative, message.refused);
      },
      onDown: (why) => end(EXIT.unavailable, `controld hung up: ${why}`),
      note: () => undefined,
    });
  });

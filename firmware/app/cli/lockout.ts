import { after, durationMs } from '#base/units.ts';
import { connectInstall } from '#link/role.ts';
import { type CliPorts, EXIT } from './ports.ts';

const ANSWER_TIMEOUT = durationMs(5_000);

/** `gridward lockout reset`: the installer lifts a lock-out of the export limitation scheme. */
export const resetLockout = async (ports: CliPorts, directory: string, release: string): Promise<number> =>
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
        link.send({ type: 'lockout-reset' });
      },
      onMessage: (message) => {
        if (message.type === 'done') end(EXIT.ok, 'lifted; the excursions are forgotten');
      },
      onDown: (why) => end(EXIT.unavailable, `controld hung up: ${why}`),
      note: () => undefined,
    });
  });

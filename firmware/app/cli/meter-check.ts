import { after, durationMs } from '#base/units.ts';
import type { MeterCheckReport } from '#link/message.ts';
import { connectInstall } from '#link/role.ts';
import { type CliPorts, EXIT } from './ports.ts';

const ANSWER_TIMEOUT = durationMs(5_000);

interface MeterCheckOptions {
  readonly directory: string;
  readonly release: string;
  readonly json: boolean;
}

/** `gridward meter-check`: sign and phases of the meter, shown by moving the inverters. Progress goes to standard error; Ctrl-C ends it. */
export const checkMeter = async (ports: CliPorts, { directory, release, json }: MeterCheckOptions): Promise<number> =>
  await new Promise<number>((resolve) => {
    const end = (code: number, text: string): void => {
      cancel();
      ports.stop.removeEventListener('abort', stopped);
      (code === EXIT.unavailable ? ports.error : ports.out)(text);
      resolve(code);
      link.close();
    };
    const stopped = (): void => end(EXIT.negative, 'ended; the inverters are given back\n');
    const cancel = ports.clock.at(after(ports.clock.now(), ANSWER_TIMEOUT), () =>
      end(EXIT.unavailable, 'controld does not answer, or this user may not\n'),
    );
    const link = connectInstall({
      ...ports,
      port: ports.link,
      directory,
      release,
      onUp: () => {
        link.send({ type: 'meter-check-request' });
      },
      onMessage: (message) => {
        if (message.type !== 'meter-check') return;
        cancel();
        if (!message.done) ports.error(`${message.text}\n`);
        else end(isFine(message) ? EXIT.ok : EXIT.negative, json ? `${JSON.stringify(message, null, 2)}\n` : textOf(message));
      },
      onDown: (why) => end(EXIT.unavailable, `controld hung up: ${why}\n`),
      note: () => undefined,
    });
    ports.stop.addEventListener('abort', stopped, { once: true });
  });

/** What is configured is right, as every inverter that could be tested shows. */
const isFine = ({ inverters, site }: MeterCheckReport): boolean =>
  site !== null &&
  site.sign !== null &&
  inverters.every(({ relation }) => relation === 'follows' || relation === 'untested') &&
  inverters.some(({ relation }) => relation === 'follows');

const textOf = ({ text, inverters, site }: MeterCheckReport): string => {
  const rows = inverters.map(
    ({ device, confidence, text: found }) => `${device}: ${found}${confidence === 'none' ? '' : ` (${confidence})`}\n`,
  );
  const early = text === '' ? '' : `ended early: ${text}\n`;
  return `${early}${rows.join('')}${site === null ? '' : `${site.text}\n`}`;
};

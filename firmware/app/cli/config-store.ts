import { basename, dirname } from 'node:path';
import { after, durationMs } from '#base/units.ts';
import { connectInstall } from '#link/role.ts';
import { CONFIGURATION_BYTES_MAX } from '../config/schema.ts';
import { type CliPorts, EXIT } from './ports.ts';

const ANSWER_TIMEOUT = durationMs(10_000);

/** Hands a configuration to controld, which alone checks, keeps and runs it; the exit code. */
export const handOver = async (ports: CliPorts, directory: string, release: string, text: string): Promise<number> =>
  await new Promise<number>((resolve) => {
    const end = (code: number, said: string): void => {
      cancel();
      (code === EXIT.ok ? ports.out : ports.error)(`${said}\n`);
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
        link.send({ type: 'config-store', text });
      },
      onMessage: (message) => {
        if (message.type !== 'config-stored') return;
        const { problems } = message;
        if (problems.length > 0) end(EXIT.negative, `not stored:\n${problems.join('\n')}`);
        else end(EXIT.ok, 'stored; controld restarts with it. Another utility part takes a restart of northd as well');
      },
      onDown: (why) => end(EXIT.unavailable, `controld hung up: ${why}`),
      note: () => undefined,
    });
  });

/** `gridward config store FILE`. */
export const storeFile = async (ports: CliPorts, directory: string, release: string, file: string): Promise<number> => {
  const bytes = await ports.filesIn(dirname(file)).read(basename(file), CONFIGURATION_BYTES_MAX);
  if (bytes.ok) return await handOver(ports, directory, release, new TextDecoder().decode(bytes.value));
  ports.error(`${file}: ${'why' in bytes.fault ? bytes.fault.why : bytes.fault.kind}\n`);
  return EXIT.noInput;
};

import { type CliPorts, EXIT } from './ports.ts';
import { viewSession } from './view-session.ts';

/** Longest line of a tape: the start of a gateway with a full plan is far below it. */
const LINE_MAX = 64 * 1024 * 1024;

/** `gridward record`: what each tick sees and decides, a line of JSON each, to standard output until Ctrl-C. `make replay` reads it. */
export const recordTicks = async (ports: CliPorts, directory: string, release: string): Promise<number> => {
  let pieces: string[] = [];
  let length = 0;
  return await viewSession(ports, {
    directory,
    release,
    onUp: (link) => {
      link.send({ type: 'tape-request' });
      ports.error('recording; Ctrl-C ends it\n');
    },
    onMessage: (message) => {
      if (message.type !== 'tape') return null;
      pieces.push(message.text);
      length += message.text.length;
      if (length > LINE_MAX) {
        ports.error('a tick has no end\n');
        return EXIT.negative;
      }
      if (message.more) return null;
      ports.out(`${pieces.join('')}\n`);
      pieces = [];
      length = 0;
      return null;
    },
  });
};

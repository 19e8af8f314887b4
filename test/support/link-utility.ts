import type { LinkPort, LinkStream } from '#link/port.ts';
import type { ProgramSet } from '#control/program.ts';

/** What northd would have to say: raw lines of the link, written without the product's own codec. */
export interface LinkUtility {
  /** The newest word of the utility; sent now, and after each connect. Null: nothing yet. */
  say(set: ProgramSet): void;
  anchor(anchor: { readonly bootId: string; readonly mono: number; readonly utility: number; readonly error: number }): void;
  /** What a topic of the broker said. */
  limit(source: string, limit: SaidLimit): void;
  /** True once controld said hello. */
  readonly isUp: boolean;
  readonly isClosed: boolean;
  close(): void;
}

export interface SaidLimit {
  readonly heard: number;
  readonly seconds: number;
  readonly exportW?: number;
  readonly generationW?: number;
  readonly importW?: number;
}

interface LinkUtilityOptions {
  readonly link: LinkPort;
  /** Of the plan role. */
  readonly socket: string;
  readonly onLine?: (line: string) => void;
  readonly onClosed?: (why: string) => void;
}

/** Plays northd on the link: says hello, then what it is told to say. */
export const linkUtility = (options: LinkUtilityOptions): LinkUtility => {
  const { link, socket, onLine, onClosed } = options;
  const waiting: string[] = [];
  let stream: LinkStream | null = null;
  let isUp = false;
  let isClosed = false;
  let sets = 0;
  const send = (message: unknown): void => {
    const line = JSON.stringify(message);
    if (stream === null || !isUp) waiting.push(line);
    else stream.send(line);
  };
  link.dial(
    socket,
    (opened) => {
      stream = opened;
      opened.send(JSON.stringify({ type: 'hello', protocol: 1, release: 'rig', planId: null }));
    },
    {
      onLine: (line) => {
        onLine?.(line);
        if (isUp) return;
        isUp = true;
        for (const each of waiting.splice(0)) stream?.send(each);
      },
      onClosed: (why) => {
        isUp = false;
        isClosed = true;
        onClosed?.(why);
      },
    },
  );
  return {
    say: (set) => {
      sets += 1;
      send({ type: 'program-set', planId: `set-${sets}`, set });
    },
    anchor: (anchor) => send({ type: 'clock-anchor', ...anchor }),
    limit: (source, said) => send({ type: 'local-limit', source, exportW: null, generationW: null, importW: null, ...said }),
    get isUp() {
      return isUp;
    },
    get isClosed() {
      return isClosed;
    },
    close: () => stream?.close(),
  };
};

import { encodePcap } from '#drivers/line/pcap.ts';
import { formatFrame, type TracedFrame, type Verdict } from '#drivers/line/trace.ts';
import type { TraceFrame } from '#link/message.ts';
import { type CliPorts, EXIT } from './ports.ts';
import { viewSession } from './view-session.ts';

/** Bytes of the header of a capture file: written once, also when frames follow. */
const PCAP_HEADER_BYTES = 24;

export interface TraceOptions {
  readonly line: string;
  readonly follow: boolean;
  /** A capture file to standard output instead of text. */
  readonly pcap: boolean;
  readonly json: boolean;
}

/** `gridward trace LINE`: the last frames of a line, and with --follow every later one. */
export const showTrace = async (ports: CliPorts, directory: string, release: string, options: TraceOptions): Promise<number> => {
  const { line, follow } = options;
  const write = frameWriter(ports, options);
  return await viewSession(ports, {
    directory,
    release,
    onUp: (link) => {
      link.send({ type: 'trace-request', line, follow });
    },
    onMessage: (message) => {
      if (message.type !== 'trace' || message.line !== line) return null;
      if (!message.known) {
        ports.error(`there is no line ${line}\n`);
        return EXIT.negative;
      }
      write(message.frames);
      return follow || message.more ? null : EXIT.ok;
    },
  });
};

const frameWriter = (ports: CliPorts, options: TraceOptions): ((frames: readonly TraceFrame[]) => void) => {
  let isFirst = true;
  return (frames) => {
    if (options.pcap) {
      const epochOffset = ports.clock.wall() * 1000 - ports.clock.now();
      const capture = encodePcap(frames.map(toTraced), epochOffset);
      ports.outBytes(isFirst ? capture : capture.subarray(PCAP_HEADER_BYTES));
      isFirst = false;
    } else {
      for (const frame of frames) ports.out(`${options.json ? JSON.stringify(frame) : formatFrame(toTraced(frame))}\n`);
    }
  };
};

const toTraced = (frame: TraceFrame): TracedFrame => ({
  at: frame.at,
  direction: frame.direction,
  bytes: Uint8Array.from(Buffer.from(frame.hex, 'hex')),
  // Only shown: a verdict of another release is shown as it is.
  verdict: frame.verdict as Verdict,
});

import { durationMs } from '#base/units.ts';
import type { Learned, ViewSnapshot } from '#link/message.ts';
import { type Finding, found, wrong } from './finding.ts';
import { type CliPorts, EXIT } from './ports.ts';
import { viewSession } from './view-session.ts';

/** controld shows the site about once a second; the doctor waits no longer, for the utility can be examined without it. */
const VIEW_TIMEOUT = durationMs(3000);
/** The trim's bounds (design D6): an inverter beyond them cannot be held exactly. */
const GAIN_MIN = 0.9;
const GAIN_MAX = 1.1;
/** An inverter that takes longer than that for a cap cannot be back inside a limit within the 15 s of the law. */
const SETTLE_SLOW_MS = 15_000;

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** In one line: dead time, lag, gain, step and settling time. */
export const learnedText = ({ gain, settleMs, deadTime, lagMs, step }: Learned): string => {
  const moves =
    deadTime === null
      ? 'has answered no cut yet'
      : `answers a cap after ${seconds(deadTime.least)} to ${seconds(deadTime.most)}${deadTime.isConfirmed ? '' : ' (seen once)'}`;
  const lag = lagMs === null ? '' : `, lag ${seconds(lagMs)}`;
  const steps = step === null ? '' : `, in steps of ${Math.round(step)} W`;
  return `${moves}${lag}, gives ${(100 * gain).toFixed(1)} % of its cap${steps}, settles within ${seconds(settleMs)}`;
};

/** What of it an installer should look at. */
export const learnedFinding = (learned: Learned): Finding => {
  const text = learnedText(learned);
  if (learned.gain <= GAIN_MIN || learned.gain >= GAIN_MAX)
    return wrong(text, 'its limit is of another power than its WMax says: check the rating set in the inverter, and its profile');
  if (learned.settleMs > SETTLE_SLOW_MS)
    return wrong(text, 'it is too slow for a limit at the connection point: look for a ramp rate set in the inverter');
  return found(text);
};

/** The same ports, with which nobody is waited for who does not listen. */
const hastily = (ports: CliPorts): CliPorts => {
  const absent = new AbortController();
  const link: CliPorts['link'] = {
    listen: async (...args) => await ports.link.listen(...args),
    dial: (path, open, handlers) => {
      let isOpen = false;
      const opened: typeof open = (stream) => {
        isOpen = true;
        open(stream);
      };
      const onClosed = (why: string): void => {
        handlers.onClosed(why);
        if (!isOpen) absent.abort();
      };
      ports.link.dial(path, opened, { ...handlers, onClosed });
    },
  };
  return { ...ports, link, error: () => undefined, stop: AbortSignal.any([ports.stop, absent.signal]) };
};

/** What controld shows; null: it does not answer. */
export const siteView = async (ports: CliPorts, directory: string, release: string): Promise<ViewSnapshot | null> => {
  let view: ViewSnapshot | null = null;
  await viewSession(hastily(ports), {
    directory,
    release,
    timeout: VIEW_TIMEOUT,
    onUp: () => undefined,
    onMessage: (message) => {
      if (message.type !== 'view') return null;
      view = message;
      return EXIT.ok;
    },
  });
  return view;
};

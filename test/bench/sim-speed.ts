import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Row } from './table.ts';

/** One kind of simulation, with its seeds and hours of each. */
interface Depth {
  readonly name: string;
  readonly flag: string;
  readonly seed: number;
  readonly count: number;
  readonly hours: number;
  /** Gateway-hours a minute that are asked for. */
  readonly least: number;
}

const DEPTHS: readonly Depth[] = [
  { name: 'control depth', flag: '--control', seed: 2, count: 8, hours: 48, least: 1000 },
  { name: 'whole gateways', flag: '--whole', seed: 60, count: 8, hours: 2, least: 200 },
];
/** As `make sim` runs it: garbage is collected seldom. */
const NODE_OPTIONS = ['--max-semi-space-size=64', '--single-threaded-gc'];
const MAIN = fileURLToPath(new URL('../sim/main.ts', import.meta.url));
const SAID = /([\d.]+) a minute, ([\d.]+) s of processor each, (.+)$/m;

/** What the simulation says of its own speed, on all cores of this machine. */
export interface SimSpeed {
  readonly depth: Depth;
  /** Gateway-hours a minute. */
  readonly hoursAMinute: number;
  /** Seconds of processor for each of them. */
  readonly processor: number;
  readonly verdict: string;
}

const measure = async (depth: Depth): Promise<SimSpeed> => {
  const { flag, seed, count, hours } = depth;
  const options = [flag, '--seed', String(seed), '--count', String(count), '--hours', String(hours)];
  const child = spawn(process.execPath, [...NODE_OPTIONS, MAIN, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  const [, hoursAMinute = 'NaN', processor = 'NaN', verdict = 'it did not end'] = SAID.exec(said) ?? [];
  return { depth, hoursAMinute: Number(hoursAMinute), processor: Number(processor), verdict };
};

/** One after the other, each on all cores. */
export const measureSimSpeed = async (): Promise<readonly SimSpeed[]> => {
  const speeds: SimSpeed[] = [];
  for (const depth of DEPTHS) speeds.push(await measure(depth));
  return speeds;
};

export const simRows = (speeds: readonly SimSpeed[]): readonly Row[] =>
  speeds.map(({ depth, hoursAMinute, processor, verdict }) => ({
    figure: `simulated ${depth.name}, ${depth.count} of ${depth.hours} h`,
    measured: `${hoursAMinute.toFixed(0)} h a minute, ${processor.toFixed(2)} s of processor an hour, ${verdict}`,
    limit: `>= ${depth.least} h`,
    peer: '',
    met: hoursAMinute >= depth.least,
  }));

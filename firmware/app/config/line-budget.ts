import { transactionTimes } from '#drivers/line/cycle.ts';
import type { ConfigProblem } from './configuration.ts';
import type { ConfigurationFile } from './schema.ts';

/** The law's bound from a change to a flow inside the limit (design section 5), and what an inverter may take of it to follow; milliseconds. */
const BOUND_MS = 15_000;
const FOLLOWS_MS = 5000;
/** A meter renews its registers this often. */
const REFRESH_MS = 1000;

type LineEntry = ConfigurationFile['lines'][number];

interface Budget {
  readonly totalMs: number;
  /** How the total comes about, for people. */
  readonly arithmetic: string;
}

const tenths = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Devices of the line beside its inverters. */
interface Beside {
  readonly storages: number;
  readonly loads: number;
}

const NOTHING: Beside = { storages: 0, loads: 0 };

/**
 * The longest way from a change at the connection point until every inverter of a serial line provably holds its cap and has
 * followed: the meter's refresh, a reading of each inverter that goes ahead of it, the caps, their proofs. Null: no serial line.
 */
export const lineBudget = (line: LineEntry, inverters: number, beside: Beside = NOTHING): Budget | null => {
  const { baudRate, parity, stopBits } = line;
  if (baudRate === undefined || parity === undefined || stopBits === undefined || line.tcp !== undefined) return null;
  const { whole, meter, cap, proof, band, load } = transactionTimes({ baudRate, parity, stopBits });
  const { storages, loads } = beside;
  const besideMs = storages * band + loads * load;
  const totalMs = REFRESH_MS + whole + meter + inverters * (cap + proof) + besideMs + FOLLOWS_MS;
  const parts = [
    `refresh ${tenths(REFRESH_MS)}`,
    `reading under way ${tenths(whole)}`,
    `meter ${tenths(meter)}`,
    `${inverters} caps of ${Math.round(cap)} ms ${tenths(inverters * cap)}`,
    `${inverters} proofs of ${Math.round(proof)} ms ${tenths(inverters * proof)}`,
    ...(storages === 0 ? [] : [`${storages} bands of storage with proof ${tenths(storages * band)}`]),
    ...(loads === 0 ? [] : [`${loads} switched loads with proof ${tenths(loads * load)}`]),
    `inverters follow ${tenths(FOLLOWS_MS)}`,
  ];
  return { totalMs, arithmetic: `${parts.join(' + ')} = ${tenths(totalMs)}` };
};

/** A line that is too slow for its devices is refused, with the arithmetic: no setting of the gateway could hold the limit in time on it. */
export const budgetProblems = (file: ConfigurationFile): readonly ConfigProblem[] =>
  file.lines.flatMap((line, index) => {
    const of = (role: string): number => file.devices.filter((one) => one.role === role && one.line === line.name).length;
    const budget = lineBudget(line, of('inverter'), { storages: of('storage'), loads: of('load') });
    if (budget === null || budget.totalMs <= BOUND_MS) return [];
    const expected = `every cap held within ${tenths(BOUND_MS)}: a faster line, or fewer devices on it`;
    return [{ path: `lines[${index}]`, expected, found: budget.arithmetic }];
  });

import { objectOf } from './lines.ts';

/** A line of the gateway's log for a person. */
export interface Said {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly text: string;
}

const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
const STARTS_WITH_PRIORITY = /^<\d>/;
/** Addresses are long and minted at random: the path is left out, the name of the control put in for its mRID. */
const ADDRESS = /https:\/\/[^\s]+/g;
const MRID = /\b[0-9A-F]{32}\b/g;

/** Reads a line of the process `unit` of the gateway; `nameOf` says an event's name for its mRID. */
export const readLogLine = (unit: string, line: string, nameOf: (mRID: string) => string): Said => {
  const said = objectOf(line.replace(STARTS_WITH_PRIORITY, ''));
  const { level, module, event, text } = said ?? {};
  if (typeof text !== 'string' || typeof event !== 'string') return { level: 'warn', text: line };
  const words = text.replace(ADDRESS, '').replace(MRID, nameOf).replace(/ +/g, ' ');
  const from = typeof module === 'string' && module !== unit ? `${module} ` : '';
  return { level: LEVELS.find((known) => known === level) ?? 'info', text: `${from}${event}: ${words}` };
};

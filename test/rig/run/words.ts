import type { Board } from './board.ts';
import { nameOf } from './server-log.ts';

/** Watts with a thin group of thousands, for a person. */
export const watts = (value: number | null | undefined): string => {
  if (value === null || value === undefined) return 'unknown';
  const rounded = Math.round(value);
  const digits = String(Math.abs(rounded)).replace(/\B(?=(\d{3})+$)/g, ' ');
  return `${rounded < 0 ? '-' : ''}${digits} W`;
};

/** `m:ss`. */
export const clockOf = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
};

const EVENT_SOURCE = /[0-9A-Fa-f]{32}/g;

/** Where the limit comes from, with the scenario's name of an event in place of its mRID. */
export const sourceWords = (board: Board): string => {
  const source = board.view?.limitSource ?? 'unknown';
  if (source.startsWith('default')) return 'default control';
  return source.replace(EVENT_SOURCE, (mRID) => nameOf(board.controls, mRID.toUpperCase()));
};

export interface EventRow {
  readonly name: string;
  readonly state: string;
  readonly when: string;
  /** Seconds until it starts or, once it runs, ends. */
  readonly left: number;
}

/** The events the gateway holds, soonest first. */
export const eventRows = (board: Board): readonly EventRow[] => {
  const now = board.startedAt + board.elapsed;
  const rows = (board.view?.events ?? []).map(({ mRID, state, start, until }): EventRow & { readonly order: number } => {
    const ahead = now < start;
    const over = now >= until;
    const left = ahead ? start - now : until - now;
    const when = over ? 'over' : ahead ? `starts in ${clockOf(left)}` : `${clockOf(left)} left`;
    return { name: nameOf(board.controls, mRID.toUpperCase()), state, when, left, order: over ? 1e9 - until : start };
  });
  return rows.sort((a, b) => a.order - b.order);
};

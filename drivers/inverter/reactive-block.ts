import type { Reactive } from '#site/device.ts';

/** Model 123 from OutPFSet to VArPct_Ena: what is found, written and given back as one (SunSpec 123). */
export const REACTIVE_START = 10;
export const REACTIVE_LENGTH = 13;
/** The self-identifying read: from the model's ID to the last scale factor. */
export const REACTIVE_READ = 26;

const PF = 0;
const PF_TIMERS = [1, 2, 3];
const PF_ENABLED = 4;
const VAR_SHARES = { setMaxW: 5, setMaxVar: 6, statVarAvail: 7 } as const;
const VAR_TIMERS = [8, 9, 10];
const VAR_MODE = 11;
const VAR_ENABLED = 12;
/** VArPct_Mod. */
const MODES = { setMaxW: 1, setMaxVar: 2, statVarAvail: 3 } as const;
const PF_SCALE = 24;
const VAR_SCALE = 25;
const SCALE_LIMIT = 10;
const NOT_IMPLEMENTED = 0xffff;
const FULL_PERCENT = 100;

const signed = (word: number): number => (word << 16) >> 16;

/** The step of a scale factor; null: not implemented or nonsense. */
const stepOf = (word: number | undefined): number | null => {
  const exponent = signed(word ?? 0x8000);
  return Math.abs(exponent) > SCALE_LIMIT ? null : 10 ** exponent;
};

/** A signed register; null: it does not fit. */
const raw = (value: number, step: number | null): number | null => {
  if (step === null) return null;
  const steps = Math.round(value / step);
  return Math.abs(steps) > 0x7fff ? null : steps & 0xffff;
};

/** The part of a read that is given back one day. */
export const foundIn = (words: Uint16Array): readonly number[] => [
  ...words.slice(REACTIVE_START, REACTIVE_START + REACTIVE_LENGTH),
];

/**
 * The registers that ask for `reactive` on top of those that were read. Null: the device has no such control. Timers go to 0, hold
 * (design D8), where the device has them; the other of the two controls is off.
 * @param sign 1: giving var to the grid is positive in this device, -1: negative (vendors differ; sunspec.md 2.6)
 */
export const encodeReactive = (reactive: Reactive, words: Uint16Array, sign: 1 | -1): readonly number[] | null => {
  const block = [...foundIn(words)];
  const set = (at: number, value: number): void => void (block[at] = value);
  for (const timer of [...PF_TIMERS, ...VAR_TIMERS]) if (block[timer] !== NOT_IMPLEMENTED) set(timer, 0);
  if (reactive.kind === 'factor') {
    const factor = raw(sign * (reactive.absorbsVar ? -1 : 1) * reactive.displacement, stepOf(words[PF_SCALE]));
    if (factor === null || block[PF_ENABLED] === NOT_IMPLEMENTED) return null;
    set(PF, factor);
    set(PF_ENABLED, 1);
    if (block[VAR_ENABLED] !== NOT_IMPLEMENTED) set(VAR_ENABLED, 0);
    return block;
  }
  const percent = Math.max(-FULL_PERCENT, Math.min(FULL_PERCENT, reactive.percent));
  const share = raw(sign * percent, stepOf(words[VAR_SCALE]));
  if (share === null || block[VAR_ENABLED] === NOT_IMPLEMENTED) return null;
  set(VAR_SHARES[reactive.of], share);
  if (block[VAR_MODE] !== NOT_IMPLEMENTED) set(VAR_MODE, MODES[reactive.of]);
  set(VAR_ENABLED, 1);
  if (block[PF_ENABLED] !== NOT_IMPLEMENTED) set(PF_ENABLED, 0);
  return block;
};

/** Does a read hold `block`? A timer may count down or be rounded; it is not compared. */
export const holdsBlock = (words: Uint16Array, block: readonly number[]): boolean =>
  block.every((word, index) => PF_TIMERS.includes(index) || VAR_TIMERS.includes(index) || words[REACTIVE_START + index] === word);

import { percent, watts } from '#base/units.ts';
import type { Percent, Watts } from '#base/units.ts';
import type { OnSilence } from '#site/device.ts';
import { applyScale, encodeAtMost } from '../sunspec/codec.ts';
import { pointAddress } from '../profile/profile.ts';
import type { InverterProfile } from '../profile/profile.ts';

type ControlProfile = InverterProfile['control'];

/** What turns a cap into registers and back: WMax (121), WMaxLimPct_SF (123) and the profile's write block. */
export interface CapScale {
  readonly maxPower: Watts;
  /** 10^scale per cent a register step. */
  readonly scale: number;
  /** Register steps the device really resolves. */
  readonly step: number;
}

const FULL_PERCENT = 100;
/** WMaxLimPct_RvrtTms: 0 holds for ever; 65535 reads as not implemented. */
const HOLD_SECONDS = 0;
const LONGEST_TIMER_SECONDS = 0xfffe;
const NOT_IMPLEMENTED = 0xffff;

export const capScale = (maxPower: Watts, scale: number, control: ControlProfile): CapScale => {
  const steps = control.resolutionPercent === null ? 1 : Math.round(control.resolutionPercent / applyScale(1, scale));
  return { maxPower, scale, step: Math.max(1, steps) };
};

/** The power that a register value of WMaxLimPct stands for. */
export const capOf = (raw: number, { maxPower, scale }: CapScale): Watts =>
  watts(applyScale(raw * maxPower, scale) / FULL_PERCENT);

export const percentOf = (raw: number, { scale }: CapScale): Percent => percent(applyScale(raw, scale));

/** The highest register value worth at most `cap`, 0-100 % of WMax; a cap that is no number closes the inverter. */
export const rawCap = (cap: Watts, scale: CapScale): number => {
  const bounded = Math.max(0, Math.min(cap, scale.maxPower));
  return encodeAtMost(bounded, (raw) => capOf(raw, scale), scale.step);
};

/** Seconds for WMaxLimPct_RvrtTms. Model 123 cannot revert to a safe value: such a wish becomes hold, never a timer that opens. */
export const reversionSeconds = (onSilence: OnSilence): number =>
  onSilence.kind === 'opens' ? Math.max(1, Math.min(Math.floor(onSilence.after / 1000), LONGEST_TIMER_SECONDS)) : HOLD_SECONDS;

/** The registers of the write block, in the profile's order. */
export const encodeBlock = (control: ControlProfile, raw: number, reversion: number): readonly number[] =>
  control.writeBlock.map(({ value }) => (value === 'limit' ? raw : value === 'reversion' ? reversion : value));

/** First register of the write block, counted from the model's ID. */
export const blockStart = (control: ControlProfile): number => pointAddress(control.writeBlock[0]?.point ?? 'WMaxLimPct');

/** Registers of the self-identifying read-back: from the model's ID to the end of the write block. */
export const readBackLength = (control: ControlProfile): number => blockStart(control) + control.writeBlock.length;

interface BlockReading {
  /** Every register the profile compares reads as written. */
  readonly stands: boolean;
  /** WMaxLimPct as read. */
  readonly raw: number;
}

/**
 * Compares a read-back, which begins with the model's ID, with what was written. A running reversion timer may count down, but a
 * hold must read as hold: a timer nobody asked for would open the limit.
 */
export const readBlock = (control: ControlProfile, words: Uint16Array, raw: number, reversion: number): BlockReading => {
  const start = blockStart(control);
  let stands = true;
  let found = 0;
  for (const [index, { value, readBack }] of control.writeBlock.entries()) {
    const word = words[start + index] ?? NOT_IMPLEMENTED;
    if (value === 'limit') found = word;
    const wrote = value === 'limit' ? raw : value;
    const asWritten = wrote === 'reversion' ? timerStands(word, reversion) : word === wrote;
    if (readBack && !asWritten) stands = false;
  }
  return { stands, raw: found };
};

const timerStands = (word: number, reversion: number): boolean =>
  word === NOT_IMPLEMENTED || (reversion === HOLD_SECONDS ? word === HOLD_SECONDS : word >= 1 && word <= reversion);

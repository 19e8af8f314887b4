import { percent, watts } from '#base/units.ts';
import type { Percent, Watts } from '#base/units.ts';
import type { OnSilence } from '#site/device.ts';
import { applyScale, encodeAtMost } from '../sunspec/codec.ts';
import { controlPoint, controlPointAt } from '../sunspec/control-model.ts';
import { registersOf } from '../sunspec/points.ts';
import type { InverterProfile } from '../profile/profile.ts';

type ControlProfile = InverterProfile['control'];

/** What turns a cap into registers and back: WMax, WMaxLimPct_SF and the profile's write block. */
export interface CapScale {
  readonly maxPower: Watts;
  /** 10^scale per cent a register step. */
  readonly scale: number;
  /** Register steps the device really resolves. */
  readonly step: number;
}

/** What one write of the block says. */
export interface BlockValues {
  /** WMaxLimPct. */
  readonly raw: number;
  /** WMaxLimPctRvrt, never above `raw`: the device can only fall. */
  readonly revertRaw: number;
  /** Seconds of the reversion timer; 0 holds for ever. */
  readonly reversion: number;
}

const FULL_PERCENT = 100;
const HOLD_SECONDS = 0;
/** 65535 reads as not implemented in 123; no device needs longer in 704. */
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

/** Can the device be told a limit to revert to? */
const revertsSafely = (control: ControlProfile): boolean => control.writeBlock.some(({ value }) => value === 'reversion-limit');

/**
 * What is written for a cap. Model 123 cannot revert to a safe value: such a wish becomes hold, never a timer that opens. Where the
 * device can, it reverts to the lower of the wished cap and the one in force.
 */
export const blockValues = (control: ControlProfile, cap: Watts, onSilence: OnSilence, scale: CapScale): BlockValues => {
  const least = control.zeroMeans === 'unlimited' ? scale.step : 0;
  const raw = Math.max(least, rawCap(cap, scale));
  const revertRaw = onSilence.kind === 'reverts-to' ? Math.min(raw, Math.max(least, rawCap(onSilence.cap, scale))) : raw;
  const runs = onSilence.kind === 'opens' || (onSilence.kind === 'reverts-to' && revertsSafely(control));
  const reversion = runs ? Math.max(1, Math.min(Math.floor(onSilence.after / 1000), LONGEST_TIMER_SECONDS)) : HOLD_SECONDS;
  return { raw, revertRaw, reversion };
};

export const sameValues = (one: BlockValues, other: BlockValues): boolean =>
  one.raw === other.raw && one.revertRaw === other.revertRaw && one.reversion === other.reversion;

interface Entry {
  readonly value: ControlProfile['writeBlock'][number]['value'];
  readonly readBack: boolean;
  /** Registers from the model's ID. */
  readonly at: number;
  readonly size: number;
}

const entries = ({ model, writeBlock }: ControlProfile): readonly Entry[] =>
  writeBlock.map(({ point, value, readBack }) => {
    const spec = controlPoint(model, point);
    return { value, readBack, at: spec?.at ?? 0, size: spec === null ? 1 : registersOf(spec) };
  });

const written = (value: Entry['value'], values: BlockValues): number => {
  switch (value) {
    case 'limit':
      return values.raw;
    case 'reversion-limit':
      return values.revertRaw;
    case 'reversion':
      return values.reversion;
    default:
      return value;
  }
};

/** The registers of the write block, in the profile's order; a point of two registers takes its high word first. */
export const encodeBlock = (control: ControlProfile, values: BlockValues): readonly number[] =>
  entries(control).flatMap(({ value, size }) => {
    const number = written(value, values);
    return size === 1 ? [number] : [Math.floor(number / 0x10000), number % 0x10000];
  });

/** First register of the write block, counted from the model's ID. */
export const blockStart = ({ model, writeBlock }: ControlProfile): number =>
  controlPointAt(model, writeBlock[0]?.point ?? 'WMaxLimPct');

/** The switch beside the limit, counted from the model's ID; null: the block says all. */
export const enableAt = ({ model, enable }: ControlProfile): number | null =>
  enable === null ? null : controlPointAt(model, enable.point);

/** Registers of the self-identifying read-back: from the model's ID to the end of the write block, and to the switch. */
export const readBackLength = (control: ControlProfile): number => {
  const last = entries(control).at(-1);
  const end = last === undefined ? 0 : last.at + last.size;
  return Math.max(end, (enableAt(control) ?? -1) + 1);
};

interface BlockReading {
  /** Every register the profile compares reads as written. */
  readonly stands: boolean;
  /** The switch beside the limit is as it must be. */
  readonly enabled: boolean;
  /** WMaxLimPct as read. */
  readonly raw: number;
}

/**
 * Compares a read-back, which begins with the model's ID, with what was written. A running reversion timer may count down, but a
 * hold must read as hold: a timer nobody asked for would open the limit.
 */
export const readBlock = (control: ControlProfile, words: Uint16Array, values: BlockValues): BlockReading => {
  let stands = true;
  let found = 0;
  for (const { value, readBack, at, size } of entries(control)) {
    const low = words[at + size - 1] ?? NOT_IMPLEMENTED;
    const high = size === 1 ? 0 : (words[at] ?? NOT_IMPLEMENTED);
    const read = high * 0x10000 + low;
    if (value === 'limit') found = read;
    const isAbsent = low === NOT_IMPLEMENTED && (size === 1 || high === NOT_IMPLEMENTED);
    const asWritten = value === 'reversion' ? isAbsent || timerStands(read, values.reversion) : read === written(value, values);
    if (readBack && !asWritten) stands = false;
  }
  const at = enableAt(control);
  return { stands, enabled: at === null || words[at] === control.enable?.value, raw: found };
};

const timerStands = (read: number, reversion: number): boolean =>
  reversion === HOLD_SECONDS ? read === HOLD_SECONDS : read >= 1 && read <= reversion;

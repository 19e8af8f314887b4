/**
 * Branded numbers: a unit in the type, so that a ratio is never added to a power
 * and a wall-clock second never compared with a monotonic millisecond.
 */
declare const unit: unique symbol;
export type Branded<Name extends string> = number & { readonly [unit]: Name };

/** An instant on CLOCK_MONOTONIC, milliseconds (fractions allowed). The same scale in every process of one boot. */
export type MonoMs = Branded<'MonoMs'>;
/** A span of time in milliseconds. */
export type DurationMs = Branded<'DurationMs'>;
/** An instant in the utility server's time: seconds since 1970-01-01 UTC, as IEEE 2030.5 TimeType. */
export type UtilitySeconds = Branded<'UtilitySeconds'>;
/** An instant of the device's own real-time clock: seconds since 1970-01-01 UTC. It may step at any time. */
export type WallSeconds = Branded<'WallSeconds'>;

export type Watts = Branded<'Watts'>;
export type Vars = Branded<'Vars'>;
export type VoltAmperes = Branded<'VoltAmperes'>;
export type Volts = Branded<'Volts'>;
export type Amperes = Branded<'Amperes'>;
export type Hertz = Branded<'Hertz'>;
export type WattHours = Branded<'WattHours'>;
/** Per cent of a rating, 0-100 (devices may report more). */
export type Percent = Branded<'Percent'>;

export const monoMs = (value: number): MonoMs => value as MonoMs;
export const durationMs = (value: number): DurationMs => value as DurationMs;
export const seconds = (value: number): DurationMs => (value * 1000) as DurationMs;
export const utilitySeconds = (value: number): UtilitySeconds => value as UtilitySeconds;
export const wallSeconds = (value: number): WallSeconds => value as WallSeconds;
export const watts = (value: number): Watts => value as Watts;
export const vars = (value: number): Vars => value as Vars;
export const voltAmperes = (value: number): VoltAmperes => value as VoltAmperes;
export const volts = (value: number): Volts => value as Volts;
export const amperes = (value: number): Amperes => value as Amperes;
export const hertz = (value: number): Hertz => value as Hertz;
export const wattHours = (value: number): WattHours => value as WattHours;
export const percent = (value: number): Percent => value as Percent;

/** The instant `span` after `at`. */
export const after = (at: MonoMs, span: DurationMs): MonoMs => (at + span) as MonoMs;
/** Time from `since` to `now`; negative when `since` lies ahead. */
export const elapsed = (since: MonoMs, now: MonoMs): DurationMs => (now - since) as DurationMs;

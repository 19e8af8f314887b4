/** Sun and load as functions of time and seed alone: nothing is kept, however long a run is. */
import type { Profile } from '../../rig/site/profile.ts';

/** A number in [0, 1) of a seed, a stream and a cell of time. */
export const chanceOf = (seed: number, stream: number, cell: number): number => {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stream + 1, 0xc2b2ae35) ^ Math.imul(cell, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 0x100000000;
};

/** When all is well again in each chapter of a run; seconds. */
export interface Chapters {
  readonly seconds: number;
  /** Of each chapter, at its end. */
  readonly healing: number;
}

export const isHealing = ({ seconds, healing }: Chapters, at: number): boolean => at % seconds >= seconds - healing;

export interface Sky {
  readonly seed: number;
  /** What the sun offers at most. */
  readonly watts: number;
  /** A day with its night; 0: it never sets. */
  readonly daySeconds: number;
  /** One cloud to the next. */
  readonly cloudSeconds: number;
  /** Share of clouds that stay, 0-1. */
  readonly overcast: number;
  readonly chapters: Chapters;
}

const CLOUDS = 11;
const DARKEST = 0.05;
/** Twilight and night, of a day that is a sine wave. */
const DAWN = 0.12;
/** The sun is up again before what is used of it is measured. */
const BRIGHT_BEFORE = 200;

/** What the sun offers: a sine by day, clouds along straight lines; full while a chapter heals. */
export const skyOver = ({ seed, watts, daySeconds, cloudSeconds, overcast, chapters }: Sky): Profile => {
  let cell = -1;
  let from = 1;
  let to = 1;
  const cloudAt = (index: number): number =>
    chanceOf(seed, CLOUDS, index) < overcast ? DARKEST + (1 - DARKEST) * chanceOf(seed, CLOUDS + 1, index) : 1;
  return (t) => {
    const at = t / 1000;
    if (isHealing(chapters, at + BRIGHT_BEFORE) || isHealing(chapters, at)) return watts;
    const now = Math.floor(at / cloudSeconds);
    if (now !== cell) {
      cell = now;
      from = cloudAt(now);
      to = cloudAt(now + 1);
    }
    const cloud = from + (to - from) * (at / cloudSeconds - now);
    if (daySeconds === 0) return watts * cloud;
    const height = Math.sin((2 * Math.PI * at) / daySeconds + 1) + 0.4;
    return height < DAWN ? 0 : Math.min(1, height) * watts * cloud;
  };
};

const LEVELS = 41;
const HIGHEST_LEVEL_W = 8000;

/** What a source of limits says at a second; null: no limit. None while a chapter heals. */
export const levelAt = (seed: number, levelSeconds: number, chapters: Chapters, at: number): number | null => {
  const cell = Math.floor(at / levelSeconds);
  if (isHealing(chapters, at) || chanceOf(seed, LEVELS, cell) < 0.3) return null;
  return Math.round(HIGHEST_LEVEL_W * chanceOf(seed, LEVELS + 1, cell));
};

export interface Household {
  readonly seed: number;
  /** A step of the load comes about this often. */
  readonly stepSeconds: number;
  readonly highestW: number;
  /** Standard deviation of what comes on top, drawn each second. */
  readonly noiseW: number;
  readonly chapters: Chapters;
}

const STEPS = 21;
const NOISE = 31;
const LITTLE_W = 200;
const HEALED_LOAD_W = 1500;

/** What the site uses: steps at irregular instants, noise; one steady load while a chapter heals. */
export const household = ({ seed, stepSeconds, highestW, noiseW, chapters }: Household): Profile => {
  let cell = -1;
  let turnsAt = 0;
  let before = 0;
  let after = 0;
  let second = -1;
  let noise = 0;
  const levelOf = (index: number): number =>
    chanceOf(seed, STEPS, index) < 0.2
      ? LITTLE_W * chanceOf(seed, STEPS + 1, index)
      : LITTLE_W + (highestW - LITTLE_W) * chanceOf(seed, STEPS + 1, index) ** 2;
  return (t) => {
    const at = t / 1000;
    const now = Math.floor(at / stepSeconds);
    if (now !== cell) {
      cell = now;
      turnsAt = (now + chanceOf(seed, STEPS + 2, now)) * stepSeconds;
      before = levelOf(now - 1);
      after = levelOf(now);
    }
    const base = isHealing(chapters, at) ? HEALED_LOAD_W : at < turnsAt ? before : after;
    if (noiseW === 0) return base;
    const one = Math.floor(at);
    if (one !== second) {
      second = one;
      const u = 1 - chanceOf(seed, NOISE, one);
      noise = noiseW * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * chanceOf(seed, NOISE + 1, one));
    }
    return Math.max(0, base + noise);
  };
};

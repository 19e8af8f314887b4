/** The output of an inverter and the cap it stood at, both at rest, watts. */
export interface Stand {
  readonly cap: number;
  readonly output: number;
}

/** Steps in which inverters take a limit, per cent of WMax; a finer one than the least is inside the noise and costs nothing. */
const STEPS_PERCENT = [2, 1, 0.5] as const;
/** Stands remembered, each at another cap. */
const KEPT = 8;
/** As many are wanted before a step is believed, and so many of them between two steps, by this part of one. */
const WANTED = 5;
const BETWEEN_WANTED = 3;
const BETWEEN = 0.25;
/** Caps this near are one, fraction of WMax. */
const SAME_CAP = 0.001;
/** An output may lie beside its step by so much of WMax, for noise: less than a part of the finest step, or all would be steps. */
const BESIDE = 0.0008;
/** What a device may do with a cap between two of its steps. */
const ROUNDINGS = [Math.floor, Math.round, Math.ceil] as const;

/** Takes a reading at rest under a cap that binds. */
export const withStand = (stands: readonly Stand[], stand: Stand, maxPower: number): readonly Stand[] => [
  ...stands.filter(({ cap }) => Math.abs(cap - stand.cap) > SAME_CAP * maxPower).slice(1 - KEPT),
  stand,
];

/** Every output stands on a step but for one gain of all. */
const explains = (step: number, stands: readonly Stand[], maxPower: number): boolean =>
  ROUNDINGS.some((rounded) => {
    const steps = stands.map(({ cap }) => rounded(cap / step) * step);
    const sum = steps.reduce((all, one) => all + one, 0);
    const gain = sum > 0 ? stands.reduce((all, { output }) => all + output, 0) / sum : 1;
    return stands.every(({ output }, index) => Math.abs(output - gain * (steps[index] ?? 0)) <= BESIDE * maxPower);
  });

/** Caps that lie on steps anyway say nothing. */
const isTold = (step: number, stands: readonly Stand[]): boolean =>
  stands.filter(({ cap }) => Math.abs(cap / step - Math.round(cap / step)) > BETWEEN).length >= BETWEEN_WANTED;

/**
 * The step in which the output follows the cap, watts; null: none that is worth knowing, or not known. One that is `known` stays while
 * nothing speaks against it: caps then are on its steps, and show no more of it.
 */
export const quantumOf = (stands: readonly Stand[], maxPower: number, known: number | null = null): number | null => {
  if (known !== null && explains(known, stands, maxPower)) return known;
  if (stands.length < WANTED) return null;
  const steps = STEPS_PERCENT.map((percent) => (percent / 100) * maxPower);
  return steps.find((step) => isTold(step, stands) && explains(step, stands, maxPower)) ?? null;
};

/** The highest cap that is not above this one and stands on a step: the inverter may take another for the next step above it. */
export const onStep = (cap: number, quantum: number | null | undefined, maxPower: number): number =>
  quantum === null || quantum === undefined || cap >= maxPower ? cap : Math.floor(cap / quantum + 1e-6) * quantum;

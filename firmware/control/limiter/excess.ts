/** What is believed, fraction of WMax; more is for `follow`. */
const MOST_FRACTION = 0.15;
/** An output below this part of what the cap allows is held by the sun, and says nothing. */
const BINDS_PART = 0.97;
/** Less than that, a fraction of WMax, is the reading's own, and is made good by no write. */
const LEAST_FRACTION = 0.003;

/** An inverter at rest, watts. */
interface AtRest {
  readonly gain: number;
  readonly cap: number;
  readonly output: number;
  readonly maxPower: number;
}

/**
 * What an inverter gives above its cap whatever that is, watts, after one more look at it at rest: an offset shows where the cap is low, and
 * no gain within a tenth explains it. It is taken off what the inverters are told, or the site stands above its limit by as much for
 * good. Too little for `follow`, which asks for an eighth of the cap and two per cent of WMax.
 */
export const excessAfter = (before: number, { gain, cap, output, maxPower }: AtRest): number => {
  const over = output - gain * cap;
  if (output < BINDS_PART * gain * cap || Math.abs(over - before) < LEAST_FRACTION * maxPower) return before;
  return over < LEAST_FRACTION * maxPower ? 0 : Math.min(over, MOST_FRACTION * maxPower);
};

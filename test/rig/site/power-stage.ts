/** How an inverter's output follows what it was told. */
export interface StageDynamics {
  /** First-order time constant, seconds, 0-5. */
  readonly lagSeconds: number;
  /** Fastest change of the internal setpoint, watts a second; Infinity for none. */
  readonly slewWattsPerSecond: number;
}

/** One stretch of time with a constant target: closed form, so that reading in between changes nothing. */
export interface Stretch {
  /** Milliseconds. */
  readonly from: number;
  /** Internal setpoint and output at `from`, watts. */
  readonly reference: number;
  readonly output: number;
  /** Where the internal setpoint goes, and how fast (watts a second). */
  readonly target: number;
  readonly slew: number;
}

/** Internal setpoint and output of a stretch at `t` >= its start. */
export const stageAt = (stretch: Stretch, lagSeconds: number, t: number): { reference: number; output: number } => {
  const { reference, output, target, slew } = stretch;
  const span = (t - stretch.from) / 1000;
  if (span <= 0) return { reference, output };
  const distance = target - reference;
  const rampSeconds = distance === 0 || slew === Infinity ? 0 : Math.abs(distance) / slew;
  const ramped = Math.min(span, rampSeconds);
  const direction = Math.sign(distance) * (slew === Infinity ? 0 : slew);
  const afterRamp = rampSeconds <= span ? target : reference + direction * ramped;
  if (lagSeconds === 0) return { reference: afterRamp, output: afterRamp };
  let value = output;
  if (ramped > 0) {
    // y' = (r0 + s t - y) / tau  =>  y = r - s tau + (y0 - r0 + s tau) e^(-t/tau)
    const behind = direction * lagSeconds;
    value = afterRamp - behind + (output - reference + behind) * Math.exp(-ramped / lagSeconds);
  }
  const rest = span - ramped;
  if (rest > 0) value = afterRamp + (value - afterRamp) * Math.exp(-rest / lagSeconds);
  return { reference: afterRamp, output: value };
};

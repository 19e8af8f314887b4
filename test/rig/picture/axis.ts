/** A linear axis from data to picture. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  /** Picture coordinates of `low` and `high`. */
  readonly from: number;
  readonly to: number;
}

export const place = (axis: Axis, value: number): number => {
  return axis.from + ((value - axis.low) / (axis.high - axis.low)) * (axis.to - axis.from);
};

/** Round tick values, at most `most` of them. */
export const ticks = (low: number, high: number, most: number, choices: readonly number[]): readonly number[] => {
  const step = choices.find((choice) => (high - low) / choice <= most) ?? (high - low) / most;
  const first = Math.ceil(low / step - 1e-9) * step;
  const count = Math.floor((high - first) / step + 1e-9) + 1;
  return Array.from({ length: count }, (_, index) => first + index * step);
};

export const KILOWATT_STEPS = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];
export const SECOND_STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200];

/** `m:ss` from a minute on, else seconds. */
export const clock = (seconds: number): string => {
  const sign = seconds < 0 ? '-' : '';
  const whole = Math.abs(Math.round(seconds));
  return `${sign}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
};

/** At most one decimal more than needed. */
export const short = (value: number): string => String(Math.round(value * 100) / 100);

export const escapeXml = (text: string): string => {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
};

/** Path through points; `steps`: each value holds until the next. */
export const pathOf = (points: readonly (readonly [x: number, y: number])[], steps: boolean): string => {
  let path = '';
  let previous: readonly [number, number] | null = null;
  for (const point of points) {
    const [x, y] = [point[0].toFixed(1), point[1].toFixed(1)];
    if (previous === null) path = `M${x} ${y}`;
    else path += steps ? `H${x}V${y}` : `L${x} ${y}`;
    previous = point;
  }
  return path;
};

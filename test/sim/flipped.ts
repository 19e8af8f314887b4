import type { Truth } from '../rig/site/plant.ts';
import type { Window } from './check.ts';
import type { Fault, Simulation } from './draw.ts';

/** What a flow must be, and an output must move by, for a sign that turned to show: a fraction of the rating of all, with some to spare. */
const SHOWN_FRACTION = 0.06;
/** So long may a movement take. */
const MOVED_SECONDS = 15;
/** A flow this steady across the instant jumps to its mirror image: part of it, and seconds on both sides. */
const STEADY_FRACTION = 0.015;
const STEADY_SECONDS = 2.2;
/** From a movement to what follows of it: settled, seen, written. */
const ACTED_SECONDS = 8;
/** From the end of a meter's fault until it is believed again, seconds. */
const REGAINED_SECONDS = 8;
const UNHEARD: readonly Fault[] = ['meter-late', 'meter-silent', 'meter-frozen'];

const pointAt = (truth: readonly Truth[], seconds: number): Truth | undefined => truth[Math.round(seconds * 10)];

const outputOf = ({ generation, discharge = 0 }: Truth): number => generation + discharge;

const isMirrored = (truth: readonly Truth[], at: number, rating: number): boolean => {
  const flows: number[] = [];
  for (let seconds = at - STEADY_SECONDS; seconds <= at + STEADY_SECONDS; seconds += 0.1) {
    const point = pointAt(truth, seconds);
    if (point !== undefined) flows.push(point.netExport);
  }
  const [least, most] = [Math.min(...flows), Math.max(...flows)];
  return Math.min(Math.abs(least), Math.abs(most)) > SHOWN_FRACTION * rating && most - least < STEADY_FRACTION * Math.abs(most);
};

/** When the output has moved by so much that the flow shows it; null: never meanwhile. */
const movedAt = (truth: readonly Truth[], { from, until }: Window, rating: number): number | null => {
  for (let seconds = from; seconds <= until; seconds += 0.1) {
    let [least, most] = [Infinity, -Infinity];
    for (let back = Math.max(from, seconds - MOVED_SECONDS); back <= seconds; back += 0.5) {
      const point = pointAt(truth, back);
      const output = point === undefined ? least : outputOf(point);
      [least, most] = [Math.min(least, output), Math.max(most, output)];
    }
    if (most - least >= SHOWN_FRACTION * rating) return seconds;
  }
  return null;
};

/**
 * From when a meter's sign turns until anything shows it: the flow was its own mirror image, or the output moved. A sign that turns beside
 * a load that goes, or at hardly any flow, is a load to whoever reads it.
 */
export const hiddenFlips = ({ faults, site }: Simulation, truth: readonly Truth[], slowness: number): readonly Window[] => {
  // Nobody reads a meter that does not answer in time: what the output does meanwhile shows nothing.
  const unheard = faults.filter(({ fault }) => UNHEARD.includes(fault));
  const heardFrom = (at: number): number =>
    unheard.reduce((last, span) => (span.from <= last && span.until > last ? span.until + REGAINED_SECONDS : last), at);
  const rating = [site, ...(site.others ?? [])].reduce((sum, { plant }) => sum + plant.ratedW, 0);
  return faults
    .filter(({ fault, from }) => fault === 'meter-flipped' && (heardFrom(from) > from || !isMirrored(truth, from, rating)))
    .map(({ from, until }) => {
      const shown = movedAt(truth, { from: heardFrom(from), until }, rating) ?? until;
      return { from, until: shown + ACTED_SECONDS + slowness };
    });
};

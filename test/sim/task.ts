/** One simulation from its seed to what it has to tell. */
import type { NoteTaken } from '../support/virtual-gateway.ts';
import { checkStorage } from './check-storage.ts';
import { check, type Violation } from './check.ts';
import { heapBytes } from './control/heap.ts';
import { runControl } from './control/run.ts';
import { drawFleet } from './draw-fleet.ts';
import { drawStorage } from './draw-storage.ts';
import { drawSimulation } from './draw.ts';
import { runSimulation } from './run.ts';
import { checkWhole } from './whole/check.ts';
import { drawWhole } from './whole/draw.ts';
import { runWhole } from './whole/run.ts';

/** Which simulation: `whole` is both processes and the utility server, else control alone. */
export interface Task {
  readonly seed: number;
  readonly hours: number;
  readonly whole: boolean;
  /** Of control: with several inverters. */
  readonly fleet: boolean;
  /** Of control: with batteries and controllable loads. */
  readonly storage: boolean;
  /** Control alone, between drivers and disk: no bytes. */
  readonly control: boolean;
}

/** What one run has to tell. */
export interface Run {
  readonly about: string;
  readonly faults: readonly { readonly fault: string; readonly from: number; readonly until: number }[];
  readonly violations: readonly Violation[];
  readonly notes: readonly NoteTaken[];
  /** Virtual time of second 0. */
  readonly origin: number;
  readonly hash: string;
}

const controlRun = async ({ seed, hours, fleet, storage }: Task): Promise<Run> => {
  const draw = storage ? drawStorage : fleet ? drawFleet : drawSimulation;
  const simulation = draw(seed, hours);
  const judge = storage ? checkStorage : check;
  const { lagSeconds, deadSeconds, slewPercentPerSecond, gainErrorPercent } = simulation.site.plant;
  const outcome = await runSimulation(simulation);
  const { faults, events, seconds } = simulation;
  return {
    about: `${(seconds / 3600).toFixed(2)} h, lag ${lagSeconds.toFixed(1)} s, dead ${deadSeconds.toFixed(1)} s, slew ${slewPercentPerSecond.toFixed(0)} %/s, gain ${gainErrorPercent.toFixed(1)} %, ${faults.length} faults, ${events.length} events`,
    ...{ faults, violations: judge(simulation, outcome), notes: outcome.notes, origin: outcome.origin, hash: outcome.hash },
  };
};

const wholeRun = async ({ seed, hours }: Task): Promise<Run> => {
  const whole = drawWhole(seed, hours);
  const outcome = await runWhole(whole);
  const { gateway, responses, hash } = outcome;
  const { kind, faults, events, seconds } = whole;
  const requests = gateway.state.journal.exchanges.length;
  return {
    about: `${(seconds / 3600).toFixed(2)} h, ${kind}, ${faults.length} faults, ${events.length} events, ${responses.length} Responses, ${requests} requests`,
    ...{ faults, violations: checkWhole(whole, outcome), notes: gateway.notes, origin: gateway.origin, hash },
  };
};

/** Chapters between two looks at the heap, and the first look that counts: until then code is still compiled, events are still gathered. */
const LOOK_EVERY = 48;
const FIRST_LOOK = 1;
const HEAP_GROWS_MOST = 4e6;

/** Heap after collection, and what grew of it. */
const heapViolation = (heaps: readonly number[], seconds: number): readonly Violation[] => {
  const [first, last] = [heaps[FIRST_LOOK], heaps.at(-1)];
  if (first === undefined || last === undefined || last - first <= HEAP_GROWS_MOST) return [];
  const told = heaps.map((one) => (one / 1e6).toFixed(1)).join(', ');
  return [{ rule: 'memory', at: seconds, text: `heap after collection grows: ${told} MB` }];
};

const depthRun = ({ seed, hours }: Task): Run => {
  const heaps: number[] = [];
  const seconds = hours * 3600;
  const onChapter = (index: number): void => {
    if (index % LOOK_EVERY === LOOK_EVERY - 1) heaps.push(heapBytes());
  };
  const { faults, events, violations, notes, origin, hash, ticks, sizes } = runControl({ seed, seconds, onChapter });
  const kept =
    heaps.length < 2
      ? ''
      : `, heap ${[heaps[0] ?? 0, heaps.at(-1) ?? 0].map((one) => (one / 1e6).toFixed(1)).join(' to ')} MB, state ${[sizes[0] ?? 0, sizes.at(-1) ?? 0].join(' to ')}`;
  return {
    about: `${hours.toFixed(2)} h, ${faults.length} faults, ${events} events, ${ticks} ticks${kept}`,
    ...{ faults, violations: [...violations, ...heapViolation(heaps, seconds)], notes, origin, hash },
  };
};

/** Notes told of a run that failed: the last ones around its first violation. */
const NOTES_SHOWN = 30;

const around = ({ notes, origin, violations }: Run): readonly NoteTaken[] => {
  const firstAt = violations[0]?.at ?? 0;
  return violations.length === 0 ? [] : notes.filter(({ at }) => (at - origin) / 1000 <= firstAt + 60).slice(-NOTES_SHOWN);
};

/** Runs it; the same task gives the same result to the last bit. Of the notes only those that explain a failure are kept. */
export const runTask = async (task: Task): Promise<Run> => {
  const run = await (task.control ? depthRun(task) : task.whole ? wholeRun(task) : controlRun(task));
  return { ...run, notes: around(run) };
};

import process from 'node:process';
import { parseArgs } from 'node:util';
import type { NoteTaken } from '../support/virtual-gateway.ts';
import { check, type Violation } from './check.ts';
import { drawSimulation } from './draw.ts';
import { runSimulation } from './run.ts';
import { checkWhole } from './whole/check.ts';
import { drawWhole } from './whole/draw.ts';
import { runWhole } from './whole/run.ts';

const NOTES_SHOWN = 30;
const DEFAULT_HOURS = '1';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    hours: { type: 'string', default: DEFAULT_HOURS },
    /** Simulates this many seeds from the first on, until one fails. */
    count: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
    /** Both processes and the utility server, not only control. */
    whole: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** What one run has to tell. */
interface Run {
  readonly about: string;
  readonly faults: readonly { readonly fault: string; readonly from: number; readonly until: number }[];
  readonly violations: readonly Violation[];
  readonly notes: readonly NoteTaken[];
  /** Virtual time of second 0. */
  readonly origin: number;
  readonly hash: string;
}

const controlRun = async (seed: number): Promise<Run> => {
  const simulation = drawSimulation(seed, Number(values.hours));
  const { lagSeconds, deadSeconds, slewPercentPerSecond, gainErrorPercent } = simulation.site.plant;
  const outcome = await runSimulation(simulation);
  const { faults, events, seconds } = simulation;
  return {
    about: `${(seconds / 3600).toFixed(2)} h, lag ${lagSeconds.toFixed(1)} s, dead ${deadSeconds.toFixed(1)} s, slew ${slewPercentPerSecond.toFixed(0)} %/s, gain ${gainErrorPercent.toFixed(1)} %, ${faults.length} faults, ${events.length} events`,
    ...{ faults, violations: check(simulation, outcome), notes: outcome.notes, origin: outcome.origin, hash: outcome.hash },
  };
};

const wholeRun = async (seed: number): Promise<Run> => {
  const whole = drawWhole(seed, Number(values.hours));
  const outcome = await runWhole(whole);
  const { gateway, responses, hash } = outcome;
  const { faults, events, seconds } = whole;
  const requests = gateway.state.journal.exchanges.length;
  return {
    about: `${(seconds / 3600).toFixed(2)} h, ${faults.length} faults, ${events.length} events, ${responses.length} Responses, ${requests} requests`,
    ...{ faults, violations: checkWhole(whole, outcome), notes: gateway.notes, origin: gateway.origin, hash },
  };
};

const report = (seed: number, { about, faults, violations, notes, origin, hash }: Run): void => {
  say(`seed ${seed}: ${about}`);
  if (values.verbose) {
    for (const { fault, from, until } of faults) say(`  ${from.toFixed(1)} - ${until.toFixed(1)} ${fault}`);
  }
  for (const { rule, at, text } of violations) say(`VIOLATION seed ${seed} at ${at.toFixed(1)} s: ${rule}: ${text}`);
  const firstAt = violations[0]?.at ?? 0;
  if (violations.length > 0) {
    process.exitCode = 1;
    const around = notes.filter(({ at }) => (at - origin) / 1000 <= firstAt + 60).slice(-NOTES_SHOWN);
    for (const { at, module, note } of around) {
      say(`  ${((at - origin) / 1000).toFixed(3)} ${module} ${note.level} ${note.event}: ${note.text}`);
    }
  }
  say(`trace ${hash}`);
};

const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.count); seed += 1)
  report(seed, await (values.whole ? wholeRun(seed) : controlRun(seed)));

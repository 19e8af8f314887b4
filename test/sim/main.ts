import process from 'node:process';
import { parseArgs } from 'node:util';
import { check } from './check.ts';
import { drawSimulation } from './draw.ts';
import { runSimulation } from './run.ts';

const NOTES_SHOWN = 30;
const DEFAULT_HOURS = '1';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    hours: { type: 'string', default: DEFAULT_HOURS },
    /** Simulates this many seeds from the first on, until one fails. */
    count: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.count); seed += 1) {
  const simulation = drawSimulation(seed, Number(values.hours));
  const { lagSeconds, deadSeconds, slewPercentPerSecond, gainErrorPercent } = simulation.site.plant;
  say(
    `seed ${seed}: ${(simulation.seconds / 3600).toFixed(2)} h, lag ${lagSeconds.toFixed(1)} s, dead ${deadSeconds.toFixed(1)} s, slew ${slewPercentPerSecond.toFixed(0)} %/s, gain ${gainErrorPercent.toFixed(1)} %, ${simulation.faults.length} faults, ${simulation.events.length} events`,
  );
  if (values.verbose) {
    for (const { fault, from, until } of simulation.faults) say(`  ${from.toFixed(1)} - ${until.toFixed(1)} ${fault}`);
  }
  const outcome = await runSimulation(simulation);
  const violations = check(simulation, outcome);
  for (const { rule, at, text } of violations) say(`VIOLATION seed ${seed} at ${at.toFixed(1)} s: ${rule}: ${text}`);
  const firstAt = violations[0]?.at ?? 0;
  if (violations.length > 0) {
    process.exitCode = 1;
    const around = outcome.notes.filter(({ at }) => (at - outcome.origin) / 1000 <= firstAt + 60).slice(-NOTES_SHOWN);
    for (const { at, module, note } of around) {
      say(`  ${((at - outcome.origin) / 1000).toFixed(3)} ${module} ${note.level} ${note.event}: ${note.text}`);
    }
  }
  say(`trace ${outcome.hash}`);
}

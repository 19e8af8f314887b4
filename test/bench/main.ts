import { mkdir, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawResponses, type StepPanel } from '../rig/picture/responses.ts';
import { measureBurden } from './burden.ts';
import { keyRows } from './key-rows.ts';
import { measureKeys } from './key-trials.ts';
import { runJobs } from './pool.ts';
import { controldProgram } from './real-site.ts';
import { type RealStep, runRealStarts, runRealSteps } from './real-trials.ts';
import { burdenRows, fleetRows, startRows, stepRows, virtualRows, walkRows } from './rows.ts';
import { measureSimSpeed, simRows } from './sim-speed.ts';
import { BAND_W, STEP_CASES, STEP_KINDS, type StepKind, type StepOutcome } from './step-trial.ts';
import { tableText } from './table.ts';
import { measureWalk } from './walk-load.ts';
import { jobsOf } from './virtual-jobs.ts';

const OUT = fileURLToPath(new URL('../../build/bench/', import.meta.url));
const BAR_SECONDS = 3;

const { values } = parseArgs({
  options: {
    /** Virtual trials of each step. */
    trials: { type: 'string', default: '1000' },
    /** Trials of each step on the real line. */
    real: { type: 'string', default: '8' },
    starts: { type: 'string', default: '3' },
    /** How long both processes run before their memory is read. */
    minutes: { type: 'string', default: '5' },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const panelOf = (kind: StepKind, place: string, trials: readonly (RealStep | StepOutcome)[], note: string): StepPanel => ({
  title: `${kind}, ${place}`,
  note,
  limitW: STEP_CASES[kind].limitAfter,
  bandW: BAND_W,
  barSeconds: BAR_SECONDS,
  trials: trials.map(({ trace }) => trace).filter((trace) => trace.length > 0),
});

const program = controldProgram();
say(`controld: ${program.bundled ? 'the bundle' : 'the source, for want of a bundle (make build)'}`);

// The real line first and alone: nothing else may take the processor from it.
const realCount = Number(values.real);
say(`${realCount} steps of each kind on the real line`);
const real = new Map(
  await Promise.all(STEP_KINDS.map(async (kind, index) => [kind, await runRealSteps(kind, realCount, index + 1)] as const)),
);
say('starts on the real line');
const starts = await runRealStarts(Number(values.starts));
say('signatures and handshakes');
const keys = await measureKeys();

say('the largest walk');
const walk = await measureWalk();

say(`${values.trials} virtual trials of each step, and memory over ${values.minutes} minutes beside them`);
const jobs = jobsOf(Number(values.trials));
const [results, burden] = await Promise.all([runJobs(jobs), measureBurden(Number(values.minutes) * 60)]);

say('simulations');
const speeds = await measureSimSpeed();

const steps = stepRows(jobs, results, real);
const rows = [
  ...steps.rows,
  ...startRows(starts),
  ...virtualRows(jobs, results),
  ...fleetRows(jobs, results),
  ...keyRows(keys),
  ...walkRows(walk),
  ...burdenRows(burden, Number(values.minutes)),
  ...simRows(speeds),
];

await mkdir(OUT, { recursive: true });
const virtualPanels = STEP_KINDS.map((kind) => panelOf(kind, 'virtual', steps.outcomes(kind, 0), steps.note(kind)));
const agedPanels = STEP_KINDS.map((kind) => panelOf(kind, 'reading 1 s old', steps.outcomes(kind, 1000), ''));
const realPanels = STEP_KINDS.map((kind) => panelOf(kind, 'real line', real.get(kind) ?? [], ''));
await writeFile(`${OUT}step-responses.svg`, drawResponses('Step responses, virtual time', virtualPanels));
await writeFile(`${OUT}step-responses-aged.svg`, drawResponses('Step responses, inverter reading 1 s old', agedPanels));
await writeFile(`${OUT}step-responses-real.svg`, drawResponses('Step responses, real line and process', realPanels));

say('');
say(tableText(rows));
say(`pictures in ${OUT}`);

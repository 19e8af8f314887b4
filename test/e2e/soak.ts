/**
 * `make soak`: kills the processes of the gateway at instants drawn from a seed, while short events come and go.
 *   node test/e2e/soak.ts [--instants N] [--seed N]
 * Exit code 1 when the site was not held, or a Response was lost or doubled without a kill that explains it.
 */
import { parseArgs } from 'node:util';
import { killRun } from './kill/run.ts';

const { values } = parseArgs({
  options: { instants: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
});
const verdict = await killRun(Number(values.instants), Number(values.seed), console.log);
for (const problem of verdict.problems) console.log(problem);
const { restarts, responses, duplicates, problems, report } = verdict;
console.log(`picture and logs: ${report}`);
console.log(
  `${values.instants} kills, ${restarts} restarts of controld, ${responses} Responses, ${duplicates} doubled by a kill, ${problems.length} problems`,
);
process.exitCode = problems.length === 0 ? 0 : 1;

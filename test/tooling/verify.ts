/**
 * `verify.ts check | test | again | tpm | device | sanitized | conformance`: what make check, make test, the second run of the CI on another Node, make tpm and
 * native/sanitize.sh do.
 * One line a step with its seconds; what failed shows its output; the last line is `N passed, N failed`.
 */
import { availableParallelism } from 'node:os';
import { counted, endAll, tests, whole, type Outcome, type Step, type Urgency } from './step.ts';

const BIOME = ['ci', '--colors=off', '--config-path=.biome.json'];
const TSC = ['-p', '.', '--incremental', '--tsBuildInfoFile', 'build/cache/tsc.json'];
const ESLINT = [
  ...['-c', '.eslint.config.js', 'firmware', 'drivers', 'test', '--max-warnings', '0'],
  ...['--cache', '--cache-strategy', 'content', '--cache-location', 'build/cache/eslint'],
];

const format = whole('format', 'biome', BIOME);
const types = whole('types', 'tsc', TSC);
const lint = whole('lint', 'eslint', ESLINT);
const imports = whole('imports', process.execPath, ['test/tooling/imports.ts']);
const deadCode = whole('dead code', 'knip', [
  '--config',
  '.knip.json',
  '--no-progress',
  '--cache',
  '--cache-location',
  'build/cache/knip',
]);
/** The tests that must notice are green in their own steps, or the whole is red: nothing is to be proven before the first break. */
const mutants = counted('mutants', 'test/mutants/main.ts', ['--proven'], 'caught', 'survived');

/** Most lines shown of a step that failed; the last say most. */
const MOST_LINES = 150;

const QUICK: readonly (readonly Step[])[] = [
  [lint, types],
  [format, imports, deadCode, tests('tidy'), tests('golden'), tests('unit'), tests('property')],
];

const COVERAGE = 'test/protocol/conformance/coverage.ts';
/** Results of an earlier run count for nothing. */
const conformance: readonly Step[] = [whole('old results', process.execPath, [COVERAGE, 'forget']), tests('conformance')];
const coverage = counted('coverage', COVERAGE, ['check'], 'shown', 'red');

/** What listens to real time waits more than it works; the others have the processor meanwhile. */
const REAL_TIME: readonly (readonly Step[])[] = [
  [tests('e2e', ['--maxWorkers=2']), tests('tpm')],
  [tests('protocol', ['--maxWorkers=2'])],
];
const VIRTUAL: readonly (readonly Step[])[] = [
  [lint, types, mutants],
  [format, imports, deadCode, ...['tidy', 'golden', 'unit', 'property', 'sim'].map((name) => tests(name)), ...conformance],
];

/** What runs the addon's code in the test's own process, and in processes that tests start: key, TLS, seal, quote, counter, datagram. */
const ADDON = ['key', 'tls', 'refused', 'sealed', 'process', 'notify'].map((name) => `test/tpm/${name}.test.ts`);

/** What the other Node might do otherwise: sockets, descriptors, TLS, HTTP. */
const LINE_AND_TLS = [
  'test/protocol/line',
  ...['tls', 'http', 'chain', 'walk', 'northd'].map((name) => `test/protocol/north/${name}.test.ts`),
];

interface Verification {
  /** Lanes that run side by side; within a lane one step after the other. */
  readonly lanes: readonly (readonly Step[])[];
  /** Lanes beside them that only get the processor while the others leave it. */
  readonly behind?: readonly (readonly Step[])[];
  readonly after: readonly Step[];
}

/** What leaves a TPM as it was: no power cut, no PCR, no counter, no lock-out. */
const ON_DEVICE = ['key', 'tls', 'refused', 'process', 'leak'].map((name) => `test/tpm/${name}.test.ts`);

const PLANS: Readonly<Record<string, Verification>> = {
  check: { lanes: QUICK, after: [] },
  test: { lanes: REAL_TIME, behind: VIRTUAL, after: [coverage] },
  tpm: { lanes: [], after: [tests('tpm')] },
  device: { lanes: [], after: [tests('tpm', ON_DEVICE, 'device')] },
  conformance: { lanes: [], after: [...conformance, whole('table', process.execPath, [COVERAGE, 'write']), coverage] },
  sanitized: { lanes: [], after: [tests('tpm', ADDON, 'sanitized')] },
  again: {
    lanes: [
      [
        tests('protocol', LINE_AND_TLS, 'line and TLS'),
        // the very file that the other Node's headers made
        tests('tpm', ADDON, 'addon'),
      ],
    ],
    behind: [[tests('unit')]],
    after: [],
  },
};

const started = performance.now();
const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;
const outcomes: Outcome[] = [];

const perform = async ({ name, run }: Step, urgency: Urgency): Promise<void> => {
  const from = performance.now();
  const outcome = await run(urgency);
  outcomes.push(outcome);
  const { passed, failed, text } = outcome;
  const verdict = failed === 0 ? 'ok  ' : 'FAIL';
  process.stdout.write(
    `${verdict} ${name.padEnd(14)}${`${passed} passed, ${failed} failed`.padEnd(28)}${seconds(from).padStart(8)}\n`,
  );
  if (text !== '') process.stdout.write(`${text.trim().split('\n').slice(-MOST_LINES).join('\n')}\n`);
};

const one = async (steps: readonly Step[], urgency: Urgency = 'normal'): Promise<void> => {
  for (const step of steps) await perform(step, urgency);
};

const plan = PLANS[process.argv[2] ?? ''];
if (plan === undefined) throw new Error(`usage: verify.ts ${Object.keys(PLANS).join(' | ')}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endAll();
    process.exit(130);
  });
}
await Promise.all([...plan.lanes.map((steps) => one(steps)), ...(plan.behind ?? []).map((steps) => one(steps, 'idle'))]);
await one(plan.after);
const passed = outcomes.reduce((total, outcome) => total + outcome.passed, 0);
const failed = outcomes.reduce((total, outcome) => total + outcome.failed, 0);
process.stdout.write(`node ${process.version}, ${availableParallelism()} cores, ${seconds(started)}\n`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

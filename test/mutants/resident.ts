/**
 * A vitest that stays: started once in a tree, it runs the tests of one break after the other, told by its parent over IPC. What is
 * unchanged between two breaks is neither read nor transformed again; each test file still has a process of its own.
 */
import process from 'node:process';
import { createVitest, type TestModule } from 'vitest/node';
import { NOTHING_RUN, type Order, type Run } from './run.ts';

/** Of what failed, told when no test could be loaded. */
const MOST_ERRORS = 5;

/** Files of the present run: vitest's own result has those of every run before too. */
let ended: TestModule[] = [];

// cwd is the tree
const vitest = await createVitest({
  config: 'test/vitest.config.ts',
  watch: false,
  bail: 1,
  isolate: true,
  reporters: [{ onTestModuleEnd: (module) => void ended.push(module) }],
});

const run = async ({ tests, changed }: Order): Promise<Run> => {
  for (const file of changed) vitest.invalidateFile(file);
  const specifications = await vitest.globTestSpecifications([...tests]);
  ended = [];
  const { unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
  let { passed, failed, unloaded } = NOTHING_RUN;
  const errors: unknown[] = [...unhandledErrors];
  for (const module of ended) {
    const ran = [...module.children.allTests()];
    passed += ran.filter((test) => test.result().state === 'passed').length;
    failed += ran.filter((test) => test.result().state === 'failed').length;
    if (ran.length === 0 && module.state() === 'failed') unloaded += 1;
    errors.push(...module.errors());
  }
  // an error outside of any test is noticed as well, unless nothing could run at all
  if (failed === 0 && unhandledErrors.length > 0 && passed > 0) failed = 1;
  const output = errors.slice(0, MOST_ERRORS).map((error) => (error as { readonly message?: string }).message ?? String(error));
  return { passed, failed, unloaded, output: output.join('\n') };
};

const tell = (answer: Run): void => {
  process.send?.(answer);
};

process.on('message', (order: Order) => {
  run(order).then(tell, (error: unknown) => tell({ ...NOTHING_RUN, output: String(error) }));
});
process.once('disconnect', () => process.exit(0));
process.send?.('ready');

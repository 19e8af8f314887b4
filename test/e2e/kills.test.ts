import { expect, test } from 'vitest';
import { killRun } from './kill/run.ts';

/** CI draws other instants with another seed: a red run prints its own. */
const SEED = Number(process.env['GRIDWARD_SEED'] ?? '1');
const INSTANTS = 40;

test(`${INSTANTS} kills: the site is held after each, and no Response is lost or doubled without a reason`, async () => {
  const said: string[] = [];
  const verdict = await killRun(INSTANTS, SEED, (text) => said.push(text));
  // what went wrong comes first: a CI log may be cut short
  const story = `${verdict.problems.join('\n')}\nseed ${SEED}, ${verdict.report}\n${said.join('\n')}`;
  expect(verdict.problems, story).toEqual([]);
  expect(verdict.duplicates).toBeLessThanOrEqual(INSTANTS);
  expect(verdict.restarts).toBeGreaterThan(INSTANTS / 4);
}, 420_000);

/**
 * The coverage table of the conformance suite, from the results of its last run:
 *   coverage.ts forget | write | check
 * `forget` before a whole run; `write` puts the table into test/README.md; `check` fails when a requirement that applies is red, when one
 * marked open was shown after all, or when the README's table is another than the run's. Last line: `N shown, N red`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { REGISTRY } from './registry/registry.ts';
import type { Requirement } from './registry/requirement.ts';
import { forgetResults, readResults, type Shown } from './results.ts';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const BEGIN = '<!-- conformance: written by test/protocol/conformance/coverage.ts -->';
const END = '<!-- conformance: end -->';

type Verdict = 'shown' | 'red' | 'open' | 'beside';

interface Row {
  readonly requirement: Requirement;
  readonly verdict: Verdict;
  readonly text: string;
}

/** A test that failed makes each of its requirements red, and so does one that caused nothing a server or the site could see. */
const hasShown = ({ passed, proofs }: Shown): boolean => passed && proofs.length > 0;

const rowOf = (requirement: Requirement, results: readonly Shown[]): Row => {
  const { id, standing } = requirement;
  const tests = results.filter(({ ids }) => ids.includes(id));
  const failed = tests.find((each) => !hasShown(each));
  const isShown = tests.length > 0 && failed === undefined;
  const files = [...new Set(tests.map(({ file }) => file))].join(', ');
  if (standing?.kind === 'open') {
    return isShown
      ? { requirement, verdict: 'red', text: `RED: marked open, but shown by ${files}` }
      : { requirement, verdict: 'open', text: `RED, open: ${standing.why}` };
  }
  if (standing !== undefined) {
    const word = { 'not-claimed': 'not claimed: ', beside: '' }[standing.kind];
    return { requirement, verdict: 'beside', text: `${word}${standing.why}` };
  }
  if (isShown) return { requirement, verdict: 'shown', text: `shown: ${files}` };
  const why =
    failed === undefined ? 'no test ran' : failed.passed ? 'its test caused nothing' : `its test failed (${failed.file})`;
  return { requirement, verdict: 'red', text: `RED: ${why}` };
};

const rows = REGISTRY.map(({ title, requirements }) => {
  const results = readResults();
  return { title, rows: requirements.map((requirement) => rowOf(requirement, results)) };
});
const count = (verdict: Verdict): number =>
  rows.reduce((sum, part) => sum + part.rows.filter((row) => row.verdict === verdict).length, 0);

const tableText = (): string => {
  const lines = [
    `${count('shown')} requirements shown, ${count('red') + count('open')} red, ${count('beside')} that no run of this client can or need show.`,
  ];
  for (const part of rows) {
    lines.push('', `| ${part.title} | what it asks | in the last run |`, '| --- | --- | --- |');
    for (const { requirement, text } of part.rows) lines.push(`| ${requirement.id} | ${requirement.means} | ${text} |`);
  }
  return lines.join('\n');
};

const splitReadme = (): readonly [before: string, table: string, after: string] => {
  const text = readFileSync(README, 'utf8');
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error('the README of test/ has lost the marks of the coverage table');
  return [text.slice(0, from + BEGIN.length), text.slice(from + BEGIN.length, to).trim(), text.slice(to)];
};

const check = (): void => {
  const red = rows.flatMap((part) => part.rows.filter(({ verdict }) => verdict === 'red'));
  for (const { requirement, text } of red) console.log(`${requirement.id}: ${requirement.means}: ${text}`);
  const isStale = splitReadme()[1] !== tableText();
  if (isStale) console.log('the coverage table in test/README.md is not the one of this run: coverage.ts write');
  console.log(`${count('shown')} shown, ${red.length + (isStale ? 1 : 0)} red`);
  process.exitCode = red.length > 0 || isStale ? 1 : 0;
};

const command = process.argv[2];
if (command === 'forget') {
  forgetResults();
  console.log('0 shown, 0 red');
} else if (command === 'write') {
  const [before, , after] = splitReadme();
  writeFileSync(README, `${before}\n${tableText()}\n${after}`);
  console.log(`${count('shown')} shown, ${count('red')} red, ${count('open')} open`);
} else if (command === 'check') check();
else throw new Error('usage: coverage.ts forget | write | check');

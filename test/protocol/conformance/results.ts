import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIRECTORY = fileURLToPath(new URL('../../../build/report/conformance/', import.meta.url));

/** What met one criterion in a run. */
export interface Proof {
  readonly what: string;
  /** `requests`: of the server's log. `site`: of the rig's truth. `wire`: handshakes and what goes on below HTTP. */
  readonly of: 'requests' | 'site' | 'wire';
  readonly count: number;
  /** The first of them, or what was measured. */
  readonly example: string;
}

/** One test of the suite as it ended in the last run. */
export interface Shown {
  readonly ids: readonly string[];
  readonly title: string;
  /** Without folder and `.test.ts`. */
  readonly file: string;
  readonly passed: boolean;
  readonly proofs: readonly Proof[];
}

const nameOf = (path: string): string => basename(path).replace(/\.test\.ts$/, '');

/** Replaces what an earlier run of this test file left. */
export const writeResults = (testPath: string, shown: readonly Omit<Shown, 'file'>[]): void => {
  const file = nameOf(testPath);
  mkdirSync(DIRECTORY, { recursive: true });
  writeFileSync(
    join(DIRECTORY, `${file}.json`),
    `${JSON.stringify(
      shown.map((each) => ({ ...each, file })),
      null,
      1,
    )}\n`,
  );
};

/** What all test files left since the last `forgetResults`. */
export const readResults = (): readonly Shown[] => {
  mkdirSync(DIRECTORY, { recursive: true });
  const files = readdirSync(DIRECTORY).filter((name) => name.endsWith('.json'));
  return files.sort().flatMap((name) => JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8')) as Shown[]);
};

/** Before a whole run: no result of another one counts. */
export const forgetResults = (): void => rmSync(DIRECTORY, { recursive: true, force: true });

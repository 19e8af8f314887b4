/** Runs dependency-cruiser over the sources. It has reported "0 modules, no violation" before, so it must have seen enough of them. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Modules it sees today, rounded down; raise it as the tree grows. */
export const MODULE_FLOOR = 350;
/** Largest report, in bytes. */
const MAX_REPORT = 50_000_000;

/** One broken rule. */
export interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

export interface Cruise {
  readonly modules: number;
  readonly violations: readonly Violation[];
}

interface Report {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string; readonly to: string }[];
  };
}

/** Cruises `folders` below `directory`, which has a package.json and a tsconfig.json, by the rules of this repository. */
export const cruise = (directory: string, folders: readonly string[]): Promise<Cruise> =>
  new Promise((resolve, reject) => {
    const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
    const args = [program, '--config', join(ROOT, '.dependency-cruiser.cjs'), '--output-type', 'json', ...folders];
    execFile(process.execPath, args, { cwd: directory, maxBuffer: MAX_REPORT }, (error, stdout, stderr) => {
      try {
        const { summary } = JSON.parse(stdout) as Report;
        const violations = summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
        resolve({ modules: summary.totalCruised, violations });
      } catch {
        reject(new Error(`dependency-cruiser gave no report: ${stderr} ${error?.message}`));
      }
    });
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { modules, violations } = await cruise(ROOT, ['firmware', 'drivers', 'test', 'config']);
  for (const { rule, from, to } of violations) process.stdout.write(`${rule}: ${from} -> ${to}\n`);
  if (modules < MODULE_FLOOR) process.stdout.write(`only ${modules} modules seen, ${MODULE_FLOOR} are known\n`);
  process.stdout.write(`${modules} modules, ${violations.length} violations\n`);
  process.exitCode = violations.length > 0 || modules < MODULE_FLOOR ? 1 : 0;
}

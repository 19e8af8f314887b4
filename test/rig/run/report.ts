import { copyFile, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawRun, type Stretch } from '../picture/svg.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { limitTimeline, spanAt, type ServerLog } from '../scenario/timeline.ts';
import type { Verdict } from '../scenario/verdict.ts';
import type { Truth } from '../site/plant.ts';

const RUNS = fileURLToPath(new URL('../../../build/run/', import.meta.url));
/** Reports of one scenario that are kept. */
const REPORTS_KEPT = 10;

export interface RunRecord {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly truth: readonly Truth[];
  readonly log: ServerLog;
  /** null: the scenario gives none, or was ended before its time. */
  readonly verdict: Verdict | null;
  /** The gateway's own log, as it came. */
  readonly gatewayLog: readonly string[];
  /** Where the utility server wrote. */
  readonly utilityDirectory: string;
}

const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

/** The criteria as a table, with the verdict as its last line. */
export const verdictText = (scenario: Scenario, verdict: Verdict): string => {
  const rows = verdict.judgements.map(({ criterion, met, decides, measured, limit }) => [
    met ? 'met' : decides ? 'MISSED' : 'missed',
    criterion,
    measured,
    limit,
    decides ? '' : '(does not decide)',
  ]);
  const heads = ['', 'criterion', 'measured', 'limit', ''];
  return `${table([heads, ...rows])}\n${scenario.name}: ${verdict.met ? 'held' : 'NOT HELD'}\n`;
};

const csvOf = ({ truth, log, scenario }: RunRecord): string => {
  const spans = limitTimeline(log, endOf(scenario, truth));
  const rows = truth.map(({ t, netExport, load, generation, cap, available }) => {
    const span = spanAt(spans, t / 1000);
    const numbers = [netExport, load, generation, cap, available, span?.limitW ?? null];
    const cells = numbers.map((value) => (value === null ? '' : value.toFixed(1)));
    return [(t / 1000).toFixed(1), ...cells, span?.source ?? 'none'].join(',');
  });
  return `seconds,export_w,load_w,generation_w,cap_w,available_w,limit_w,limit_source\n${rows.join('\n')}\n`;
};

const endOf = (scenario: Scenario, truth: readonly Truth[]): number =>
  scenario.loop ? (truth.at(-1)?.t ?? 0) / 1000 : scenario.durationSeconds;

const pictureOf = ({ scenario, seed, truth, log, verdict }: RunRecord): string => {
  const end = endOf(scenario, truth);
  const events = log.controls.map(
    ({ name, start, end: until, cancelServedAt }): Stretch => ({
      from: start,
      until: Math.min(until, cancelServedAt ?? Infinity),
      name,
      kind: 'event',
    }),
  );
  const faults = scenario.faults.map(
    ({ at, kind, forSeconds }): Stretch => ({ from: at, until: at + Math.max(1, forSeconds), name: kind, kind: 'fault' }),
  );
  const outcome = verdict === null ? '' : verdict.met ? ': held' : ': NOT HELD';
  return drawRun({
    title: `Gridward, scenario ${scenario.name}${outcome}`,
    subtitle: `${scenario.about} Seed ${seed}.`,
    truth,
    limits: limitTimeline(log, end),
    stretches: [...events, ...faults],
  });
};

const prune = async (directory: string): Promise<void> => {
  const reports = (await readdir(directory)).filter((name) => name !== 'latest' && !name.startsWith('.')).sort();
  for (const name of reports.slice(0, Math.max(0, reports.length - REPORTS_KEPT)))
    await rm(join(directory, name), { recursive: true, force: true });
};

/** Writes picture, truth, logs and verdict of a run below build/run; returns the directory. Runs at the same time do not meet. */
export const writeReport = async (record: RunRecord): Promise<string> => {
  const directory = join(RUNS, record.scenario.name);
  const id = `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}-${process.pid}`;
  const report = join(directory, id);
  await mkdir(report, { recursive: true });
  await writeFile(join(report, 'picture.svg'), pictureOf(record));
  await writeFile(join(report, 'truth.csv'), csvOf(record));
  await writeFile(join(report, 'gateway.log'), `${record.gatewayLog.join('\n')}\n`);
  if (record.verdict !== null) await writeFile(join(report, 'verdict.txt'), verdictText(record.scenario, record.verdict));
  for (const name of ['requests.jsonl', 'readings.jsonl', 'served.json'])
    await copyFile(join(record.utilityDirectory, name), join(report, name)).catch(() => undefined);
  const link = join(directory, `.latest-${process.pid}`);
  await symlink(id, link);
  await rename(link, join(directory, 'latest'));
  await prune(directory);
  return report;
};

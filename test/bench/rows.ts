import { characterMs, gapMs, LINE_9600_8N1 } from '../rig/site/line.ts';
import type { Burden } from './burden.ts';
import { dropFloor, wireFloor } from './fleet-trial.ts';
import type { Job, JobResult } from './jobs.ts';
import type { WalkLoad } from './walk-load.ts';
import type { RealStart, RealStep } from './real-trials.ts';
import { BAND_W, RATED_W, STEP_CASES, STEP_KINDS, type StepKind, type StepOutcome } from './step-trial.ts';
import { IMPORT_KINDS } from './storage-trial.ts';
import { median, quantile, type Row } from './table.ts';

const BAR_SECONDS = 3;
/** Medians of the virtual and the real line may differ by this part. */
const AGREEMENT = 0.15;
const MINIMUM_OUTPUT = 0.1;
/** Bytes of the request that writes the limit block, and of a meter's read with its reply. */
const WRITE_BYTES = 19;
const METER_BYTES = 8 + 51;
const LEAST_TURNAROUND_MS = 20;
const MEAN_REFRESH_SECONDS = 0.5;
const REVERSALS_MOST = 3;

const PEER: Readonly<Record<StepKind, string>> = {
  'limit 5 -> 1.5 kW': '6.9-7.6 s',
  'limit 9 -> 1.5 kW': '10.8 s',
  'load -1 kW': '6.9-7.2 s',
  'load -4.5 kW': '8.6-8.8 s',
};

const s = (value: number): string => `${value.toFixed(2)} s`;
const percent = (value: number): string => `${value.toFixed(2)} %`;

const row = (figure: string, measured: string, limit: string, met: boolean | null, peer = ''): Row => ({
  figure,
  measured,
  limit,
  peer,
  met,
});

/** The least time physics leaves: the wire, for a load step half a meter refresh, and the plant told its minimum at once. */
const floorSeconds = (kind: StepKind): number => {
  const { limitBefore, limitAfter, loadBefore, loadAfter } = STEP_CASES[kind];
  const isLoad = limitBefore === limitAfter;
  const lowest = MINIMUM_OUTPUT * RATED_W;
  const from = Math.min(RATED_W, limitBefore + loadBefore);
  const inside = limitAfter + loadAfter + BAND_W;
  const plant = Math.log((from - lowest) / (inside - lowest));
  const write = (WRITE_BYTES * characterMs(LINE_9600_8N1) + gapMs(LINE_9600_8N1)) / 1000;
  const meter = (METER_BYTES * characterMs(LINE_9600_8N1) + gapMs(LINE_9600_8N1) + LEAST_TURNAROUND_MS) / 1000;
  return plant + write + (isLoad ? MEAN_REFRESH_SECONDS + meter : 0);
};

interface StepRows {
  readonly rows: readonly Row[];
  outcomes(kind: StepKind, readingAgeMs: number): readonly StepOutcome[];
  note(kind: StepKind): string;
}

/** The four steps: virtual, real, aged, and how far from what physics allows. */
export const stepRows = (
  jobs: readonly Job[],
  results: readonly JobResult[],
  real: ReadonlyMap<StepKind, readonly RealStep[]>,
): StepRows => {
  const outcomes = (kind: StepKind, readingAgeMs: number): readonly StepOutcome[] =>
    jobs.flatMap((job, index) => {
      const result = results[index];
      const mine = job.kind === 'steps' && job.step === kind && job.readingAgeMs === readingAgeMs;
      return mine && result?.kind === 'steps' ? result.outcomes : [];
    });
  const p99Text = (trials: readonly StepOutcome[]): string => {
    const times = trials.map(({ seconds }) => seconds);
    const worst = trials.reduce((a, b) => (b.seconds > a.seconds ? b : a));
    return `median ${s(median(times))}, p99 ${s(quantile(times, 0.99))}, max ${s(worst.seconds)} (seed ${worst.seed})`;
  };
  const p99 = (trials: readonly StepOutcome[]): number =>
    quantile(
      trials.map(({ seconds }) => seconds),
      0.99,
    );
  const rows = STEP_KINDS.flatMap((kind): readonly Row[] => {
    const fresh = outcomes(kind, 0);
    const aged = outcomes(kind, 1000);
    const mine = (real.get(kind) ?? []).map(({ seconds }) => seconds);
    const virtual = median(fresh.map(({ seconds }) => seconds));
    const floor = floorSeconds(kind);
    const apart = Math.abs(median(mine) - virtual) / virtual;
    const bar = `p99 <= ${BAR_SECONDS} s`;
    return [
      row(`${kind}, ${fresh.length} virtual`, p99Text(fresh), bar, p99(fresh) <= BAR_SECONDS, PEER[kind]),
      row(`  physical floor`, `${s(floor)}, median is ${(virtual / floor).toFixed(2)} x`, '', null),
      row(
        `  ${mine.length} on the real line`,
        `median ${s(median(mine))}, max ${s(Math.max(...mine))}`,
        `max <= ${BAR_SECONDS} s`,
        Math.max(...mine) <= BAR_SECONDS,
      ),
      row(
        '  medians of both',
        `differ by ${(100 * apart).toFixed(0)} %${apart > AGREEMENT ? ' FAIL' : ''}`,
        '<= 15 %',
        apart <= AGREEMENT,
      ),
      row(`  inverter reading 1 s old, ${aged.length} virtual`, p99Text(aged), bar, p99(aged) <= BAR_SECONDS),
    ];
  });
  return { rows, outcomes, note: (kind) => `p99 ${s(p99(outcomes(kind, 0)))}, bar ${BAR_SECONDS} s` };
};

/** Spawn of the process on the real line. */
export const startRows = (starts: {
  readonly cold: readonly RealStart[];
  readonly warm: readonly RealStart[];
}): readonly Row[] => {
  const spread = (values: readonly number[]): string => `median ${s(median(values))}, max ${s(Math.max(...values))}`;
  const warmWrites = starts.warm.map(({ toWrite }) => toWrite);
  const coldWrites = starts.cold.map(({ toWrite }) => toWrite);
  const inside = starts.warm.map(({ toInside }) => toInside);
  const coldInside = starts.cold.map(({ toInside }) => toInside);
  return [
    row('start to first correct write, known device', spread(warmWrites), '<= 2 s', Math.max(...warmWrites) <= 2, '2.8-4.2 s'),
    row('start to first correct write, empty cache', spread(coldWrites), '<= 4 s', Math.max(...coldWrites) <= 4),
    row('start to inside the limit, known device', spread(inside), '<= 4 s', Math.max(...inside) <= 4, '6.2-7.6 s'),
    row('start to inside the limit, empty cache', spread(coldInside), '', null),
  ];
};

const ofKind = <K extends JobResult['kind']>(
  jobs: readonly Job[],
  results: readonly JobResult[],
  kind: K,
): readonly { readonly job: Job; readonly result: Extract<JobResult, { readonly kind: K }> }[] =>
  jobs.flatMap((job, index) => {
    const result = results[index];
    return result?.kind === kind ? [{ job, result: result as Extract<JobResult, { readonly kind: K }> }] : [];
  });

const stabilityRows = (jobs: readonly Job[], results: readonly JobResult[]): readonly Row[] => {
  const all = ofKind(jobs, results, 'stability');
  if (all.length === 0) return [];
  const worst = all.reduce((a, b) => (b.result.reversals > a.result.reversals ? b : a));
  const bad = all.filter(({ result }) => result.reversals > REVERSALS_MOST).length;
  const unsettled = all.filter(({ result }) => result.seconds === Infinity).length;
  const where =
    worst.job.kind === 'stability'
      ? `${worst.job.step}, dead ${worst.job.plant.deadSeconds} s, lag ${worst.job.plant.lagSeconds} s, slew ${worst.job.plant.slewPercentPerSecond} %/s, seed ${worst.job.seed}`
      : '';
  return [
    row(
      `reversals > 200 W a step, ${all.length} plants and steps`,
      `most ${worst.result.reversals} (${where}), ${bad} over`,
      `<= ${REVERSALS_MOST}`,
      bad === 0,
    ),
    row('  steps that did not settle', `${unsettled} of ${all.length}`, '0', unsettled === 0),
  ];
};

const STEADY_NOISE_W = 10;

const NOISE_JUDGED_W = 70;
const GENERATED_PERCENT = 95;
/** Of the connection rules the strictest (UK G100). */
const NOISY_SPELL_SECONDS = 5;

/** A load whose every second is drawn anew. Of much noise what is used is told: a cap that uses more is over the limit by more. */
const noisyRows = (
  noiseW: number,
  { overPercent, generatedPercent, writesAnHour }: Extract<JobResult, { kind: 'steady' }>,
): readonly Row[] => [
  row(`load noise of ${noiseW} W (sigma): writes an hour`, writesAnHour.toFixed(0), '<= 120', writesAnHour <= 120),
  row('  mean over the limit', percent(overPercent), '<= 0.5 %', overPercent <= 0.5),
  row(
    '  allowed energy used',
    percent(generatedPercent),
    noiseW > NOISE_JUDGED_W ? '' : `>= ${GENERATED_PERCENT} %`,
    noiseW > NOISE_JUDGED_W ? null : generatedPercent >= GENERATED_PERCENT,
  ),
];

const steadyRows = (jobs: readonly Job[], results: readonly JobResult[]): readonly Row[] =>
  ofKind(jobs, results, 'steady').flatMap(({ job, result }): readonly Row[] => {
    if (job.kind !== 'steady') return [];
    if (job.noiseW !== STEADY_NOISE_W) return noisyRows(job.noiseW, result);
    const whole = job.limitScale === 0;
    const used = whole ? 90 : 97;
    const name = `steady 1.5 kW, gain +${job.gainErrorPercent} %${whole ? ', whole percents' : ''}`;
    const peer = whole ? '' : job.gainErrorPercent === 2 ? '3.3 %' : job.gainErrorPercent === 5 ? '8 %' : '';
    return [
      row(`${name}: mean over the limit`, percent(result.overPercent), '<= 0.5 %', result.overPercent <= 0.5, peer),
      row('  allowed energy used', percent(result.usedPercent), `>= ${used} %`, result.usedPercent >= used),
      row('  writes an hour', result.writesAnHour.toFixed(0), '<= 120', result.writesAnHour <= 120),
      row('  line use', percent(result.linePercent), '<= 60 %', result.linePercent <= 60, '99 %'),
    ];
  });

/** Import limits kept by a battery: half of the trials commanded as SunSpec 124, half as 704. */
const importRows = (jobs: readonly Job[], results: readonly JobResult[]): readonly Row[] =>
  IMPORT_KINDS.map((step) => {
    const seconds = jobs.flatMap((job, index) => {
      const result = results[index];
      return job.kind === 'import' && job.step === step && result?.kind === 'seconds' ? result.seconds : [];
    });
    const p99 = quantile(seconds, 0.99);
    const text = `median ${s(median(seconds))}, p99 ${s(p99)}, max ${s(Math.max(...seconds))}`;
    return row(`${step} by a battery, ${seconds.length}`, text, `p99 <= ${BAR_SECONDS} s`, p99 <= BAR_SECONDS);
  });

/** A load goes out of noise: what the noise itself does in each second beside it counts too. */
const noisyDropRows = (jobs: readonly Job[], results: readonly JobResult[]): readonly Row[] =>
  ofKind(jobs, results, 'seconds').flatMap(({ job, result }): readonly Row[] => {
    if (job.kind !== 'noisyDrop') return [];
    const most = Math.max(...result.seconds);
    const name = `load -1 kW in noise of 150 W, meter each ${job.refreshMs / 1000} s, ${result.seconds.length}: longest spell`;
    return [
      row(
        name,
        `median ${s(median(result.seconds))}, max ${s(most)}`,
        `<= ${NOISY_SPELL_SECONDS} s`,
        most <= NOISY_SPELL_SECONDS,
      ),
    ];
  });

/** Everything else that virtual time measures. */
export const virtualRows = (jobs: readonly Job[], results: readonly JobResult[]): readonly Row[] => {
  const times = ofKind(jobs, results, 'seconds');
  const secondsOf = (kind: Job['kind']): readonly number[] =>
    times.flatMap(({ job, result }) => (job.kind === kind ? result.seconds : []));
  const release = secondsOf('release');
  const silent = secondsOf('silent');
  const cycling = ofKind(jobs, results, 'cycling').map(({ result }) => result);
  const over = Math.max(...cycling.map(({ overPercent }) => overPercent));
  const spell = Math.max(...cycling.map(({ longestSeconds }) => longestSeconds));
  const used = Math.min(...cycling.map(({ usedPercent }) => usedPercent));
  const most = Math.max(...release);
  const blind = Math.max(...silent);
  return [
    ...stabilityRows(jobs, results),
    row(
      `release after a load rise of 2 kW, ${release.length}`,
      `median ${s(median(release))}, max ${s(most)}`,
      '<= 15 s',
      most <= 15,
    ),
    ...steadyRows(jobs, results),
    ...noisyDropRows(jobs, results),
    row('load cycling by 2 kW each 5 s: time over', percent(over), '<= 15 %', over <= 15, '50 %'),
    row('  longest spell', s(spell), '<= 3 s', spell <= 3),
    row('  allowed energy used', percent(used), '>= 67 %', used >= 67),
    ...importRows(jobs, results),
    row(
      `meter silent: safe, ${silent.length}`,
      `median ${s(median(silent))}, max ${s(blind)}`,
      '<= 5 s',
      blind <= 5,
      'never: 9 kW',
    ),
  ];
};

const CONTROLD_MEGABYTES = 45;
const ALL_MEGABYTES = 110;
const CPU_SECONDS = 0.3;
const INSTALLED_MEGABYTES = 15;

const cpuText = ({ controld, northd }: Burden['cpu']): string =>
  `${(controld + northd).toFixed(2)} s (controld ${controld.toFixed(2)}, northd ${northd.toFixed(2)})`;

export const burdenRows = (burden: Burden, minutes: number): readonly Row[] => {
  const { controldMegabytes, northdMegabytes, cpu, demoCpu, installedMegabytes } = burden;
  const all = controldMegabytes + northdMegabytes;
  return [
    row(
      `memory of controld after ${minutes} min, PSS`,
      `${controldMegabytes.toFixed(1)} MB`,
      '<= 45 MB',
      controldMegabytes <= CONTROLD_MEGABYTES,
    ),
    row(
      'memory of both processes, PSS',
      `${all.toFixed(1)} MB (northd ${northdMegabytes.toFixed(1)})`,
      '<= 110 MB',
      all <= ALL_MEGABYTES,
      '149-174 MB',
    ),
    row(
      'processor time a minute, both, utility rates',
      cpuText(cpu),
      '<= 0.3 s',
      cpu.controld + cpu.northd <= CPU_SECONDS,
      '1.6 s',
    ),
    row('  polled each 5 s as in the demonstration', cpuText(demoCpu), '', null),
    row(
      'installed size without Node',
      installedMegabytes === null ? 'no bundle' : `${installedMegabytes.toFixed(1)} MB`,
      '<= 15 MB',
      installedMegabytes !== null && installedMegabytes <= INSTALLED_MEGABYTES,
      '317 MB',
    ),
  ];
};

const WALK_SECONDS = 10;
const WALK_MEGABYTES = 40;
/** An event of the longest list may cost this much more than one of the shortest: noise, not growth. */
const GROWTH_MOST = 1.5;

/** The largest site of a utility: 32 programs, 1 000 events. */
export const walkRows = ({ firstSeconds, smallPagesSeconds, overIdleMegabytes, costs }: WalkLoad): readonly Row[] => {
  const each = (of: (cost: WalkLoad['costs'][number]) => number): string => costs.map((cost) => of(cost).toFixed(2)).join(' ');
  const [first, last] = [costs[0], costs.at(-1)];
  const whole = (cost: typeof first): number => (cost === undefined ? Number.NaN : cost.parseMs + cost.applyMs);
  const growth = whole(last) / whole(first);
  const slowest = Math.max(firstSeconds, smallPagesSeconds);
  return [
    row(
      'first walk of 32 programs, 1000 events',
      `${s(firstSeconds)}, by pages of two ${s(smallPagesSeconds)}`,
      `<= ${WALK_SECONDS} s`,
      slowest <= WALK_SECONDS,
    ),
    row(
      '  memory of northd over idle, the most',
      `${overIdleMegabytes.toFixed(1)} MB`,
      `<= ${WALK_MEGABYTES} MB`,
      overIdleMegabytes <= WALK_MEGABYTES,
    ),
    row(
      `  parse, ms an event of ${costs.map(({ events }) => events).join(' ')}`,
      each(({ parseMs }) => parseMs),
      '',
      null,
    ),
    row(
      '  apply (translate, fold; 1000 are kept)',
      each(({ applyMs }) => applyMs),
      '',
      null,
    ),
    row(
      '  an event of the longest list to one of the shortest',
      `${growth.toFixed(2)} x`,
      `<= ${GROWTH_MOST} x`,
      growth <= GROWTH_MOST,
    ),
  ];
};

const FLEET_LIMITS: Readonly<Record<string, number>> = { '8 at 9600': 5, '32 at 19200': 8 };
/** What one dead inverter may add to the step response, seconds. */
const DEAD_MORE_SECONDS = 1;

/** Several inverters on one line, beside the least that its wire leaves. */
export const fleetRows = (jobs: readonly Job[], results: readonly JobResult[]): readonly Row[] => {
  const all = ofKind(jobs, results, 'seconds').flatMap(({ job, result }) =>
    job.kind === 'fleet'
      ? [{ fleet: job.fleet, seconds: result.seconds.filter((one) => !Number.isNaN(one)), of: result.seconds.length }]
      : [],
  );
  const rows = all.flatMap(({ fleet, seconds, of }): readonly Row[] => {
    const name = `${fleet.count} at ${fleet.baudRate}`;
    const p99 = quantile(seconds, 0.99);
    const sound = all.find((one) => one.fleet.count === fleet.count && !one.fleet.dead);
    const allowed = fleet.dead
      ? quantile(sound?.seconds ?? [], 0.99) + DEAD_MORE_SECONDS
      : (FLEET_LIMITS[name] ?? Number.POSITIVE_INFINITY);
    const limit = fleet.dead ? `<= ${DEAD_MORE_SECONDS} s more` : allowed === Number.POSITIVE_INFINITY ? '' : `<= ${allowed} s`;
    const text = `median ${s(median(seconds))}, p99 ${s(p99)}, wire floor ${s(wireFloor(fleet))}`;
    const figure = `load -2.5 kW, ${name} baud${fleet.dead ? ', one dead' : ''}, ${seconds.length}`;
    const unused = of - seconds.length;
    return [
      row(figure, text, limit, limit === '' ? null : p99 <= allowed, fleet.dead && fleet.count === 2 ? '16.8 s' : ''),
      row('  load rise not half used after 55 s', `${unused} of ${of}`, '0', unused === 0),
    ];
  });
  const drops = ofKind(jobs, results, 'drops').flatMap(({ job, result }) => {
    if (job.kind !== 'drops') return [];
    const { longestSeconds, reversals } = result;
    const name = `no export, load -8 kW 20 times, ${job.fleet.count} inverters: longest spell`;
    return [
      row(name, `${s(longestSeconds)} (a lag of 1 s leaves ${s(dropFloor())})`, '<= 5 s', longestSeconds <= 5),
      row('  most reversals > 200 W', `${reversals}`, `<= ${REVERSALS_MOST}`, reversals <= REVERSALS_MOST),
    ];
  });
  return [...rows, ...drops];
};

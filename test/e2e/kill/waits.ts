import { readFileSync } from 'node:fs';

const SAMPLE_EVERY_MS = 50;

/** Nanoseconds a process's main thread was ready to run and had no processor (proc(5), schedstat); 0 where it is not told. */
const waitedNs = (pid: number): number => {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[1] ?? 0);
  } catch {
    return 0;
  }
};

/** How long a process waited for a processor that others used: not the gateway's own time. */
export interface Waits {
  /** Seconds waited between two seconds of the run by the process that lived then. */
  between(from: number, to: number): number;
  end(): void;
}

/** Follows the process whose id `pidNow` says; null: none lives. */
export const followWaits = (pidNow: () => number | null, elapsed: () => number): Waits => {
  const steps: { readonly at: number; readonly waited: number }[] = [];
  let last: { readonly pid: number; readonly ns: number } | null = null;
  const timer = setInterval(() => {
    const pid = pidNow();
    if (pid === null) return;
    const ns = waitedNs(pid);
    const before = last?.pid === pid ? last.ns : 0;
    if (ns > before) steps.push({ at: elapsed(), waited: (ns - before) / 1e9 });
    last = { pid, ns };
  }, SAMPLE_EVERY_MS);
  return {
    between: (from, to) => steps.reduce((sum, { at, waited }) => (at > from && at <= to ? sum + waited : sum), 0),
    end: () => clearInterval(timer),
  };
};

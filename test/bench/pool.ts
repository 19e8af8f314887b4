import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Job, JobResult } from './jobs.ts';

interface Answer {
  readonly id: number;
  readonly result?: JobResult;
  readonly error?: string;
}

/** Does the jobs on all cores; results in the order of the jobs. Rejects when one fails. */
export const runJobs = async (jobs: readonly Job[]): Promise<readonly JobResult[]> => {
  const results: JobResult[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    const worker = new Worker(new URL('worker.ts', import.meta.url));
    try {
      for (let id = next; id < jobs.length; id = next) {
        next += 1;
        const answer = await new Promise<Answer>((resolve, reject) => {
          worker.once('error', reject);
          worker.once('message', resolve);
          worker.postMessage({ id, job: jobs[id] });
        });
        worker.removeAllListeners('error');
        if (answer.result === undefined) throw new Error(answer.error);
        results[id] = answer.result;
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, one));
  return results;
};

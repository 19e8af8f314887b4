import { parentPort } from 'node:worker_threads';
import { runTask, type Task } from './task.ts';

/** Runs one task after another for `main.ts`; each answer is a Run, or what went wrong. */
parentPort?.on('message', (task: Task) => {
  runTask(task).then(
    (run) => parentPort?.postMessage({ run }),
    (error: unknown) =>
      parentPort?.postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});

/**
 * `make dev`: bundles on every save, beside a runner that restarts the process whose bundle is new (`--dev`).
 * Ends with the runner, whose exit code it takes; a signal goes to both.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const bundler = spawn(process.execPath, ['test/tooling/bundle.ts', '--watch'], {
  cwd: ROOT,
  stdio: ['ignore', 'inherit', 'inherit'],
});
const runner = spawn(process.execPath, ['test/rig/run/main.ts', '--dev', ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
});

// Ctrl-C reaches the whole group; a signal to this process alone is passed on
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal));
bundler.once('exit', (code) => {
  if (code !== null && code !== 0) runner.kill('SIGTERM');
});
runner.once('exit', (code) => {
  bundler.kill('SIGTERM');
  process.exitCode = code ?? 1;
});

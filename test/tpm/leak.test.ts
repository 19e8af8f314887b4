import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTpm } from '#platform/tpm/tpm.ts';
import { makePki, type Pki } from '../rig/utility/pki.ts';
import { enrol } from './enrolled.ts';
import { startTpm, type TpmMachine } from './machine.ts';

const AUTH = randomBytes(32);
/** Each is two signatures: both sides use the key. */
const HANDSHAKES = 1000;
/** kB that 700 signatures may leave behind; a session that ESYS keeps of each would be 910. */
const GROWTH_MOST = 250;
/** Of the memory with a key in a file. */
const PSS_MOST = 1.05;
let machine: TpmMachine;
let pki: Pki;

beforeAll(async () => {
  machine = await startTpm();
  pki = await makePki(join(machine.directory, 'pki'));
  const tpm = openTpm(machine.tcti);
  if (!tpm.ok) throw new Error(tpm.fault.text);
  const { certificate } = await enrol(tpm.value, AUTH, join(machine.directory, 'pki'));
  await writeFile(join(machine.directory, 'tpm.pem'), certificate);
});
afterAll(async () => await machine.end());

type Figures = Readonly<Record<string, number>>;

/** A process that tells figures, one line after the other. */
interface Subject {
  figures(): Promise<Figures>;
  go(): void;
}

const subject = (...args: readonly string[]): Subject => {
  const script = new URL('leak.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--expose-gc', script, String(HANDSHAKES), ...args], {
    cwd: new URL('../..', import.meta.url).pathname,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    figures: async () => {
      const line: IteratorResult<string, unknown> = await lines.next();
      if (line.done === true) throw new Error('it ended before its time');
      return JSON.parse(line.value) as Figures;
    },
    go: () => child.stdin.write('go\n'),
  };
};

test('a thousand handshakes with the TPM key end within 5 % of the memory of a key in a file; signatures leave nothing', async () => {
  const file = subject(pki.device.cert, pki.device.key);
  const tpm = subject(join(machine.directory, 'tpm.pem'), 'tpm', machine.tcti, AUTH.toString('hex'));
  const both = async (): Promise<readonly Figures[]> => await Promise.all([file.figures(), tpm.figures()]);
  expect((await both()).map(({ signs }) => signs)).toEqual([0, 2 * HANDSHAKES]);
  for (const one of [file, tpm]) one.go();
  const [withFile, withTpm] = (await both()).map(({ pss = NaN }) => pss) as [number, number];
  expect(withTpm).toBeLessThan(PSS_MOST * withFile);
  for (const one of [file, tpm]) one.go();
  const { growth } = await tpm.figures();
  process.stdout.write(`PSS with a file ${withFile} kB, with the TPM ${withTpm} kB, growth ${growth} kB\n`);
  expect(growth).toBeLessThan(GROWTH_MOST);
});

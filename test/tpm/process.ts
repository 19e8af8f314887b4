/**
 * What a process of its own does with the key, for tests of what may end a process: `process.ts WHAT TCTI AUTH [ADDON]`.
 * Prints one line at the end; what matters as much is how it ends.
 */
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';

import { createRequire } from 'node:module';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { openTpm, type Tpm, TPM_HANDLES, tpmKeyPem } from '#platform/tpm/tpm.ts';

const LIMITS = { sign: 1000, command: 3000, create: 20_000 };
const [what = '', tcti = '', auth = '', addon = ''] = isMainThread ? process.argv.slice(2) : (workerData as string[]);
const PEM = tpmKeyPem(TPM_HANDLES.a);
const DATA = Buffer.from('data');

const ready = (): Tpm => {
  const tpm = openTpm(tcti, LIMITS);
  if (!tpm.ok) throw new Error(tpm.fault.text);
  tpm.value.know(TPM_HANDLES.a, Buffer.from(auth, 'hex'));
  const served = tpm.value.serveTls();
  if (!served.ok) throw new Error(served.fault);
  return tpm.value;
};

/** As a TLS handshake does it: OpenSSL asks the provider. */
const signOnce = (): number => sign('sha256', DATA, PEM).length;

const inWorker = async (mode: string, end: boolean): Promise<number> => {
  const worker = new Worker(new URL(import.meta.url), { workerData: [mode, tcti, auth, addon] });
  return await new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', resolve);
    if (end)
      worker.once('message', () => {
        worker.terminate().catch(reject);
      });
  });
};

const JOBS: Readonly<Record<string, () => Promise<string> | string>> = {
  flush: () => {
    const { flush } = createRequire(import.meta.url)(addon) as { flush: () => boolean };
    ready();
    const outcome: string[] = [];
    for (let times = 0; times < 3; times += 1) {
      flush();
      // The first "EC" after the flush is asked for by our own signature.
      signOnce();
      outcome.push(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.asymmetricKeyType ?? '');
    }
    return outcome.join();
  },
  'key-object': () => {
    ready();
    const key = createPrivateKey(PEM);
    const details = key.asymmetricKeyDetails?.namedCurve;
    let exported = 'refused';
    try {
      exported = key.export({ format: 'pem', type: 'pkcs8' }).toString();
    } catch {
      // as it should
    }
    let sha384 = 'refused';
    try {
      sha384 = sign('sha384', DATA, key).toString('hex');
    } catch {
      // the key signs SHA-256 alone
    }
    const raw = sign('sha256', DATA, { key, dsaEncoding: 'ieee-p1363' }).length;
    return [details, exported, sha384, raw].join();
  },
  'worker-only': async () => {
    const code = await inWorker('one-sign', false);
    generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return `worker ${code}, main ${signOnce() > 60}`;
  },
  threads: async () => {
    ready();
    const codes = Promise.all([inWorker('many-signs', false), inWorker('many-signs', false), inWorker('for-ever', true)]);
    for (let times = 0; times < 20; times += 1) signOnce();
    return `${(await codes).slice(0, 2).join()} ${signOnce() > 60}`;
  },
  'one-sign': () => {
    ready();
    return String(signOnce());
  },
  'many-signs': () => {
    ready();
    for (let times = 0; times < 20; times += 1) signOnce();
    return '';
  },
  'for-ever': async () => {
    ready();
    const { parentPort } = await import('node:worker_threads');
    for (;;) {
      signOnce();
      parentPort?.postMessage('signed');
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
  inherited: () => {
    ready();
    signOnce();
    const open = (process: string): readonly string[] =>
      execFileSync('/bin/sh', ['-c', `ls -l /proc/${process}/fd`], { encoding: 'utf8' }).split('\n');
    // 0 to 2 are the child's own.
    const child = open('$$').filter((line) => / (?:[3-9]|\d\d+) -> (?:socket:|\/dev\/pts)/.test(line));
    const own = open('$PPID').filter((line) => /socket:|\/dev\/pts/.test(line));
    return `${own.length > 0} ${child.length}`;
  },
  'exit-in-sign': async () => {
    const tpm = ready();
    const signing = tpm.sign(TPM_HANDLES.a, createHash('sha256').update(DATA).digest());
    await Promise.race([signing, new Promise((resolve) => setTimeout(resolve, 300))]);
    process.exit(7);
  },
};

const job = JOBS[what];
if (job === undefined) throw new Error(`no job ${what}`);
const line = await job();
if (isMainThread) process.stdout.write(`${line}\n`);

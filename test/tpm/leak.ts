/**
 * A process that makes many full handshakes of one identity with itself: `leak.ts HANDSHAKES CERTIFICATE KEY [TCTI AUTH]`, KEY being a
 * file or `tpm`. After each line of its stdin it goes on: what it holds then, after some more handshakes; what signatures leave behind.
 * Each answer is one line of JSON; the first says that the handshakes are made.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { duplexPair } from 'node:stream';
import { connect, TLSSocket } from 'node:tls';
import { loadAddon } from '#platform/native/addon.ts';
import { identityContext } from '#platform/tls/context.ts';
import { openTpm, type Tpm, TPM_HANDLES, tpmKeyPem } from '#platform/tpm/tpm.ts';

/** Signatures without a handshake around them: before the count begins, and in each of the spells that are counted. */
const FIRST_SIGNS = 500;
const SIGNS = 700;
const SPELLS = 3;
const SOME = 100;
const LOOKS = 40;
const LOOK_EVERY_MS = 25;

const [times = '', certificate = '', key = '', tcti = '', auth = ''] = process.argv.slice(2);

const openedTpm = (): Tpm => {
  const tpm = openTpm(tcti);
  if (!tpm.ok) throw new Error(tpm.fault.text);
  tpm.value.know(TPM_HANDLES.a, Buffer.from(auth, 'hex'));
  tpm.value.serveTls();
  return tpm.value;
};

// northd has it loaded with a key in a file too: it talks to the service manager.
loadAddon();
const tpm = key === 'tpm' ? openedTpm() : null;
const text = await readFile(certificate, 'utf8');
const pem = tpm === null ? await readFile(key, 'utf8') : tpmKeyPem(TPM_HANDLES.a);
const secureContext = identityContext({ certificate: text, key: pem, trust: text });

const handshake = async (): Promise<void> => {
  const [ours, theirs] = duplexPair();
  const server = new TLSSocket(theirs, { isServer: true, secureContext, requestCert: true, rejectUnauthorized: false });
  const client = connect({ socket: ours, secureContext, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    client.once('error', reject);
    server.once('error', reject);
    server.once('secure', () => resolve());
  });
  client.destroy();
  server.destroy();
};

/**
 * kB of one kind, as the kernel counts them: the least of many looks, because what a collection frees goes back to the system later,
 * from another thread.
 */
const memory = async (kind: 'Pss' | 'Pss_Anon'): Promise<number> => {
  let least = Infinity;
  for (let look = 0; look < LOOKS; look += 1) {
    globalThis.gc?.();
    const rollup = await readFile('/proc/self/smaps_rollup', 'utf8');
    least = Math.min(least, Number(new RegExp(`^${kind}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]));
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return least;
};

const sign = async (count: number): Promise<void> => {
  for (let at = 0; at < count && tpm !== null; at += 1) {
    const signed = await tpm.sign(TPM_HANDLES.a, new Uint8Array(32));
    if (!signed.ok) throw new Error(signed.fault.text);
  }
};

/** kB that the signatures of a spell leave behind: the least of all spells, for what each leaves is there in every one; an allocator's steps are not. */
const growth = async (): Promise<number> => {
  await sign(FIRST_SIGNS);
  let least = Infinity;
  let before = await memory('Pss_Anon');
  for (let spell = 0; spell < SPELLS; spell += 1) {
    await sign(SIGNS);
    const now = await memory('Pss_Anon');
    least = Math.min(least, now - before);
    before = now;
  }
  return least;
};

const handshakes = async (count: number): Promise<void> => {
  for (let at = 0; at < count; at += 1) {
    await handshake();
    if (at % 50 === 0) globalThis.gc?.();
  }
};

const tell = (figures: Readonly<Record<string, number>>): void => {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
};

await handshakes(Number(times));
tell({ signs: tpm?.signCount() ?? 0 });
process.stdin.resume();
await once(process.stdin, 'data');
// V8 gives memory back while a process idles: neither has, when both measure at one time. What they share counts for each by half.
await handshakes(SOME);
tell({ pss: await memory('Pss') });
await once(process.stdin, 'data');
tell({ growth: tpm === null ? 0 : await growth() });
process.stdin.pause();

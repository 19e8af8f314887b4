/**
 * Memory after many full handshakes of one identity with itself: `leak.ts HANDSHAKES CERTIFICATE KEY [TCTI AUTH]`, KEY being a
 * file or `tpm`. Prints PSS in kB after a third of them and at the end.
 */
import { readFile } from 'node:fs/promises';
import { duplexPair } from 'node:stream';
import { connect, TLSSocket } from 'node:tls';
import { identityContext } from '#platform/tls/context.ts';
import { openTpm, TPM_HANDLES, tpmKeyPem } from '#platform/tpm/tpm.ts';

const [times = '', certificate = '', key = '', tcti = '', auth = ''] = process.argv.slice(2);
if (key === 'tpm') {
  const tpm = openTpm(tcti);
  if (!tpm.ok) throw new Error(tpm.fault.text);
  tpm.value.know(TPM_HANDLES.a, Buffer.from(auth, 'hex'));
  tpm.value.serveTls();
}
const text = await readFile(certificate, 'utf8');
const pem = key === 'tpm' ? tpmKeyPem(TPM_HANDLES.a) : await readFile(key, 'utf8');
const secureContext = identityContext({ certificate: text, key: pem, trust: text });

const handshake = async (): Promise<number> => {
  const [ours, theirs] = duplexPair();
  const began = process.hrtime.bigint();
  const server = new TLSSocket(theirs, { isServer: true, secureContext, requestCert: true, rejectUnauthorized: false });
  const client = connect({ socket: ours, secureContext, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    client.once('error', reject);
    server.once('error', reject);
    server.once('secure', () => resolve());
  });
  client.destroy();
  server.destroy();
  return Number(process.hrtime.bigint() - began) / 1e6;
};

const pss = async (): Promise<number> => {
  globalThis.gc?.();
  const rollup = await readFile('/proc/self/smaps_rollup', 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]);
};

const spans: number[] = [];
const count = Number(times);
let third = 0;
for (let at = 0; at < count; at += 1) {
  spans.push(await handshake());
  if (at % 50 === 0) globalThis.gc?.();
  if (at === Math.floor(count / 3)) third = await pss();
}
spans.sort((left, right) => left - right);
const at = (share: number): number => Math.round((spans[Math.floor(spans.length * share)] ?? 0) * 100) / 100;
process.stdout.write(`${JSON.stringify({ third, end: await pss(), p50: at(0.5), p99: at(0.99) })}\n`);

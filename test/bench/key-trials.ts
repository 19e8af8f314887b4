/** What the key in the TPM costs, beside a key in a file: signatures, handshakes, and who stands still meanwhile. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { connect } from 'node:tls';
import { httpClient } from '#platform/http/client.ts';
import { identityContext, type TlsIdentity } from '#platform/tls/context.ts';
import { openTpm, type Tpm, TPM_HANDLES } from '#platform/tpm/tpm.ts';
import { startRealSite } from '../rig/site/real.ts';
import { siteOf } from '../rig/site/site.ts';
import { followView } from '../rig/run/view-client.ts';
import { makePki, type Pki } from '../rig/utility/pki.ts';
import { configurationText } from '../support/virtual-gateway.ts';
import { enrol } from '../tpm/enrolled.ts';
import { startGateway } from '../tpm/gateway.ts';
import { COMMAND, startTpm, type TpmMachine } from '../tpm/machine.ts';
import { type Peers, peersOf } from '../tpm/peer.ts';
import { until } from '../tpm/until.ts';

/** What a signature is made to take besides, milliseconds: nothing, a usual TPM of hardware, a slow one. */
export const SIGN_DELAYS_MS = [0, 200, 500] as const;
const SIGNS = 300;
const HANDSHAKES = 200;
/** New connections at each delay. */
const STALLS = 5;
/** Good ticks of controld at each delay, while each poll of northd makes a connection. */
const TICKS = 20;
const LOOP_RESOLUTION_MS = 1;
const AUTH = randomBytes(32);

/** Milliseconds. */
export interface KeyFigures {
  readonly signs: readonly number[];
  readonly full: { readonly file: readonly number[]; readonly tpm: readonly number[] };
  readonly resumed: { readonly file: readonly number[]; readonly tpm: readonly number[] };
  /** Longest stand of the loop that northd's client runs in, by delay. */
  readonly northStalls: readonly number[];
  /** The latest that a tick of controld ran after it was due, by delay, on the running gateway with its simulated site. */
  readonly ticksLate: readonly number[];
}

const since = (from: number): number => performance.now() - from;

/** One connection: its span, and the session it could be resumed with. */
const handshake = async (
  port: number,
  secureContext: ReturnType<typeof identityContext>,
  session?: Buffer,
): Promise<{ readonly span: number; readonly session: Buffer | undefined }> => {
  const began = performance.now();
  // s_server's name is not on trial here.
  const socket = connect({
    port,
    host: '127.0.0.1',
    secureContext,
    checkServerIdentity: () => undefined,
    ...(session === undefined ? {} : { session }),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('secureConnect', resolve);
  });
  const span = since(began);
  if (socket.isSessionReused() !== (session !== undefined)) throw new Error('the server resumed another session than it should');
  const result = { span, session: socket.getSession() };
  socket.destroy();
  return result;
};

const handshakes = async (
  port: number,
  identity: TlsIdentity,
): Promise<{ readonly full: number[]; readonly resumed: number[] }> => {
  const context = identityContext(identity);
  const [full, resumed]: [number[], number[]] = [[], []];
  const first = await handshake(port, context);
  for (let at = 0; at < HANDSHAKES; at += 1) {
    full.push((await handshake(port, context)).span);
    resumed.push((await handshake(port, context, first.session)).span);
  }
  return { full, resumed };
};

const signatures = async (tpm: Tpm): Promise<readonly number[]> => {
  const spans: number[] = [];
  for (let at = 0; at < SIGNS; at += 1) {
    const began = performance.now();
    const signed = await tpm.sign(TPM_HANDLES.a, randomBytes(32));
    if (!signed.ok) throw new Error(signed.fault.text);
    spans.push(since(began));
  }
  return spans;
};

/** The client that northd uses, in this process: each request is a connection that the server does not resume. */
const northStall = async (machine: TpmMachine, peers: Peers, identity: TlsIdentity, delay: number): Promise<number> => {
  await machine.disturb(delay === 0 ? null : { code: COMMAND.sign, delay });
  const port = await peers.start(['-no_ticket', '-no_cache']);
  const client = httpClient(identity, { serverLFDI: null, chainRule: null });
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  for (let at = 0; at < STALLS; at += 1) {
    const reply = await client.request({ method: 'GET', url: `https://127.0.0.1:${port}/`, headers: {}, body: null });
    if (!reply.ok) throw new Error(reply.fault.text);
    // The loop has to come round for its delay to be seen.
    await new Promise((resolve) => setTimeout(resolve, 10 * LOOP_RESOLUTION_MS));
  }
  loop.disable();
  await client.close();
  await machine.disturb(null);
  return loop.max / 1e6;
};

const inThisProcess = async (): Promise<Omit<KeyFigures, 'ticksLate'>> => {
  const machine = await startTpm();
  const pki: Pki = await makePki(join(machine.directory, 'pki'));
  const peers = peersOf(pki);
  try {
    const opened = openTpm(machine.tcti);
    if (!opened.ok) throw new Error(opened.fault.text);
    const inTpm = await enrol(opened.value, AUTH, join(machine.directory, 'pki'));
    const served = opened.value.serveTls();
    if (!served.ok) throw new Error(served.fault);
    const read = async (path: string): Promise<string> => await readFile(path, 'utf8');
    const inFile = { ...inTpm, certificate: await read(pki.device.cert), key: await read(pki.device.key) };
    const port = await peers.start();
    const file = await handshakes(port, inFile);
    const tpm = await handshakes(port, inTpm);
    const signs = await signatures(opened.value);
    const northStalls: number[] = [];
    for (const delay of SIGN_DELAYS_MS) northStalls.push(await northStall(machine, peers, inTpm, delay));
    return { signs, full: { file: file.full, tpm: tpm.full }, resumed: { file: file.resumed, tpm: tpm.resumed }, northStalls };
  } finally {
    await peers.end();
    await machine.end();
  }
};

/** What controld says of its latest tick, from a view that it shows now. */
const lateness = async (runtimeDirectory: string): Promise<number> => {
  const shown = await new Promise<number | undefined>((resolve) => {
    const end = followView(runtimeDirectory, (view) => {
      if (view === null) return;
      end();
      resolve(view.lateMs);
    });
  });
  if (shown === undefined) throw new Error('controld does not say how late its ticks are');
  return shown;
};

/** Both daemons, a simulated site on their line, and a server that forgets every TLS session. */
const onTheGateway = async (): Promise<readonly number[]> => {
  const gateway = await startGateway();
  const settings = siteOf({});
  const site = await startRealSite({ settings, path: gateway.path('line'), onTruth: () => undefined });
  try {
    const unitIds = { inverter: settings.inverter.unitId, meter: settings.meter.unitId };
    const text = configurationText({ commissionedExportW: null, fallbackExportW: 1500, unitIds }, gateway.path('line'));
    const { utilities } = gateway.configuration();
    await gateway.configure({ ...(JSON.parse(text) as object), utilities });
    await gateway.listen();
    gateway.start('controld');
    await until('evidence of controld', () => gateway.evidence() > TICKS);
    gateway.start('northd');
    await until('a walk', () => gateway.walked() > 3, 40);
    const late: number[] = [];
    for (const delay of SIGN_DELAYS_MS) {
      await gateway.machine.disturb(delay === 0 ? null : { code: COMMAND.sign, delay });
      const signed = await gateway.machine.count(COMMAND.sign);
      const from = gateway.evidenceTimes().length;
      while (gateway.evidenceTimes().length < from + TICKS) {
        const walked = gateway.walked();
        await gateway.renewServer();
        await until('a request over a new connection', () => gateway.walked() > walked, 40);
      }
      if ((await gateway.machine.count(COMMAND.sign)) === signed) throw new Error('no signature was asked for');
      late.push(await lateness(gateway.path('run')));
    }
    return late;
  } finally {
    await gateway.tidy();
    await site.stop();
    await gateway.end();
  }
};

/** A text where there is no addon or no swtpm on this machine. */
export const measureKeys = async (): Promise<KeyFigures | string> => {
  try {
    const figures = await inThisProcess();
    return { ...figures, ticksLate: await onTheGateway() };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/**
 * The utility server as a process of its own:
 *   node test/rig/utility/main.ts --dir DIR [--scenario FILE] [--port N] [--layout random|apiV2] [--offset SECONDS] [--pin N] [--seed N] [--in-band] [--request CSR]
 * Makes the certificates in DIR/pki, or the device's for the request in the file CSR (then `key` is null), prints one JSON line {url, pin, startedAt (server time of scenario second 0), lfdi, ...paths}, and writes DIR/requests.jsonl (one exchange a line),
 * DIR/readings.jsonl and DIR/served.json. FILE is JSON: a scenario with a `utility` part, or that part alone.
 */
import { randomInt } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { downAt, timeJumpAt, type ScenarioFault } from './faults.ts';
import { firstDer, lfdiOf, pinOf, sfdiOf } from './identity.ts';
import { issueFor } from './issue.ts';
import { defaultOptions, exampleScenario, type ScenarioUtility } from './options.ts';
import { type IssuedDevice, makePki } from './pki.ts';
import { startUtilityServer, type UtilityServer } from './server.ts';
import { jumpTime } from './commands.ts';
import { createUtility, servedControls, servedDefaults, type UtilityState } from './state.ts';

interface ScenarioFile {
  readonly loop?: boolean;
  readonly durationSeconds?: number;
  readonly utility?: ScenarioUtility;
  readonly faults?: readonly ScenarioFault[];
}

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    dir: { type: 'string' },
    port: { type: 'string' },
    layout: { type: 'string' },
    offset: { type: 'string' },
    pin: { type: 'string' },
    seed: { type: 'string' },
    'in-band': { type: 'boolean' },
    request: { type: 'string' },
  },
});

const readScenario = async (): Promise<{
  utility: ScenarioUtility;
  faults: readonly ScenarioFault[];
  repeatSeconds: number | null;
}> => {
  if (values.scenario === undefined) return { utility: exampleScenario(), faults: [], repeatSeconds: null };
  const parsed = JSON.parse(await readFile(values.scenario, 'utf8')) as ScenarioFile & ScenarioUtility;
  return {
    utility: parsed.utility ?? parsed,
    faults: parsed.faults ?? [],
    repeatSeconds: parsed.loop === true ? (parsed.durationSeconds ?? null) : null,
  };
};

const writeServed = async (path: string, state: UtilityState): Promise<void> => {
  await writeFile(
    `${path}.new`,
    `${JSON.stringify({ controls: servedControls(state), defaults: servedDefaults(state) }, null, 1)}\n`,
  );
  await rename(`${path}.new`, path);
};

/** The certificate of a device that keeps its key to itself. */
const issueDevice = async (pki: string, request: string): Promise<IssuedDevice> => {
  const chain = await issueFor(pki, await readFile(request, 'utf8'));
  const cert = join(pki, 'requested-chain.pem');
  await writeFile(cert, chain);
  const der = firstDer(chain);
  if (der === null) throw new Error('openssl issued no certificate');
  const lfdi = lfdiOf(der);
  return { cert, key: '', lfdi, sfdi: sfdiOf(lfdi) };
};

const SECOND_MS = 1000;
const PIN_LOW = 10_000;
const PIN_HIGH = 100_000;
const MAX_SEED = 2 ** 32;

/** Goes down and comes back as the scenario says; writes what was served each second. */
const follow = (
  server: UtilityServer,
  faults: readonly ScenarioFault[],
  startedAt: number,
  servedPath: string,
): NodeJS.Timeout => {
  let down = false;
  let busy = false;
  const step = async (): Promise<void> => {
    const elapsed = server.now() - startedAt;
    const { repeatSeconds } = server.state.options;
    const since = repeatSeconds === null ? elapsed : elapsed % repeatSeconds;
    jumpTime(server.state, timeJumpAt(faults, since));
    const wanted = downAt(faults, since);
    if (wanted !== down) {
      down = wanted;
      await (wanted ? server.goDown() : server.comeBack());
    }
    await writeServed(servedPath, server.state);
  };
  if (faults.some(({ kind }) => kind === 'server-clock')) server.state.rates.set('tm', server.state.pollRate);
  return setInterval(() => {
    if (busy) return;
    busy = true;
    step()
      .catch((thrown: unknown) => console.error(thrown))
      .finally(() => {
        busy = false;
      });
  }, SECOND_MS);
};

const start = async (): Promise<void> => {
  const directory = values.dir;
  if (directory === undefined) throw new Error('--dir DIR says where certificates and logs go');
  await mkdir(directory, { recursive: true });
  const { utility, faults, repeatSeconds } = await readScenario();
  const pki = await makePki(join(directory, 'pki'));
  const offsetSeconds = Number(values.offset ?? 0);
  const device = values.request === undefined ? pki.device : await issueDevice(join(directory, 'pki'), values.request);
  const startedAt = Date.now() / SECOND_MS + offsetSeconds;
  const pin = values.pin === undefined ? pinOf(randomInt(PIN_LOW, PIN_HIGH)) : Number(values.pin);
  const state = createUtility(
    defaultOptions({
      seed: values.seed === undefined ? randomInt(MAX_SEED) : Number(values.seed),
      startedAt,
      scenario: values.layout === undefined ? utility : { ...utility, layout: values.layout },
      pin,
      repeatSeconds,
      ...(values['in-band'] === true ? { registration: 'in-band' } : { devices: [device] }),
    }),
  );
  const requests = join(directory, 'requests.jsonl');
  const readings = join(directory, 'readings.jsonl');
  const served = join(directory, 'served.json');
  const requestLog = createWriteStream(requests);
  const readingLog = createWriteStream(readings);
  let readingsWritten = 0;
  const server = await startUtilityServer({
    state,
    cert: pki.server.cert,
    key: pki.server.key,
    ca: pki.serca,
    port: Number(values.port ?? 0),
    offsetSeconds,
    onExchange: (exchange) => {
      requestLog.write(`${JSON.stringify(exchange)}\n`);
      for (const reading of state.journal.readings.slice(readingsWritten)) readingLog.write(`${JSON.stringify(reading)}\n`);
      readingsWritten = state.journal.readings.length;
    },
  });
  const timer = follow(server, faults, startedAt, served);
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await server.stop();
    await writeServed(served, state);
    requestLog.end();
    readingLog.end();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop().catch((thrown: unknown) => console.error(thrown));
    });
  }
  const { serca } = pki;
  console.log(
    JSON.stringify({
      url: server.url,
      pin,
      startedAt,
      serca,
      cert: device.cert,
      key: values.request === undefined ? device.key : null,
      lfdi: device.lfdi,
      sfdi: device.sfdi,
      requests,
      readings,
      served,
    }),
  );
};

await start();

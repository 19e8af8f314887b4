import { describe, expect, it } from 'vitest';
import { assert } from '#base/assert.ts';
import { decodeConfiguration } from '#app/config/configuration.ts';
import { CONFIGURATION_FILE } from '#app/config/accept.ts';
import { PREVIOUS_FILE, storeConfiguration } from '#app/config/keep.ts';
import { runCli } from '#app/cli/cli.ts';
import type { CliPorts } from '#app/cli/ports.ts';
import { uncommissioned } from '#app/controld/uncommissioned.ts';
import { RigSite, siteOf } from '../rig/site/site.ts';
import { MemoryFiles } from '../support/memory-files.ts';
import { memoryLink } from '../support/memory-link.ts';
import { VirtualTime } from '../support/virtual-clock.ts';
import { RUNTIME_DIRECTORY } from '../support/virtual-gateway.ts';
import { VirtualLine } from '../support/virtual-line-port.ts';

const PATH = '/dev/serial/by-path/platform-usb-0:1:1.0-port0';

const kept = (files: MemoryFiles, name: string): Uint8Array => files.peek(name) ?? new Uint8Array();

/** A machine without a configuration beside the rig's site, and the installer's tool. */
const machine = async (files = new MemoryFiles()) => {
  const time = new VirtualTime();
  const site = new RigSite(siteOf({}), () => undefined);
  const line = new VirtualLine({ time, site });
  const link = memoryLink();
  time.afterEach(() => link.deliver());
  const clock = time.process();
  const opened: string[] = [];
  let restarts = 0;
  await uncommissioned({
    clock,
    link,
    runtimeDirectory: RUNTIME_DIRECTORY,
    release: 'r1',
    note: () => () => undefined,
    onGoodTick: () => undefined,
    linePort: ({ path, baudRate }) => {
      opened.push(`${path} ${baudRate}`);
      return line.port();
    },
    serialLines: async () => Promise.resolve([PATH]),
    storing: {
      store: async (text) => await storeConfiguration(files, text, () => []),
      restart: () => {
        restarts += 1;
      },
    },
  });
  const tool = async (...args: readonly string[]) => {
    let [out, error] = ['', ''];
    const ports = {
      out: (text: string) => (out += text),
      error: (text: string) => (error += text),
      filesIn: () => files,
      link,
      clock,
      entropy: { bytes: (length: number) => new Uint8Array(length), fraction: () => 0 },
      stop: new AbortController().signal,
    } as unknown as CliPorts;
    const codes: number[] = [];
    const running = runCli(ports, args, { RUNTIME_DIRECTORY }, 'r1').then((ended) => {
      codes.push(ended);
    });
    for (let seconds = 0; seconds < 120 && codes.length === 0; seconds += 1) await time.runUntil(time.now + 1000);
    await running;
    return { code: codes[0], out, error };
  };
  return { files, tool, opened, site, cable: line, restarted: () => restarts };
};

describe('a machine that is not commissioned', () => {
  it('says so, and lists the lines it has', async () => {
    const { tool } = await machine();
    const { code, out } = await tool('status');
    expect(code).toBe(0);
    expect(out).toContain('not commissioned');
    expect(out).toContain(PATH);
  });

  it('scans a line, proposes what it found, stores it and starts anew; nothing is written to a device', async () => {
    const { files, tool, site, restarted } = await machine();
    const { code, out, error } = await tool('scan', PATH, '--store');
    expect({ code, error: error.includes('of 247 unit ids') }).toEqual({ code: 0, error: true });
    expect(out).toContain('stored');
    const stored = decodeConfiguration(kept(files, CONFIGURATION_FILE));
    assert(stored.ok, 'what was stored is a configuration');
    expect(stored.value.lines).toMatchObject([{ name: 'line-1', path: PATH, baudRate: 9600 }]);
    expect(stored.value.devices).toMatchObject([
      { role: 'inverter', unitId: 1, profile: 'sunspec-123' },
      { role: 'meter', unitId: 2, profile: 'sunspec-meter', sign: 1 },
    ]);
    expect(stored.value.devices[0]?.serialNumber).not.toBe(null);
    // Nothing may be exported until somebody says how much.
    expect(stored.value.limits.fallback.exportLimit).toBe(0);
    expect(restarted()).toBe(1);
    expect(site.inverter.writes).toBe(0);
  });

  it('refuses a configuration with its problems, and keeps what there is', async () => {
    const files = new MemoryFiles();
    files.put('new.json', new TextEncoder().encode('{"format":1}'));
    const { tool, restarted } = await machine(files);
    const { code, error } = await tool('config', 'store', '/x/new.json');
    expect(code).toBe(1);
    expect(error).toContain('devices: expected');
    expect(files.paths()).toEqual(['new.json']);
    expect(restarted()).toBe(0);
  });

  it('keeps the configuration before beside the new one', async () => {
    const { files, tool } = await machine();
    await tool('scan', PATH, '--store');
    const first = kept(files, CONFIGURATION_FILE);
    files.put('new.json', new TextEncoder().encode(new TextDecoder().decode(first).replace('"exportW": 0', '"exportW": 1500')));
    expect((await tool('config', 'store', '/x/new.json')).code).toBe(0);
    expect(kept(files, PREVIOUS_FILE)).toEqual(first);
    expect(new TextDecoder().decode(kept(files, CONFIGURATION_FILE))).toContain('1500');
  });

  it('ends a scan of a line that does not open', async () => {
    const { tool, cable } = await machine();
    cable.attach(false);
    const { code, error } = await tool('scan', PATH);
    expect({ code, error: error.includes('does not open') }).toEqual({ code: 1, error: true });
  });

  it('opens nothing but devices of this machine, with the settings asked for', async () => {
    const { tool, opened } = await machine();
    expect((await tool('scan', '/etc/passwd')).code).toBe(1);
    expect((await tool('scan', '/dev/../etc/passwd')).code).toBe(1);
    expect((await tool('scan', PATH, '--baud', '50')).code).toBe(64);
    await tool('scan', PATH, '--baud', '19200', '--parity', 'even');
    expect(opened).toEqual([`${PATH} 19200`]);
  });
});

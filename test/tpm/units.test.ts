import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const UNITS = new URL('../../image/units/', import.meta.url);
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gw-units-'));
});
afterAll(async () => await rm(directory, { recursive: true }));

/** The unit with the Node of this machine, which the image has at /usr/bin. */
const unitHere = async (name: string): Promise<{ readonly path: string; readonly text: string }> => {
  const text = await readFile(new URL(name, UNITS), 'utf8');
  const path = join(directory, name);
  await writeFile(path, text.replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`));
  return { path, text };
};

test.each(['gridward-controld.service', 'gridward-northd.service'])('systemd takes %s', async (name) => {
  const { path, text } = await unitHere(name);
  const { stdout, stderr } = await run('systemd-analyze', ['verify', path]);
  expect(`${stdout}${stderr}`).toBe('');
  expect(text).toMatch(/^Type=notify$/m);
  expect(text).toMatch(/^WatchdogSec=\d+s$/m);
  // The datagram comes from the process itself.
  expect(text).toMatch(/^NotifyAccess=main$/m);
});

test.each(['gridward-controld.service', 'gridward-northd.service'])('%s exposes little', async (name) => {
  const { path } = await unitHere(name);
  const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', path]);
  const exposure = Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
  expect(exposure).toBeLessThan(3);
});

test('control reaches the network of the site alone and no TPM, north no serial line', async () => {
  const control = (await unitHere('gridward-controld.service')).text;
  const north = (await unitHere('gridward-northd.service')).text;
  expect(control).toMatch(/^IPAddressDeny=any$/m);
  // RFC 1918 and 4193, and what is not routed at all.
  expect(/^IPAddressAllow=(.*)$/m.exec(control)?.[1]?.split(' ')).toEqual([
    ...['localhost', 'link-local', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
  ]);
  expect(control).toMatch(/^SocketBindDeny=any$/m);
  expect(control).not.toContain('tpm');
  expect(north).not.toContain('tty');
});

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { assert } from '#base/assert.ts';
import type { LinkStream, Listener } from '#link/port.ts';
import { LineSplitter } from '#platform/sockets/line-splitter.ts';
import { unixSockets } from '#platform/sockets/unix-sockets.ts';

let directory = '';
let path = '';
let listeners: Listener[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gridward-link-'));
  path = join(directory, 'control.sock');
  listeners = [];
});
afterEach(async () => {
  for (const listener of listeners) listener.close();
  await rm(directory, { recursive: true });
});

const serve = async () => {
  const streams: LinkStream[] = [];
  const events: string[] = [];
  const served = await unixSockets.listen(path, 0o600, (stream) => {
    streams.push(stream);
    return { onLine: (line) => events.push(line), onClosed: (why) => events.push(`closed: ${why}`) };
  });
  assert(served.ok, 'it listens');
  listeners.push(served.value);
  return { streams, events };
};

const eventually = async (check: () => void): Promise<void> => await vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe('unix sockets', () => {
  it('carry lines both ways, on a socket of the mode asked for', async () => {
    const { streams, events } = await serve();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const got: string[] = [];
    unixSockets.dial(path, (stream) => stream.send('hello ☀'), {
      onLine: (line) => got.push(line),
      onClosed: () => got.push('closed'),
    });
    await eventually(() => expect(events).toEqual(['hello ☀']));
    streams[0]?.send('x'.repeat(500_000));
    await eventually(() => expect(got.map((line) => line.length)).toEqual([500_000]));
    streams[0]?.close();
    await eventually(() => expect(got.at(-1)).toBe('closed'));
    expect(events.at(-1)).toBe('closed: closed here');
    expect(streams[0]?.send('late')).toBe(false);
  });

  it('remove what a killed process left, and leave a living one alone', async () => {
    await writeFile(path, '');
    await serve();
    const second = await unixSockets.listen(path, 0o600, () => ({ onLine: () => undefined, onClosed: () => undefined }));
    expect(second).toMatchObject({ ok: false, fault: { kind: 'listen-failed', path } });
  });

  it('drop a peer that does not read', async () => {
    const { streams, events } = await serve();
    const deaf = connect(path);
    deaf.pause();
    await eventually(() => expect(streams).toHaveLength(1));
    let sent = 0;
    while (streams[0]?.send('y'.repeat(100_000)) === true) sent += 1;
    expect(sent).toBeLessThan(100);
    await eventually(() => expect(events).toEqual(['closed: the peer reads too slowly']));
    deaf.destroy();
  });

  it('drop a peer whose line has no end', async () => {
    const { events } = await serve();
    const endless = connect(path);
    endless.on('error', () => undefined);
    endless.write('z'.repeat(1024 * 1024 + 1));
    await eventually(() => expect(events).toEqual(['closed: a line over 1048576 bytes']));
    endless.destroy();
  });

  it('say that nobody listens', async () => {
    const why: string[] = [];
    unixSockets.dial(path, () => why.push('open'), { onLine: () => undefined, onClosed: (reason) => why.push(reason) });
    await eventually(() => expect(why).toHaveLength(1));
    expect(why[0]).toContain('ENOENT');
  });

  it('refuse a path that does not fit, and one in no directory', async () => {
    const refuse = async (at: string) =>
      await unixSockets.listen(at, 0o600, () => ({ onLine: () => undefined, onClosed: () => undefined }));
    expect(await refuse(`/${'d'.repeat(120)}`)).toMatchObject({ ok: false });
    expect(await refuse(join(directory, 'none', 'x.sock'))).toMatchObject({ ok: false });
  });

  it('hear the end of a peer that closes after its last line', async () => {
    const got: string[] = [];
    const server = createServer((socket) => socket.end('last\npart'));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    unixSockets.dial(path, () => undefined, { onLine: (line) => got.push(line), onClosed: (why) => got.push(why) });
    await eventually(() => expect(got).toEqual(['last', 'the peer hung up']));
    server.close();
  });
});

describe('the line splitter', () => {
  it('gives the same lines however the bytes are cut, a multi-byte character included', () => {
    const bytes = new TextEncoder().encode('a\n\n☀b\nrest');
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const splitter = new LineSplitter(10);
      expect([...splitter.push(bytes.subarray(0, cut)), ...splitter.push(bytes.subarray(cut))]).toEqual(['a', '', '☀b']);
    }
  });

  it('takes a line of exactly its bound and none longer', () => {
    const splitter = new LineSplitter(4);
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    expect(splitter.push(text('1234\n'))).toEqual(['1234']);
    expect(splitter.push(text('12345\nx\n'))).toEqual([]);
    expect(splitter.overflowed).toBe(true);
    expect(splitter.push(text('1\n'))).toEqual([]);
  });
});

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { httpClient, HTTP_LIMITS } from '#platform/http/client.ts';
import { BODY_BYTES_MAX, type HttpClient, type HttpMethod } from '#utility/walk/http-port.ts';
import { makePki, type Pki } from '../../rig/utility/pki.ts';

let directory = '';
let pki: Pki;
let server: Server | null = null;
let client: HttpClient | null = null;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gw-http-'));
  pki = await makePki(directory);
});
afterAll(async () => await rm(directory, { recursive: true }));
afterEach(async () => {
  await client?.close();
  server?.closeAllConnections();
  server?.close();
});

const start = async (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
  server = createServer(
    {
      cert: await readFile(pki.server.cert),
      key: await readFile(pki.server.key),
      ca: await readFile(pki.serca),
      requestCert: true,
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0',
    },
    answer,
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const identity = {
    certificate: await readFile(pki.device.cert, 'utf8'),
    key: await readFile(pki.device.key, 'utf8'),
    trust: await readFile(pki.serca, 'utf8'),
  };
  client = httpClient(identity, { serverLFDI: null, chainRule: null }, { ...HTTP_LIMITS, headers: 300, pause: 300, total: 3000 });
  const address = server.address();
  return `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
};

const ask = async (url: string, method: HttpMethod = 'GET'): Promise<string> => {
  const reply = await client?.request({ method, url, headers: {}, body: method === 'GET' ? null : '<a/>' });
  if (reply === undefined) return 'no client';
  return reply.ok
    ? `HTTP ${reply.value.status} ${reply.value.body.length} ${new URL(reply.value.url).pathname}`
    : reply.fault.kind;
};

test('a body over the limit, plain or unfolding, is oversized', async () => {
  const url = await start((request, response) => {
    const zeros = Buffer.alloc(BODY_BYTES_MAX + 1);
    if (request.url === '/plain') response.end(zeros);
    else response.setHeader('content-encoding', 'gzip').end(gzipSync(request.url === '/small' ? 'hello' : zeros));
  });
  expect(await ask(`${url}/plain`)).toBe('oversized');
  expect(await ask(`${url}/bomb`)).toBe('oversized');
  expect(await ask(`${url}/small`)).toBe('HTTP 200 5 /small');
});

test('a damaged or unknown content coding is named', async () => {
  const url = await start((request, response) =>
    response.setHeader('content-encoding', request.url === '/br' ? 'br' : 'gzip').end('nonsense'),
  );
  expect(await ask(`${url}/gzip`)).toBe('encoding');
  expect(await ask(`${url}/br`)).toBe('encoding');
});

test('GETs follow a few redirects over https; nothing else does', async () => {
  const url = await start((request, response) => {
    const to = { '/a': '/b', '/b': '/c', '/loop': '/loop', '/plain': 'http://127.0.0.1/' }[request.url ?? ''];
    if (to === undefined) response.end('ok');
    else response.writeHead(301, { location: to }).end();
  });
  expect(await ask(`${url}/a`)).toBe('HTTP 200 2 /c');
  expect(await ask(`${url}/loop`)).toBe('redirect');
  expect(await ask(`${url}/plain`)).toBe('redirect');
  expect(await ask(`${url}/a`, 'PUT')).toBe('redirect');
});

test('a connection that the server cut meanwhile is opened again for a GET, never for a POST', async () => {
  let seen = 0;
  const url = await start((request, response) => {
    seen += 1;
    if (seen % 2 === 0) request.socket.destroy();
    else response.end('ok');
  });
  expect(await ask(url)).toBe('HTTP 200 2 /');
  expect(await ask(url)).toBe('HTTP 200 2 /');
  expect(seen).toBe(3);
  expect(await ask(url, 'POST')).toBe('reset');
  expect(seen).toBe(4);
});

test('silence is a timeout, a close ends what is in flight', async () => {
  const url = await start((request, response) => {
    if (request.url === '/half') response.write('half');
  });
  expect(await ask(url)).toBe('timeout');
  expect(await ask(`${url}/half`)).toBe('timeout');
  const pending = ask(url);
  await client?.close();
  expect(await pending).toBe('closed');
});

test('a body that comes byte by byte ends with the whole exchange', async () => {
  const url = await start((_request, response) => {
    let left = 60;
    const timer = setInterval(() => {
      left -= 1;
      if (left > 0) response.write('x');
      else response.end();
    }, 100);
    response.once('close', () => clearInterval(timer));
  });
  expect(await ask(url)).toBe('timeout');
});

test('sessions are resumed', async () => {
  const reused: boolean[] = [];
  const url = await start((request, response) => {
    reused.push(request.socket instanceof TLSSocket && request.socket.isSessionReused());
    response.setHeader('connection', 'close').end('ok');
  });
  for (let i = 0; i < 3; i += 1) await ask(url);
  expect(reused).toEqual([false, true, true]);
});

test('Retry-After in both forms', async () => {
  const url = await start((request, response) => {
    const value = request.url === '/date' ? 'Wed, 21 Oct 2026 07:28:30 GMT' : '120';
    response.writeHead(503, { 'retry-after': value, date: 'Wed, 21 Oct 2026 07:28:00 GMT' }).end();
  });
  const after = async (path: string) => {
    const reply = await client?.request({ method: 'GET', url: `${url}${path}`, headers: {}, body: null });
    return reply?.ok === true ? reply.value.retryAfter : undefined;
  };
  expect(await after('/seconds')).toBe(120);
  expect(await after('/date')).toBe(30);
});

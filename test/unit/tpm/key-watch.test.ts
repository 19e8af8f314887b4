import { expect, test } from 'vitest';
import { fail, ok } from '#base/result.ts';
import { watchKey } from '#app/northd/key-watch.ts';
import type { HttpClient } from '#utility/walk/http-port.ts';

type Reply = Awaited<ReturnType<HttpClient['request']>>;

const ANSWER: Reply = ok({
  status: 200,
  url: 'https://dnsp.example/dcap',
  type: null,
  location: null,
  retryAfter: null,
  body: new Uint8Array(),
});
const silent = (text: string): Reply => fail({ kind: 'tls-key', text });

const played = async (
  replies: readonly { readonly reply: Reply; readonly signed?: number }[],
): Promise<readonly (readonly [string, string | null])[]> => {
  const raised: [string, string | null][] = [];
  let [count, last] = [0, 0];
  const waiting = [...replies];
  const http: HttpClient = {
    request: async () => {
      const next = waiting.shift();
      if (next?.signed !== undefined) [count, last] = [count + 1, next.signed];
      return await Promise.resolve(next?.reply ?? ANSWER);
    },
    close: async () => await Promise.resolve(),
  };
  const watched = watchKey(http, { count: () => count, lastMs: () => last }, (event, text) => raised.push([event, text]));
  for (let at = 0; at < replies.length; at += 1)
    await watched.request({ method: 'GET', url: 'https://dnsp.example/dcap', headers: {}, body: null });
  return raised;
};

test('a key that does not sign is one alarm for each kind of fault, over with the next answer', async () => {
  const raised = await played([
    { reply: silent('TPM_HUNG: the TPM did not answer within 4000 ms') },
    { reply: silent('TPM_HUNG: the TPM still owes an answer to an earlier command') },
    { reply: silent('TPM_ABSENT: no TPM') },
    { reply: fail({ kind: 'refused', text: 'nobody listens' }) },
    { reply: ANSWER },
    { reply: ANSWER },
  ]);
  expect(raised.map(([event, text]) => [event, text === null ? null : /TPM_[A-Z]+/.exec(text)?.[0]])).toEqual([
    ['tpm', 'TPM_HUNG'],
    ['tpm', 'TPM_ABSENT'],
    ['tpm', null],
  ]);
});

test('a slow signature is an alarm until one is not; what was resumed says nothing', async () => {
  const raised = await played([{ reply: ANSWER, signed: 501 }, { reply: ANSWER }, { reply: ANSWER, signed: 80 }]);
  expect(raised.filter(([event]) => event === 'tpm-slow')).toEqual([
    ['tpm-slow', 'the TPM signs slowly (501 ms): each new connection waits for it'],
    ['tpm-slow', null],
  ]);
});

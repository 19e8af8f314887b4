import { describe, expect, it } from 'vitest';
import { ok } from '#base/result.ts';
import type { HttpReply } from '#utility/walk/http-port.ts';
import { outcomeOf } from '#utility/walk/outcome.ts';

const reply = (status: number, text: string, type: string | null = 'application/sep+xml'): HttpReply => ({
  status,
  type,
  body: new TextEncoder().encode(text),
  retryAfter: null,
  location: null,
  url: 'https://utility.test/dcap',
});

describe('a reply without a body', () => {
  it('is an empty resource where the server says so with 204', () => {
    expect(outcomeOf(ok(reply(204, '')), 'GET').kind).toBe('empty');
  });

  it('says nothing of a resource that should have one: it was lost on its way', () => {
    expect(outcomeOf(ok(reply(200, '')), 'GET').kind).toBe('refused');
    expect(outcomeOf(ok(reply(200, '<x/>')), 'GET').kind).toBe('body');
  });

  it('is the rule after a POST', () => {
    expect(outcomeOf(ok(reply(201, '')), 'POST').kind).toBe('empty');
  });
});

describe('the media type of a resource', () => {
  it.each([
    'application/sep+xml',
    'application/sep+xml; level=-S1',
    'Application/SEP+XML;csipaus=1.3',
    'application/xml; charset=utf-8',
    'text/xml',
    '',
    null,
  ])('may be %s', (type) => {
    expect(outcomeOf(ok(reply(200, '<x/>', type)), 'GET').kind).toBe('body');
  });

  it.each(['text/html; charset=utf-8', 'application/json', 'application/sep-exi', 'text/plain', 'application/sep+xmlish'])(
    'is never %s, whatever the body: the answer is refused and says why',
    (type) => {
      expect(outcomeOf(ok(reply(200, '<x/>', type)), 'GET')).toEqual({ kind: 'refused', text: `HTTP 200 of type ${type}` });
      expect(outcomeOf(ok(reply(204, '', type)), 'GET').kind).toBe('empty');
    },
  );
});

import { describe, expect, it } from 'vitest';
import { ok } from '#base/result.ts';
import type { HttpReply } from '#utility/walk/http-port.ts';
import { outcomeOf } from '#utility/walk/outcome.ts';

const reply = (status: number, text: string): HttpReply => ({
  status,
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

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '#link/codec.ts';
import { decodeControlMessage, decodeNorthMessage, decodeViewMessage, decodeViewRequest } from '#link/schema.ts';

const decoders = [decodeNorthMessage, decodeControlMessage, decodeViewRequest, decodeViewMessage];
const time = fc.integer({ min: 0, max: 4_000_000_000 });
const power = fc.integer({ min: 0, max: 1_000_000 });

const event = fc.record({
  mRID: fc.string({ minLength: 1, maxLength: 32 }),
  creationTime: time,
  start: time,
  duration: fc.nat(86_400),
  randomizeStart: fc.option(fc.integer({ min: -3600, max: 3600 })),
  randomizeDuration: fc.option(fc.integer({ min: -3600, max: 3600 })),
  status: fc.constantFrom('scheduled', 'active', 'cancelled', 'cancelled-with-randomization', 'superseded'),
  statusAt: time,
  potentiallySuperseded: fc.boolean(),
  responseRequired: fc.nat(3),
  replyTo: fc.option(fc.webPath()),
  modes: fc.record({ opModExpLimW: power, opModConnect: fc.boolean() }, { requiredKeys: [] }),
  rampTms: fc.option(fc.nat(10_000)),
});
const programSet = fc.record({
  type: fc.constant('program-set'),
  planId: fc.string({ minLength: 1, maxLength: 64 }),
  set: fc.record({
    server: fc.constant('utility'),
    programs: fc.array(
      fc.record({
        id: fc.string({ maxLength: 64 }),
        primacy: fc.nat(255),
        read: fc.constantFrom('read', 'unread'),
        defaultControl: fc.option(
          fc.record({ mRID: fc.constant(null), modes: fc.constant({}), setGradW: fc.option(fc.nat(1000)) }),
        ),
        events: fc.array(event, { maxLength: 4 }),
      }),
      { maxLength: 4 },
    ),
    policy: fc.record({ vanished: fc.constantFrom('keep', 'cancel'), noDefault: fc.constantFrom('fallback', 'siteCap') }),
  }),
});

describe('the messages of the link', () => {
  it('throw on no line whatever', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify({ type: 'program-set', set: value })),
        ),
        (line) => {
          for (const decode of decoders) decode(line);
        },
      ),
    );
  });

  it('come back as they were sent', () => {
    fc.assert(
      fc.property(programSet, (message) => {
        const line = encodeMessage(message);
        expect(line.ok && decodeNorthMessage(line.value)).toEqual({
          ok: true,
          value: JSON.parse(JSON.stringify(message)) as unknown,
        });
      }),
    );
  });

  it('are refused over their bounds', () => {
    const setWith = (programs: unknown): string =>
      JSON.stringify({
        type: 'program-set',
        planId: 'p',
        set: { server: 's', programs, policy: { vanished: 'keep', noDefault: 'fallback' } },
      });
    const programOf = (events: number): unknown => ({
      id: 'a',
      primacy: 1,
      read: 'read',
      defaultControl: null,
      events: fc.sample(event, { numRuns: events, seed: 1 }),
    });
    expect(decodeNorthMessage(setWith(Array.from({ length: 32 }, () => programOf(1)))).ok).toBe(true);
    expect(decodeNorthMessage(setWith(Array.from({ length: 33 }, () => programOf(0)))).ok).toBe(false);
    expect(decodeNorthMessage(setWith([programOf(600), programOf(400)])).ok).toBe(true);
    expect(decodeNorthMessage(setWith([programOf(600), programOf(401)])).ok).toBe(false);
    expect(decodeNorthMessage(`"${'x'.repeat(1024 * 1024)}"`)).toMatchObject({ ok: false, fault: { kind: 'too-long' } });
    expect(encodeMessage({ type: 'x'.repeat(1024 * 1024) })).toMatchObject({ ok: false, fault: { kind: 'too-long' } });
  });
});

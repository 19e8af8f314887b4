import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fail, ok, type Result } from '#base/result.ts';
import { monoMs } from '#base/units.ts';
import { decodeProfile } from '#utility/translate/profile.ts';
import { translate } from '#utility/translate/translate.ts';
import type { HttpFault, HttpReply } from '#utility/walk/http-port.ts';
import { WalkMachine } from '#utility/walk/machine.ts';
import csipAus from '../../../config/utility/csip-aus-v1.2.json' with { type: 'json' };
import { SETTINGS, site } from '../../unit/walk/scripted-server.ts';

const bodies = Object.values(site()).filter((body) => typeof body === 'string');

/** Right answers, answers of other resources, statuses, faults, noise. */
const answer = fc.oneof(
  { weight: 6, arbitrary: fc.constant('right' as const) },
  { weight: 2, arbitrary: fc.constantFrom(...bodies) },
  { weight: 2, arbitrary: fc.constantFrom(200, 201, 204, 301, 400, 403, 404, 405, 429, 500, 503) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<HttpFault['kind']>('timeout', 'reset', 'tls-expired', 'oversized')
      .map((kind): HttpFault => ({ kind, text: '' })),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
);

const replyOf = (url: string, given: string | number | HttpFault | Uint8Array): Result<HttpReply, HttpFault> => {
  const reply = (status: number, body: Uint8Array) =>
    ok({ status, url, type: null, location: null, retryAfter: status === 503 ? 7 : null, body });
  const value = given === 'right' ? (site()[new URL(url).pathname] ?? 404) : given;
  if (value instanceof Uint8Array) return reply(200, value);
  if (typeof value === 'object') return fail(value);
  return typeof value === 'number' ? reply(value, new Uint8Array()) : reply(200, new TextEncoder().encode(value));
};

test('whatever the answers, the walk never throws, asks one thing at a time and not for ever', () => {
  const profile = decodeProfile(csipAus);
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 60 }), fc.boolean(), (answers, inBandRegistration) => {
      const machine = new WalkMachine({ ...SETTINGS, inBandRegistration }, monoMs(0));
      let now = 0;
      let asked = 0;
      while (now < 1_200_000 && !machine.stopped) {
        const request = machine.next(monoMs(now));
        if (request === null) {
          const wake = machine.wakeAt(monoMs(now));
          expect(wake).toBeGreaterThan(now);
          now = wake;
          continue;
        }
        expect(machine.next(monoMs(now))).toBeNull();
        expect(request.url.startsWith('https://')).toBe(true);
        const events = machine.onReply(monoMs(now + 50), replyOf(request.url, answers[asked % answers.length] ?? 'right'));
        now += 50;
        asked += 1;
        for (const event of events) {
          if (event.kind !== 'tree' || !profile.ok) continue;
          const { set } = translate(event.tree, 'u', profile.value);
          expect(set.programs.length).toBeLessThanOrEqual(32);
        }
      }
      // 20 minutes at rates of a minute and more: a dozen resources, each a few times a turn.
      expect(asked).toBeLessThan(2000);
    }),
    { numRuns: 150 },
  );
});

import type { Mutant } from './mutant.ts';

const HTTP = ['test/protocol/north/http.test.ts'];
const WALK = ['test/unit/walk/walk.test.ts'];
const RATES = ['test/unit/walk/rates.test.ts'];
const REPORT = ['test/unit/report/machine.test.ts'];
const CHAIN = ['test/unit/identity/chain.test.ts', 'test/protocol/north/chain.test.ts'];

/** Breaks of what holds against a bad or hostile server, and of the rules of the walk, the queues, the mirrors and the chain. */
export const NORTHBOUND_MUTANTS: readonly Mutant[] = [
  {
    name: 'a compressed body unfolds without a bound',
    file: 'firmware/platform/http/coding.ts',
    search: 'gunzipSync(body, { maxOutputLength: max })',
    replace: 'gunzipSync(body)',
    tests: HTTP,
  },
  {
    name: 'a body has no bound',
    file: 'firmware/platform/http/client.ts',
    search: 'maxResponseSize: BODY_BYTES_MAX,',
    replace: '',
    tests: HTTP,
  },
  {
    name: 'an exchange lasts as long as the server likes',
    file: 'firmware/platform/http/client.ts',
    search: 'AbortSignal.any([AbortSignal.timeout(limits.total), closing.signal])',
    replace: 'closing.signal',
    tests: HTTP,
  },
  {
    name: 'redirects are followed for ever',
    file: 'firmware/platform/http/client.ts',
    search: 'hop <= REDIRECTS_MAX',
    replace: 'hop >= 0',
    tests: HTTP,
  },
  {
    name: 'a moved PUT or POST is followed',
    file: 'firmware/platform/http/redirect.ts',
    search: "if (request.method !== 'GET') return fail(",
    replace: "if (request.method === 'DELETE') return fail(",
    tests: HTTP,
  },
  {
    name: 'a POST goes out again on a connection that was cut',
    file: 'firmware/platform/http/client.ts',
    search: "used.has(origin) && request.method === 'GET'",
    replace: 'used.has(origin)',
    tests: HTTP,
  },
  {
    name: 'sessions are never resumed',
    file: 'firmware/platform/http/client.ts',
    search: '...(session === undefined ? {} : { session }),',
    replace: '',
    tests: HTTP,
  },
  {
    name: 'the date of a Retry-After counts from our own clock',
    file: 'firmware/platform/http/retry-after.ts',
    search: "const from = Date.parse(date ?? '');",
    replace: 'const from = Date.now();',
    tests: HTTP,
  },
  {
    name: 'an href may lead to any server',
    file: 'firmware/utility/walk/href.ts',
    search: 'if (url.origin !== new URL(base).origin &&',
    replace: "if (url.origin === '' &&",
    tests: WALK,
  },
  {
    name: 'the wait after a failure does not grow',
    file: 'firmware/utility/walk/back-off.ts',
    search: 'FIRST_MAX * 2 ** Math.min(failures - 1, 16)',
    replace: 'FIRST_MAX',
    tests: RATES,
  },
  {
    name: 'a Retry-After is not heeded',
    file: 'firmware/utility/walk/back-off.ts',
    search: 'Math.max(wait, Math.min(retryAfter ?? 0, RETRY_AFTER_MAX))',
    replace: 'Math.max(wait, 0)',
    tests: RATES,
  },
  {
    name: 'what failed alone is read again after an outage, nothing else',
    file: 'firmware/utility/walk/machine.ts',
    search: "    this.#tasks.allDue(now, 'dcap');\n    events.push(noteOf('utility-up'",
    replace: "    events.push(noteOf('utility-up'",
    tests: WALK,
  },
  {
    name: 'a list is its first page',
    file: 'firmware/utility/walk/machine.ts',
    search: 'const done = itemsOn(page) === 0 ||',
    replace: 'const done = pages.length > 0 ||',
    tests: WALK,
  },
  {
    name: 'the next page begins where the page asked for would end',
    file: 'firmware/utility/walk/machine.ts',
    search: 'const start = pages.reduce((sum, page) => sum + itemsOn(page), 0);\n    return',
    replace: 'const start = pages.length * this.#settings.pageLimit;\n    return',
    tests: WALK,
  },
  {
    name: 'one look at a missing default takes it away',
    file: 'firmware/utility/walk/catalogue.ts',
    search: 'const FORGET_DEFAULT_AFTER = 2;',
    replace: 'const FORGET_DEFAULT_AFTER = 1;',
    tests: WALK,
  },
  {
    name: 'a program of which something could not be read passes for read',
    file: 'firmware/utility/walk/catalogue.ts',
    search: 'read: listFresh && known?.fresh === true && events?.fresh === true,',
    replace: 'read: listFresh,',
    tests: WALK,
  },
  {
    name: 'an EndDevice that is gone is never registered again',
    file: 'firmware/utility/walk/knowledge.ts',
    search: 'if (this.#settings.inBandRegistration && this.#looks === null) {',
    replace: 'if (this.#settings.inBandRegistration && this.#looks === null && this.catalogue.derRate < 0) {',
    tests: WALK,
  },
  {
    name: 'the second Response of an event overtakes the first',
    file: 'firmware/utility/report/queue.ts',
    search: 'const first = !seen.has(item.subject);',
    replace: 'const first = true || !seen.has(item.subject);',
    tests: REPORT,
  },
  {
    name: 'what a server asked us to wait is not waited in the queue',
    file: 'firmware/utility/report/queue.ts',
    search: 'const notBefore = (now + waitAfter(settled.attempts, outcome.after)) as MonoMs;',
    replace: 'const notBefore = (now + waitAfter(settled.attempts, null)) as MonoMs;',
    tests: REPORT,
  },
  {
    name: 'a mirror that left the list is believed to be there',
    file: 'firmware/utility/report/mirror.ts',
    search: "if (state.kind !== 'created') return { kind: 'absent', recreated, stale: null };",
    replace:
      "if (state.kind === 'ready') return state;\n  if (state.kind !== 'created') return { kind: 'absent', recreated, stale: null };",
    tests: REPORT,
  },
  {
    name: 'a mirror whose readings are refused is made again for ever',
    file: 'firmware/utility/report/mirror.ts',
    search: "return state.kind === 'ready' && !state.recreated ?",
    replace: "return state.kind === 'ready' ?",
    tests: REPORT,
  },
  {
    name: 'a CA with name constraints is taken',
    file: 'firmware/utility/identity/chain.ts',
    search: "if (id === EXTENSION.nameConstraints) return 'has name constraints, which are not supported';",
    replace: '',
    tests: CHAIN,
  },
  {
    name: 'a path of any length is taken',
    file: 'firmware/utility/identity/chain.ts',
    search: 'const CHAIN_MAX = 4;',
    replace: 'const CHAIN_MAX = 40;',
    tests: CHAIN,
  },
  {
    name: 'a server certificate that signed itself is taken',
    file: 'firmware/utility/identity/chain.ts',
    search: "length === 1 || sameBytes(subject, issuer) ? 'signed itself' : null;",
    replace: "length === 0 && sameBytes(subject, issuer) ? 'signed itself' : null;",
    tests: CHAIN,
  },
  {
    name: 'a DOCTYPE is passed over',
    file: 'firmware/utility/wire/survey.ts',
    search: "if (text.startsWith('<!', at)) return { kind: 'declaration' };",
    replace: "if (text.startsWith('<!', at)) return ended('other', text.indexOf('>', at), 0);",
    tests: ['test/property/wire/fuzz.test.ts'],
  },
  {
    name: 'an older version of CSIP-AUS is chosen although the server speaks the newer',
    file: 'firmware/utility/walk/well-known.ts',
    search: "const VERSIONS: readonly CsipAusVersion[] = ['1.3', '1.2'];",
    replace: "const VERSIONS: readonly CsipAusVersion[] = ['1.2', '1.3'];",
    tests: ['test/unit/walk/well-known.test.ts'],
  },
];

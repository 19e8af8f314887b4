import type { Mutant } from './mutant.ts';

const LOCKOUT = ['test/unit/local/lockout.test.ts'];
const SCHEDULE = ['test/unit/local/schedule.test.ts'];
const VERDICT = ['test/unit/commission/meter-verdict.test.ts'];
const CHECK_LIMITS = ['test/sim/meter-check-limits.test.ts'];
const FIRST = ['test/sim/uncommissioned.test.ts'];
const INPUTS = ['test/unit/local/inputs.test.ts'];
const CONTACTS = ['test/unit/local/contacts.test.ts'];
const SUBSCRIBER = ['test/unit/broker/subscriber.test.ts'];
const PAYLOAD = ['test/unit/broker/limit-payload.test.ts'];
const LOCAL = ['test/sim/local.test.ts'];

/** Breaks of the site's own rules. */
export const LOCAL_MUTANTS: readonly Mutant[] = [
  {
    name: 'a schedule binds nothing while the time is unknown',
    file: 'firmware/control/local/schedule.ts',
    search: 'civil === null ||',
    replace: 'civil !== null &&',
    tests: SCHEDULE,
  },
  {
    name: 'the loosest entry of a schedule binds',
    file: 'firmware/control/local/schedule.ts',
    search: 'watts(Math.min(...set))',
    replace: 'watts(Math.max(...set))',
    tests: SCHEDULE,
  },
  {
    name: 'an excursion ends when the meter goes silent',
    file: 'firmware/control/local/lockout.ts',
    search: 'isOver ?? state.since !== null;',
    replace: 'isOver ?? false;',
    tests: LOCKOUT,
  },
  {
    name: 'a domestic lock-out lifts itself',
    file: 'firmware/control/local/lockout.ts',
    search: "const over = kind === 'non-domestic' && now",
    replace: 'const over = now',
    tests: LOCKOUT,
  },
  {
    name: 'a restart forgets the lock-out',
    file: 'firmware/app/controld/loop.ts',
    search: 'a.lockedAt !== b.lockedAt || a.excursions !== b.excursions || a.lockouts !== b.lockouts;',
    replace: 'false;',
    tests: LOCAL,
  },
  {
    name: 'a local limit never tightens a utility limit',
    file: 'firmware/control/local/local.ts',
    search: '(best === undefined || value < best.value)',
    replace: 'best === undefined',
    tests: LOCAL,
  },
  {
    name: 'the check of the meter takes a turned sign for the right one',
    file: 'firmware/commission/meter-verdict.ts',
    search: "if (within(-ratio, ANSWERS)) return 'reversed';",
    replace: "if (within(-ratio, ANSWERS)) return 'follows';",
    tests: VERDICT,
  },
  {
    name: 'the check of the meter overlooks a turned current transformer',
    file: 'firmware/commission/meter-verdict.ts',
    search: 'turned: negative.length === PHASES.length ? [] : negative',
    replace: 'turned: []',
    tests: VERDICT,
  },
  {
    name: 'the check of the meter gives more than the limiter allows',
    file: 'firmware/control/tick/asking.ts',
    search: 'watts(Math.min(given, most));',
    replace: 'most;',
    tests: CHECK_LIMITS,
  },
  {
    name: 'the check of the meter goes on while the site is blind',
    file: 'firmware/commission/meter-check.ts',
    search: 'if (blind !== null) return',
    replace: 'if (blind === undefined) return',
    tests: CHECK_LIMITS,
  },
  {
    name: 'an inverter stays lowered when the installer leaves',
    file: 'firmware/app/controld/check-link.ts',
    search: 'if (this.#running?.peer !== peer) return;',
    replace: 'if (peer !== null) return;',
    tests: CHECK_LIMITS,
  },
  {
    name: 'a configuration with problems is stored',
    file: 'firmware/app/config/keep.ts',
    search: 'if (!decoded.ok) return fail(decoded.fault.map(problemText));',
    replace: 'if (!decoded.ok) return ok(void (await files.replace(CONFIGURATION_FILE, bytes)));',
    tests: FIRST,
  },
  {
    name: 'the configuration before is not kept',
    file: 'firmware/app/config/keep.ts',
    search: 'if (before.ok) {',
    replace: 'if (!before.ok) {',
    tests: FIRST,
  },
  {
    name: 'a viewer may have any file opened as a line',
    file: 'firmware/app/controld/uncommissioned.ts',
    search: 'if (!DEVICE_PATH.test(path)) return null;',
    replace: '',
    tests: FIRST,
  },
  {
    name: 'a proposal allows export that nobody allowed',
    file: 'firmware/app/cli/proposal.ts',
    search: 'fallback: { exportW: 0,',
    replace: 'fallback: { exportW: 5000,',
    tests: FIRST,
  },
  {
    name: 'exchanged current transformers pass for a meter elsewhere',
    file: 'firmware/commission/meter-verdict.ts',
    search: 'if (exchanged.length > 0) return { phases: [], turned: [], exchanged };',
    replace: '',
    tests: VERDICT,
  },
  {
    name: 'a local rule never limits the import',
    file: 'firmware/control/local/local.ts',
    search: '...(importLimit === undefined ? {} : { importLimit }),',
    replace: '',
    tests: ['test/unit/local/local.test.ts'],
  },
  {
    name: 'the user lifts every lock-out',
    file: 'firmware/control/local/lockout.ts',
    search: "if (who === 'installer') return NOT_LOCKED;",
    replace: 'if (who) return NOT_LOCKED;',
    tests: LOCKOUT,
  },
  {
    name: 'what a source said counts for ever',
    file: 'firmware/control/local/inputs.ts',
    search: 'heard !== undefined && now < heard.until;',
    replace: 'heard !== undefined;',
    tests: INPUTS,
  },
  {
    name: 'a message counts as long as it likes',
    file: 'firmware/app/controld/limit-inputs.ts',
    search: 'Math.min(asked, expiry)',
    replace: 'asked',
    tests: INPUTS,
  },
  {
    name: 'an older word of a source replaces a newer one',
    file: 'firmware/app/controld/limit-inputs.ts',
    search: 'if (expiry === undefined || (before !== undefined && heard < before)) return;',
    replace: 'if (expiry === undefined) return;',
    tests: INPUTS,
  },
  {
    name: 'what a broker had kept counts as said now',
    file: 'firmware/broker/subscriber.ts',
    search: '!kept && ',
    replace: '',
    tests: SUBSCRIBER,
  },
  {
    name: 'a broker that falls silent is waited for for ever',
    file: 'firmware/platform/broker/broker-dial.ts',
    search: 'keepalive: this.#address.keepAliveSeconds ?? KEEP_ALIVE_SECONDS,',
    replace: 'keepalive: 0,',
    tests: ['test/protocol/broker/rude.test.ts'],
  },
  {
    name: 'a broker announces a packet of any length, and it is gathered',
    file: 'firmware/platform/broker/packet-bound.ts',
    search: 'if (this.#length > PACKET_BYTES_MAX || this.#header > LENGTH_BYTES_MAX) return false;',
    replace: 'if (this.#header > LENGTH_BYTES_MAX) return false;',
    tests: ['test/property/broker/packet-bound.test.ts'],
  },
  {
    name: 'a kind of limit that a message does not name is lifted',
    file: 'firmware/broker/limit-payload.ts',
    search: 'if (limit === undefined) return fallback[mode];',
    replace: '',
    tests: PAYLOAD,
  },
  {
    name: 'a contact that bounces counts',
    file: 'firmware/app/controld/contacts.ts',
    search: 'if (!stands) return;',
    replace: '',
    tests: CONTACTS,
  },
  {
    name: 'a combination that means nothing counts as the nearest one',
    file: 'firmware/control/local/inputs.ts',
    search: 'state.closed.length === closed.size && ',
    replace: '',
    tests: CONTACTS,
  },
  {
    name: 'an input that cannot be read is open',
    file: 'firmware/app/controld/contacts.ts',
    search: "levels.includes(null) ? null : levels.join('')",
    replace: "levels.join('')",
    tests: CONTACTS,
  },
  {
    name: 'excursions of the import are not counted',
    file: 'firmware/control/local/lockout.ts',
    search: 'return importing === before ? exporting : { ...exporting, importing };',
    replace: 'return exporting;',
    tests: LOCKOUT,
  },
  {
    name: 'a lock-out of the import lets loads run',
    file: 'firmware/control/local/local.ts',
    search: '...(loadLimit === undefined ? {} : { loadLimit }),',
    replace: '',
    tests: ['test/unit/local/local.test.ts'],
  },
  {
    name: 'a site with loads and no storage never knows its import',
    file: 'firmware/control/storage/storage.ts',
    search: 'const residual = seen.meter.reduce(',
    replace: 'const residual = storages.length === 0 ? before.residual : seen.meter.reduce(',
    tests: ['test/sim/local-import.test.ts'],
  },
  {
    name: 'a check that could tell nothing passes for one that was right',
    file: 'firmware/app/controld/checked-store.ts',
    search: "return text === '' && site?.sign === sign ? true : null;",
    replace: "return text === '' ? true : null;",
    tests: ['test/sim/meter-check.test.ts'],
  },
];

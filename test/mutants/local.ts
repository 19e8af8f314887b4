import type { Mutant } from './mutant.ts';

const LOCKOUT = ['test/unit/local/lockout.test.ts'];
const SCHEDULE = ['test/unit/local/schedule.test.ts'];
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
    search: 'netExport === null ? state.since !== null :',
    replace: 'netExport === null ? false :',
    tests: LOCKOUT,
  },
  {
    name: 'a domestic lock-out lifts itself',
    file: 'firmware/control/local/lockout.ts',
    search: "const over = scheme.kind === 'non-domestic' && now",
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
];

import type { Mutant } from './mutant.ts';

const LOOP = ['test/unit/limiter/loop.test.ts'];
const GAIN = ['test/unit/control/gain.test.ts'];

/** Breaks of what the limiter does about a meter it does not believe and an inverter that is slow to give way. */
export const LIMITER_MUTANTS: readonly Mutant[] = [
  {
    name: 'a meter once disbelieved is never tried',
    file: 'firmware/control/limiter/probe.ts',
    search: 'if (!due || output === null',
    replace: 'if (due || !due || output === null',
    tests: LOOP,
  },
  {
    name: 'a meter that is refuted again and again is believed after ten minutes',
    file: 'firmware/control/limiter/sight.ts',
    search: 'const doubtedAt = Math.max(state.lostAt ?? 0, state.refutedAt ?? 0);',
    replace: 'const doubtedAt = state.lostAt ?? 0;',
    tests: LOOP,
  },
  {
    name: 'a meter that says no more goes on being seen: the limiter fails open',
    file: 'firmware/control/limiter/sight.ts',
    search: 'const silent = state.lastGoodAt === null || now - state.lastGoodAt > staleMs;',
    replace: 'const silent = false;',
    tests: ['test/sim/control/control.test.ts'],
  },
  {
    name: 'the last word of a meter that is not believed stays what its next one is held against',
    file: 'firmware/control/limiter/limiter.ts',
    search: 'if (!sight.seen && state.sight.seen) {',
    replace: 'if (!sight.seen && sight.seen) {',
    tests: ['test/unit/control/limiter.test.ts'],
  },
  {
    name: 'an output that has not moved yet says that the meter need not move',
    file: 'firmware/control/limiter/limiter.ts',
    search: 'if (isDue && !isEvidence(',
    replace: 'if (!isDue && !isEvidence(',
    tests: ['test/unit/control/limiter.test.ts'],
  },
  {
    name: 'a cap that was held a dead time ago acts no more',
    file: 'firmware/control/limiter/generation.ts',
    search: 'filter(({ at }) => now - at <= DEAD_PART * settleMs)',
    replace: 'filter(({ at }) => now - at < DEAD_PART * 0)',
    tests: ['test/unit/control/dead-time.test.ts'],
  },
  {
    name: 'a share is given on while the one that gave it still delivers',
    file: 'firmware/control/tick/asking.ts',
    search: 'return Math.min(maxPower, delivers > allowed + FALLING_FRACTION * maxPower ? delivers : allowed);',
    replace: 'return Math.min(maxPower, delivers > allowed ? allowed : allowed);',
    tests: ['test/unit/control/asking.test.ts'],
  },
  {
    name: 'a phase whose flow is not known counts as one with a load',
    file: 'firmware/control/limiter/phases.ts',
    search: 'const relied = proven ?? 0 - possibleDischarge / PHASES.length;',
    replace: 'const relied = proven ?? 500 - possibleDischarge / PHASES.length;',
    tests: ['test/sim/phases.test.ts'],
  },
  {
    name: 'unmetered generation is left out of the limit of a phase',
    file: 'firmware/control/limiter/phases.ts',
    search: ' - kept - unmeteredGeneration));',
    replace: ' - kept));',
    tests: ['test/unit/control/limiter.test.ts'],
  },
  {
    name: 'the phase with the most load speaks for all',
    file: 'firmware/control/limiter/phases.ts',
    search: 'target: PHASES.length * Math.min(',
    replace: 'target: PHASES.length * Math.max(',
    tests: ['test/sim/phases.test.ts'],
  },
  {
    name: 'what an uncontrolled inverter feeds into a phase is given once more',
    file: 'firmware/control/allocate/on-phases.ts',
    search: 'else left -= share * uncontrolled;',
    replace: 'else left -= 0;',
    tests: ['test/property/control/on-phases.test.ts'],
  },
  {
    name: 'a trim learned from an inverter that ignored its cap is kept for good',
    file: 'firmware/control/limiter/gain.ts',
    search: 'Math.max(least, shown, gain - GIVE_UP)',
    replace: 'gain',
    tests: GAIN,
  },
  {
    name: 'a cloud takes away a trim that two caps have shown',
    file: 'firmware/control/limiter/gain.ts',
    search: 'Math.max(least, shown, gain - GIVE_UP)',
    replace: 'Math.max(least, gain - GIVE_UP)',
    tests: GAIN,
  },
];

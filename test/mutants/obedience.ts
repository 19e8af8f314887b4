import type { Mutant } from './mutant.ts';

const CLAIMS = ['test/unit/control/claims.test.ts'];
const GAIN = ['test/unit/control/gain.test.ts'];
const TICK = ['test/unit/control/tick.test.ts'];
const UNEXPLAINED = ['test/unit/control/unexplained.test.ts'];

/** Breaks of what is made of inverters that half obey or are not heard, and of meters in doubt. */
export const OBEDIENCE_MUTANTS: readonly Mutant[] = [
  {
    name: 'what one refresh showed and the others did not deny is a load to rely on',
    file: 'firmware/control/limiter/load.ts',
    search: '...(shown < estimate ? { shown } : {})',
    replace: '',
    tests: ['test/unit/control/trend.test.ts'],
  },
  {
    name: 'a trim below 1 is believed while the sun rises under it',
    file: 'firmware/control/limiter/gain.ts',
    search: '< DENIED_AFTER_MS || slope(track) < 0)',
    replace: '< DENIED_AFTER_MS || !isSteady(track))',
    tests: GAIN,
  },
  {
    name: "an offset above every cap is nobody's",
    file: 'firmware/control/limiter/excess.ts',
    search: 'return over < LEAST_FRACTION * maxPower ? 0 : Math.min(over, MOST_FRACTION * maxPower);',
    replace: 'return 0;',
    tests: CLAIMS,
  },
  {
    name: 'an inverter a little above its cap that no cap moves is taken for what it was told',
    file: 'firmware/control/tick/claims.ts',
    search: '    standsAbove(gainOf(state.limiter, device), track, now) ||\n',
    replace: '',
    tests: CLAIMS,
  },
  {
    name: 'an inverter that another master opens again and again is believed each time',
    file: 'firmware/control/limiter/generation.ts',
    search: 'lostAt.length >= LOSSES &&',
    replace: 'lostAt.length > LOSSES &&',
    tests: CLAIMS,
  },
  {
    name: 'an inverter that ignored a cap once is waited for as if it were slow',
    file: 'firmware/control/follow/follow.ts',
    search: 'return stands(track) ? Math.min(settleMs,',
    replace: 'return stands(track) ? Math.max(settleMs,',
    tests: ['test/unit/control/follow.test.ts'],
  },
  {
    name: 'a meter in doubt is tried for no longer than a quick inverter takes',
    file: 'firmware/control/limiter/probe.ts',
    search: 'Math.max(PROBE_MS, site.settleMs + SHOWN_MS)',
    replace: 'PROBE_MS',
    tests: ['test/unit/control/probe.test.ts'],
  },
  {
    name: 'a refresh that the next one overtakes says nothing any more',
    file: 'firmware/control/limiter/load.ts',
    search: 'const state = withEarlier(before, outputBetween, rating);',
    replace: 'const state = before;',
    tests: ['test/unit/control/trend.test.ts'],
  },
  {
    name: 'an inverter that woke and is not heard is taken to sleep',
    file: 'firmware/control/tick/unexplained.ts',
    search: 'isCounted: before?.isCounted === true || now - since >= COUNTED_AFTER_MS',
    replace: 'isCounted: false',
    tests: UNEXPLAINED,
  },
  {
    name: 'one sample without the unexplained export makes up for all before it',
    file: 'firmware/control/tick/unexplained.ts',
    search: 'now - before.lastAt > (before.isCounted ? FORGOTTEN_MS : GAP_MS) ? null : before',
    replace: 'null',
    tests: UNEXPLAINED,
  },
  {
    name: 'the others make no room for one that woke and is not heard',
    file: 'firmware/control/tick/claims.ts',
    search: '  if (state.unexplained?.isCounted === true && isUnheard(track, standing, now)) return maxPower;\n',
    replace: '',
    tests: CLAIMS,
  },
  {
    name: 'an inverter that rests above its cap is waited for as long as it once ignored one',
    file: 'firmware/control/limiter/gain.ts',
    search: 'return since > Math.max(DENIED_AFTER_MS, longestDead(state)) && isSteady(track, STILL_FRACTION) ? since : null;',
    replace: 'return null;',
    tests: GAIN,
  },
  {
    name: 'a cap that waits for its line does not act when the line is back',
    file: 'firmware/control/limiter/generation.ts',
    search: 'if (track.heldCap !== null && at - asked.at > longest) return null;',
    replace: 'if (at - asked.at > longest) return null;',
    tests: ['test/unit/control/dead-time.test.ts'],
  },
  {
    name: 'an event that the site meets is never started while a tighter limit is out of reach',
    file: 'firmware/control/tick/tick.ts',
    search: "=== 'disobeys' && !met) return false;",
    replace: "=== 'disobeys') return false;",
    tests: TICK,
  },
  {
    name: 'a site stands above its limit for as long as its battery fills',
    file: 'firmware/control/limiter/limiter.ts',
    search: 'const ahead = runsAhead(plant) || (since !== null && now - since >= BEHIND_MS);',
    replace: 'const ahead = runsAhead(plant);',
    tests: ['test/unit/control/limiter.test.ts'],
  },
  {
    name: 'what an inverter gave while it was away is read off a line between its last word and its next',
    file: 'firmware/control/limiter/generation.ts',
    search: 'if (wasAway(track, earlier, later)) {',
    replace: 'if (track.readings.length === 0) {',
    tests: ['test/unit/control/dead-time.test.ts'],
  },
  {
    name: 'an event that the site meets is never started while its battery is too full to charge as told',
    file: 'firmware/control/tick/storing.ts',
    search: 'return inside && (isMet || storage.obeys',
    replace: 'return inside && (storage.obeys',
    tests: ['test/unit/storage/tick.test.ts'],
  },
  {
    name: 'an over-cut takes the surplus from the storage that it charges',
    file: 'firmware/control/limiter/limiter.ts',
    search: 'if (relied === null || (plant.storage?.power ?? 0) >= 0) return',
    replace: 'if (relied === null || (plant.storage?.power ?? 0) >= -Infinity) return',
    tests: ['test/unit/control/limiter.test.ts'],
  },
  {
    name: 'beside storage that charges nothing is over-cut where nothing may be exported',
    file: 'firmware/control/limiter/limiter.ts',
    search: 'target - Math.max(surplus, by)',
    replace: 'target - surplus',
    tests: ['test/unit/control/limiter.test.ts'],
  },
  {
    name: 'what registers miss of a raise that came while the meter refreshed is a load that went',
    file: 'firmware/control/limiter/generation.ts',
    search: 'isRising(track, { since: from, at: to }, response)',
    replace: 'isRising(track, { since: from, at: from }, response)',
    tests: ['test/unit/control/dead-time.test.ts'],
  },
  {
    name: 'a load that rose step by step is noise around what it was',
    file: 'firmware/control/limiter/noise.ts',
    search: ' || least - load > GONE * sigma ? null',
    replace: ' ? null',
    tests: ['test/unit/control/noise.test.ts'],
  },
];

import type { Mutant } from './mutant.ts';

const MODES = ['test/sim/modes/modes.test.ts'];

/** Breaks towards the utility and of what is kept: wire, walk, report, TLS, log. */
export const NORTH_MUTANTS: readonly Mutant[] = [
  {
    name: 'an average is told as whole although samples lay seconds apart',
    file: 'firmware/telemetry/quantity.ts',
    search: 'const SPACING_MAX_MS = 2_000;',
    replace: 'const SPACING_MAX_MS = 20_000;',
    tests: ['test/unit/telemetry/interval.test.ts'],
  },
  {
    name: 'the value at the end of an interval is an older one',
    file: 'firmware/telemetry/quantity.ts',
    search: 'last: tally.until >= end ? round(tally.last) : null,',
    replace: 'last: round(tally.last),',
    tests: ['test/unit/telemetry/interval.test.ts'],
  },
  {
    name: 'a quantity that was not measured is told as 0',
    file: 'firmware/utility/report/reading.ts',
    search: '  if (told === undefined || told === null || !Number.isFinite(told)) return null;',
    replace: '  if (told === undefined || told === null || !Number.isFinite(told)) return 0;',
    tests: ['test/unit/report/value.test.ts'],
  },
  {
    name: 'the certificate of the server is not verified',
    file: 'firmware/platform/tls/context.ts',
    search: '  rejectUnauthorized: true,\n  checkServerIdentity:',
    replace: '  rejectUnauthorized: false as unknown as true,\n  checkServerIdentity:',
    tests: ['test/protocol/north/tls.test.ts'],
  },
  {
    name: 'a pinned server may be another',
    file: 'firmware/platform/tls/context.ts',
    search: 'if (lfdi !== rule.serverLFDI.toLowerCase()) {',
    replace: "if (lfdi === '') {",
    tests: ['test/protocol/north/tls.test.ts'],
  },
  {
    name: 'the registration PIN is ignored',
    file: 'firmware/utility/walk/knowledge.ts',
    search: 'if (this.#settings.pin === null || read.value.pIN === this.#settings.pin) return learned(null);',
    replace: 'if (read.value.pIN >= 0) return learned(null);',
    tests: ['test/unit/walk/walk.test.ts'],
  },
  {
    name: 'elements are written in the order of the object',
    file: 'firmware/utility/wire/write.ts',
    search: 'type.elements.map((rule) => ruleText(rule,',
    replace: '[...type.elements].reverse().map((rule) => ruleText(rule,',
    tests: ['test/unit/wire/parse.test.ts', 'test/golden/wire.test.ts'],
  },
  {
    name: 'two elements of DERControlBase change places',
    file: 'firmware/utility/wire/schema/program.ts',
    search: "  optional('opModImpLimW', activePower, 'csipaus-1.2'),\n  optional('opModExpLimW', activePower, 'csipaus-1.2'),\n",
    replace: "  optional('opModExpLimW', activePower, 'csipaus-1.2'),\n  optional('opModImpLimW', activePower, 'csipaus-1.2'),\n",
    tests: ['test/golden/wire.test.ts'],
  },
  {
    name: 'the cursor moves before the server has answered',
    file: 'firmware/utility/report/queue.ts',
    search: 'const seq = Math.max(state.cursor.seq, (state.pending[0]?.seq ?? state.offered + 1) - 1);',
    replace: 'const seq = state.offered;',
    tests: ['test/unit/report/machine.test.ts'],
  },
  {
    name: 'a torn or altered record of the log is accepted',
    file: 'firmware/log/segment.ts',
    search: 'return sum === view.getUint32(offset + 4, true) ? length : null;',
    replace: 'return sum >= 0 ? length : null;',
    tests: ['test/property/log/scan.test.ts', 'test/unit/log/writer.test.ts', 'test/unit/log/power-cut.test.ts'],
  },
  {
    name: 'the older copy of a state file wins',
    file: 'firmware/log/state-file.ts',
    search: 'copy.generation > newest.generation',
    replace: 'copy.generation < newest.generation',
    tests: ['test/unit/log/state-file.test.ts', 'test/unit/log/power-cut.test.ts'],
  },
  {
    name: 'a damaged state file is read',
    file: 'firmware/log/state-file.ts',
    search: 'if (sumOf(format, generation, text) !== head[3]) return null;',
    replace: '',
    tests: ['test/unit/log/state-file.test.ts', 'test/unit/log/power-cut.test.ts'],
  },
  {
    name: 'genConnectStatus follows the command instead of the power',
    file: 'firmware/app/controld/status.ts',
    search: '|| output === null || output > NO_POWER_FRACTION * track.maxPower',
    replace: '|| output === null',
    tests: MODES,
  },
  {
    name: 'the head of the log moves on although the commit failed',
    file: 'firmware/log/writer.ts',
    search: 'if (written.ok && last !== undefined) {',
    replace: 'if (last !== undefined) {',
    tests: ['test/unit/log/writer.test.ts'],
  },
];

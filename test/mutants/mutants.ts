/**
 * Breaks of the product that would matter at a site, one place each, and the tests that must notice. `search` occurs exactly once in
 * `file`. When code moves, move its break along: one that is not found any more fails the run.
 */
export interface Mutant {
  /** What goes wrong, for people. */
  readonly name: string;
  readonly file: string;
  readonly search: string;
  readonly replace: string;
  /** Test files that must go red. */
  readonly tests: readonly string[];
}

const LIMITER = ['test/unit/control/limiter.test.ts'];
const TICK = ['test/unit/control/tick.test.ts'];
const ALLOCATE = ['test/unit/control/allocate.test.ts'];
const FOLLOW = ['test/unit/control/follow.test.ts'];
const GAIN = ['test/unit/control/gain.test.ts'];
const ENGINE = ['test/unit/line/engine-faults.test.ts', 'test/unit/line/engine.test.ts'];
const SESSION = ['test/unit/drivers/inverter-session.test.ts'];
const PLAN = ['test/unit/plan/arbitration.test.ts', 'test/unit/plan/life-cycle.test.ts', 'test/unit/plan/absence.test.ts'];

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a silent meter leaves the last load in force: the limiter fails open',
    file: 'firmware/control/limiter/limiter.ts',
    search: 'const proven = seen ? provenLoad(load, now, plant.maxPower) : null;',
    replace: 'const proven = provenLoad(state.load, now, plant.maxPower);',
    tests: LIMITER,
  },
  {
    name: 'a stale meter is accepted for a minute',
    file: 'firmware/control/limiter/sight.ts',
    search: 'export const METER_STALE_MS = 2000;',
    replace: 'export const METER_STALE_MS = 60_000;',
    tests: LIMITER,
  },
  {
    name: 'a frozen meter is believed for ever',
    file: 'firmware/control/limiter/sight.ts',
    search: "if (takenAt - movedAt >= METER_FROZEN_MS) return lost(next, 'frozen', takenAt);",
    replace: '',
    tests: LIMITER,
  },
  {
    name: 'a meter whose sign turned over is believed',
    file: 'firmware/control/limiter/sight.ts',
    search: 'Math.abs(before + netImport) < 0.02 * Math.abs(before) + 10;',
    replace: 'Math.abs(before + netImport) < 0;',
    tests: LIMITER,
  },
  {
    name: 'one good sample ends blindness',
    file: 'firmware/control/limiter/sight.ts',
    search: 'const SEEN_AFTER_SAMPLES = 3;',
    replace: 'const SEEN_AFTER_SAMPLES = 1;',
    tests: LIMITER,
  },
  {
    name: 'unmetered generation is left out of the blind cap',
    file: 'firmware/control/limiter/limiter.ts',
    search: ' - plant.unmeteredGeneration);',
    replace: ');',
    tests: LIMITER,
  },
  {
    name: 'over-cutting goes below the minimum stable output',
    file: 'firmware/control/limiter/limiter.ts',
    search: 'watts(Math.min(target, plant.minOutput))',
    replace: 'watts(0)',
    tests: LIMITER,
  },
  {
    name: 'the trim is unbounded',
    file: 'firmware/control/limiter/gain.ts',
    search: 'ratio - state.gain), GAIN_MIN, GAIN_MAX);',
    replace: 'ratio - state.gain), 0.5, 2);',
    tests: GAIN,
  },
  {
    name: 'the trim learns while the plant still moves',
    file: 'firmware/control/limiter/gain.ts',
    search: 'if (!undisturbed || !isSteady(track)) return state;',
    replace: '',
    tests: GAIN,
  },
  {
    name: 'a raise is written each tick: the flash of the inverter wears out',
    file: 'firmware/control/allocate/allocate.ts',
    search: 'const rested = before.raisedAt === null || now - before.raisedAt >= rest;',
    replace: 'const rested = true;',
    tests: ALLOCATE,
  },
  {
    name: 'a cut waits like a raise',
    file: 'firmware/control/allocate/allocate.ts',
    search: 'return before.cap > ceiling || completes ?',
    replace: 'return completes ?',
    tests: ALLOCATE,
  },
  {
    name: 'a silent inverter that may open is taken to deliver nothing',
    file: 'firmware/control/tick/tick.ts',
    search: 'return holds && track.heldCap !== null ? track.heldCap : track.maxPower;',
    replace: 'return track.heldCap ?? watts(0);',
    tests: TICK,
  },
  {
    name: 'an event counts as started before the limit was read back',
    file: 'firmware/control/tick/tick.ts',
    search: 'if (pending.length === 0 || !enforced(state, inputs)) return',
    replace: 'if (pending.length === 0) return',
    tests: TICK,
  },
  {
    name: 'an inverter that ignores its cap raises no alarm',
    file: 'firmware/control/follow/follow.ts',
    search: 'const disobeys = long >= Math.max(DISOBEYS_AFTER_MS, settleMs) ||',
    replace: 'const disobeys =',
    tests: [...FOLLOW, ...TICK],
  },
  {
    name: 'a cap that the inverter does not follow is not written again',
    file: 'firmware/control/follow/follow.ts',
    search: 'const assert = long >= ASSERT_AFTER_MS &&',
    replace: 'const assert = false &&',
    tests: FOLLOW,
  },
  {
    name: 'a written cap is believed without reading it back',
    file: 'drivers/inverter/limit-writer.ts',
    search: "this.#later(this.#options.control.readBackDelayMs, () => this.#readBack('write'));",
    replace: "if (this.#written !== null) this.#stands(this.#written, 'write');",
    tests: SESSION,
  },
  {
    name: 'a read-back that differs is taken for a success',
    file: 'drivers/inverter/limit-writer.ts',
    search: 'if (reading.stands) this.#stands(written, reason);',
    replace: 'if (reading.raw >= 0) this.#stands(written, reason);',
    tests: SESSION,
  },
  {
    name: 'a reversion timer is never refreshed: the inverter opens',
    file: 'drivers/inverter/limit-writer.ts',
    search: 'refresh !== null && refresh <= check',
    replace: 'refresh !== null && refresh < 0',
    tests: SESSION,
  },
  {
    name: 'a limit is rounded up',
    file: 'drivers/sunspec/codec.ts',
    search: 'return worth(nearest) <= value ? nearest : Math.floor(steps) * step;',
    replace: 'return worth(nearest) <= value ? nearest : Math.ceil(steps) * step;',
    tests: SESSION,
  },
  {
    name: 'a device with another serial number is written',
    file: 'drivers/sunspec/contact.ts',
    search: 'if (wanted !== null && serialNumber !== wanted) {',
    replace: 'if (wanted !== null && serialNumber === null) {',
    tests: SESSION,
  },
  {
    name: 'a known device is written without looking at its control header',
    file: 'drivers/sunspec/contact.ts',
    search: 'if (decoded?.ok === true && decoded.value.values.WMaxLimPct_SF === record.limitScale) {',
    replace: 'if (result.ok) {',
    tests: SESSION,
  },
  {
    name: 'no quarantine after an error on the line',
    file: 'drivers/line/engine.ts',
    search: 'this.#quietUntil = (now + span) as MonoMs;',
    replace: 'this.#quietUntil = now;',
    tests: ENGINE,
  },
  {
    name: 'the CRC is ignored',
    file: 'drivers/line/reply.ts',
    search: "if (!crcHolds(bytes, length)) return 'crc';",
    replace: '',
    tests: ENGINE,
  },
  {
    name: 'the reply of a foreign unit is accepted',
    file: 'drivers/line/reply.ts',
    search: "if (bytes[0] !== request.unitId) return 'foreign-unit';",
    replace: '',
    tests: ENGINE,
  },
  {
    name: 'what a unit still owes after a time-out is forgotten',
    file: 'drivers/line/engine.ts',
    search: "unit.owes(flight.request, at);\n    if (fault.kind === 'timeout') flight.expectLate();",
    replace: "if (fault.kind === 'timeout') flight.expectLate();",
    tests: [...ENGINE, 'test/property/line/engine.test.ts'],
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
    name: 'a superseded event resumes when the better one ends',
    file: 'firmware/control/plan/advance.ts',
    search: "return left.length > 0 ? next : closeEvent(next, 'superseded', t, out);",
    replace: 'return left.length > 0 ? next : event;',
    tests: PLAN,
  },
  {
    name: 'a mode that was lost to a better event comes back',
    file: 'firmware/control/plan/arbitrate.ts',
    search: 'modesOf(event.body.modes).filter((mode) => !event.lost.includes(mode));',
    replace: 'modesOf(event.body.modes);',
    tests: [...PLAN, 'test/property/plan/timeline.test.ts'],
  },
  {
    name: 'the higher primacy number wins',
    file: 'firmware/control/plan/arbitrate.ts',
    search: 'const byPrimacy = primacyOf(a) - primacyOf(b);',
    replace: 'const byPrimacy = primacyOf(b) - primacyOf(a);',
    tests: PLAN,
  },
  {
    name: 'randomisation is drawn again at each fold',
    file: 'firmware/control/plan/fold.ts',
    search: 'events.push(sameEvent(event, next) ? event : next);',
    replace: 'events.push({ ...next, draw: drawFor(`${seed}${now}`, event.body.mRID) });',
    tests: PLAN,
  },
  {
    name: 'an event that is not listed any more is dropped at once',
    file: 'firmware/control/plan/fold.ts',
    search: "if (set.policy.vanished === 'keep' || now - event.vanishedSince < WALKS_APART_SECONDS) return stay;",
    replace: '',
    tests: PLAN,
  },
  {
    name: 'a program that could not be read loses its events',
    file: 'firmware/control/plan/fold.ts',
    search: 'if (!readable) return { ...stay, vanishedSince: null };',
    replace: "if (!readable) return closeEvent(stay, 'cancelled', now, out);",
    tests: PLAN,
  },
  {
    name: 'the default is forgotten at one read that finds none',
    file: 'firmware/control/plan/programs.ts',
    search: 'if (now - known.defaultMissingSince < WALKS_APART_SECONDS) return known;',
    replace: '',
    tests: PLAN,
  },
  {
    name: 'a default that could not be read is forgotten',
    file: 'firmware/control/plan/programs.ts',
    search: "if (known !== undefined && program.read === 'unread') return { ...known };",
    replace: "if (known !== undefined && program.read === 'unread') return { ...known, defaultControl: null };",
    tests: PLAN,
  },
  {
    name: 'the commissioned limit can be loosened by the utility',
    file: 'firmware/control/plan/active.ts',
    search: 'return tighter(utility, commissionedFor(mode, commissioned));',
    replace: 'return utility ?? commissionedFor(mode, commissioned);',
    tests: [...PLAN, ...TICK],
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
    name: 'a clock that jumps is believed at once',
    file: 'firmware/control/clock/clock.ts',
    search: 'if (Math.abs(ahead) <= bound)',
    replace: 'if (Math.abs(ahead) >= 0)',
    tests: ['test/unit/clock/clock.test.ts'],
  },
];

import type { Mutant } from './mutant.ts';

const ON_RIG = ['test/unit/drivers/profiles-on-rig.test.ts'];
const REGISTER_INVERTERS = ['test/unit/drivers/register-inverters.test.ts'];
const CURVE_WRITER = ['test/unit/drivers/curve-writer.test.ts'];
const CURVE_TABLES = ['test/unit/drivers/curve-tables.test.ts'];
const CURVE_TICK = ['test/unit/control/curves.test.ts'];
const FAMILIES = ['test/unit/drivers/model-families.test.ts'];

/** Breaks of what differs between devices: model families, profiles, gateways, meters without SunSpec. */
export const DEVICE_MUTANTS: readonly Mutant[] = [
  {
    name: 'the words of a limit in two registers are swapped',
    file: 'drivers/inverter/map-order.ts',
    search: "return wordOrder === 'high-first' ? [high, low] : [low, high];",
    replace: "return wordOrder === 'high-first' ? [low, high] : [high, low];",
    tests: REGISTER_INVERTERS,
  },
  {
    name: 'an inverter of a register map is written under any serial number',
    file: 'drivers/inverter/map-contact.ts',
    search: 'else if (serialNumber !== wanted)',
    replace: "else if (wanted === '')",
    tests: REGISTER_INVERTERS,
  },
  {
    name: 'a limit counts as held although the fallback of the inverter is not set',
    file: 'drivers/inverter/map-order.ts',
    search: 'parts.every((part) => standsIn(registersOf(address, words), part))',
    replace: "parts.every((part) => part.when === 'different' || standsIn(registersOf(address, words), part))",
    tests: REGISTER_INVERTERS,
  },
  {
    name: 'an inverter that takes 0 for no limit is told 0',
    file: 'drivers/inverter/map-order.ts',
    search: "control.zeroMeans === 'unlimited' ? 1 : 0",
    replace: "control.zeroMeans === 'unlimited' ? 0 : 0",
    tests: REGISTER_INVERTERS,
  },
  {
    name: 'a device of the DER family reverts to more than it was told last',
    file: 'drivers/inverter/control-block.ts',
    search: 'Math.min(raw, Math.max(least, rawCap(onSilence.cap, scale)))',
    replace: 'Math.max(least, rawCap(onSilence.cap, scale))',
    tests: FAMILIES,
  },
  {
    name: 'the low word of a reversion timer is left out: a minute becomes months',
    file: 'drivers/inverter/control-block.ts',
    search: 'return size === 1 ? [number] : [Math.floor(number / 0x10000), number % 0x10000];',
    replace: 'return [number];',
    tests: FAMILIES,
  },
  {
    name: 'a fast read of model 701 goes without its scale factors',
    file: 'drivers/inverter/reading.ts',
    search: 'block.set(words);',
    replace: 'block = words;',
    tests: FAMILIES,
  },
  {
    name: 'the switch of a limit is not looked at: the limit counts as held while it does not act',
    file: 'drivers/inverter/limit-writer.ts',
    search: 'if (reading.stands && !reading.enabled) this.#enable(written);',
    replace: 'if (reading.stands && !reading.enabled) this.#stands(written, reason);',
    tests: ON_RIG,
  },
  {
    name: 'the words of a meter without SunSpec are swapped',
    file: 'drivers/meter/map-reading.ts',
    search: "wordOrder === 'high-first' ? [first, second] : [second, first]",
    replace: "wordOrder === 'high-first' ? [second, first] : [first, second]",
    tests: ON_RIG,
  },
  {
    name: 'a meter without SunSpec is believed under any serial number',
    file: 'drivers/meter/map-session.ts',
    search: "if (wanted !== '' && serialNumber !== wanted) {",
    replace: "if (wanted !== '' && serialNumber === '') {",
    tests: ON_RIG,
  },
  {
    name: 'a late reply over Modbus TCP is taken for the newest',
    file: 'drivers/line/mbap.ts',
    search: 'if (view.getUint16(0) === this.#transaction) frames.push',
    replace: 'if (length > 0) frames.push',
    tests: ['test/unit/line/mbap.test.ts'],
  },
  {
    name: 'a scan goes before control',
    file: 'firmware/app/controld/scan-link.ts',
    search: 'PRIORITY.scan, (result)',
    replace: 'PRIORITY.cut, (result)',
    tests: ['test/unit/drivers/scan.test.ts'],
  },
  {
    name: 'a meter behind a host is taken for as fresh as its reply',
    file: 'drivers/meter/session.ts',
    search: 'monoMs(reply.takenAt - profile.readingAgeMs)',
    replace: 'monoMs(reply.takenAt)',
    tests: ['test/unit/drivers/model-families.test.ts'],
  },
  {
    name: 'a curve is written over the one in force although another is free',
    file: 'drivers/inverter/curve-step.ts',
    search: 'numbers.filter((n) => n !== inForce && isWritable(',
    replace: 'numbers.filter((n) => isWritable(',
    tests: CURVE_WRITER,
  },
  {
    name: 'a curve is written although what was found could not be kept',
    file: 'drivers/inverter/curve-writer.ts',
    search: 'if (kept) this.#found = found;',
    replace: 'this.#found = found;',
    tests: CURVE_WRITER,
  },
  {
    name: 'a curve of our own is taken for what was found',
    file: 'drivers/inverter/curve-writer.ts',
    search: 'this.#found = null;',
    replace: '',
    tests: CURVE_WRITER,
  },
  {
    name: 'a grid-code setting of the default is given up after a reboot that does not know the time',
    file: 'firmware/control/tick/tick.ts',
    search: 'let plan = withExecutable(state.plan, facts.executable);',
    replace: 'let plan = utility === null ? state.plan : withExecutable(state.plan, facts.executable);',
    tests: ['test/unit/control/tick.test.ts'],
  },
  {
    name: 'a function is enabled before its curve is adopted',
    file: 'drivers/inverter/curve-step.ts',
    search: 'holdWrite(view) ?? adopt(view, slot, goal) ?? headWrite(view, ADOPT_HEAD.enabled, [ENABLED]) ?? STANDS',
    replace: 'holdWrite(view) ?? headWrite(view, ADOPT_HEAD.enabled, [ENABLED]) ?? adopt(view, slot, goal) ?? STANDS',
    tests: CURVE_WRITER,
  },
  {
    name: 'a timer of the device takes a curve away again',
    file: 'drivers/inverter/curve-step.ts',
    search: 'return holdWrite(view) ?? adopt(view, slot, goal) ??',
    replace: 'return adopt(view, slot, goal) ??',
    tests: CURVE_WRITER,
  },
  {
    name: 'the curve that was selected is not selected again',
    file: 'drivers/inverter/curve-step.ts',
    search: 'return selection() ?? write ?? STANDS;',
    replace: 'return write ?? STANDS;',
    tests: CURVE_WRITER,
  },
  {
    name: 'curves are written as often as the utility likes',
    file: 'drivers/inverter/curve-writer.ts',
    search: 'const WRITES_AN_HOUR = 60;',
    replace: 'const WRITES_AN_HOUR = 6000;',
    tests: CURVE_WRITER,
  },
  {
    name: 'what a volt-var curve refers to is numbered as the legacy models do',
    file: 'drivers/sunspec/curve-tables.ts',
    search: 'const VAR_SHARE = { setMaxW: 0, setMaxVar: 1, statVarAvail: 2 }',
    replace: 'const VAR_SHARE = { setMaxW: 1, setMaxVar: 2, statVarAvail: 3 }',
    tests: CURVE_TABLES,
  },
  {
    name: 'a write of a curve runs over registers that are read only',
    file: 'drivers/inverter/curve-layout.ts',
    search: "if (cell.access !== 'RW' || cell.type === 'text'",
    replace: "if (cell.type === 'text'",
    tests: CURVE_WRITER,
  },
  {
    name: 'an unsound curve is handed to inverters',
    file: 'firmware/control/tick/curves.ts',
    search: 'if (curve?.fault === undefined && curve?.type === CURVE_TYPES[mode])',
    replace: 'if (curve !== undefined)',
    tests: CURVE_TICK,
  },
  {
    name: 'the default has reactive power although an event asks for it',
    file: 'firmware/control/tick/curves.ts',
    search: "targets[mode]?.source.kind === 'event'",
    replace: "targets[mode]?.source.kind === 'default'",
    tests: CURVE_TICK,
  },
];

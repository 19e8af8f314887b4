import type { Mutant } from './mutant.ts';

const ON_RIG = ['test/unit/drivers/profiles-on-rig.test.ts'];
const FAMILIES = ['test/unit/drivers/model-families.test.ts'];

/** Breaks of what differs between devices: model families, profiles, gateways, meters without SunSpec. */
export const DEVICE_MUTANTS: readonly Mutant[] = [
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
];

import type { Mutant } from './mutant.ts';

const FAMILIES = ['test/unit/drivers/model-families.test.ts'];

/** Breaks of what differs between devices: model families, profiles, gateways, meters without SunSpec. */
export const DEVICE_MUTANTS: readonly Mutant[] = [
  {
    name: 'a device of the DER family reverts to more than it was told last',
    file: 'drivers/inverter/control-block.ts',
    search: 'Math.min(raw, rawCap(onSilence.cap, scale))',
    replace: 'rawCap(onSilence.cap, scale)',
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
];

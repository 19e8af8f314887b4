import type { Mutant } from './mutant.ts';

const BOUNDS = ['test/property/control/storage.test.ts'];
const SITE = ['test/unit/storage/storage.test.ts'];
const REPORTED = ['test/unit/controld/storage-status.test.ts'];
const TICK = ['test/unit/storage/tick.test.ts'];

const SITES = ['test/sim/storage-faults.test.ts'];

const BOUNDS_FILE = 'firmware/control/storage/bounds.ts';
const STORAGE_FILE = 'firmware/control/storage/storage.ts';

/** Breaks of storage and controllable loads. */
export const STORAGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'storage discharges on a load that may go',
    file: BOUNDS_FILE,
    search: 'Math.max(residual.least, Math.min',
    replace: 'Math.max(residual.most, Math.min',
    tests: BOUNDS,
  },
  {
    name: 'storage discharges blind into an export limit',
    file: BOUNDS_FILE,
    search: 'if (residual === null) return 0;',
    replace: 'if (residual === null) return limit;',
    tests: BOUNDS,
  },
  {
    name: 'storage charges on an import that may grow',
    file: BOUNDS_FILE,
    search: 'residual.most + aheadOf(residual, keep) - importLimit',
    replace: 'residual.least + aheadOf(residual, keep) - importLimit',
    tests: BOUNDS,
  },
  {
    name: 'a generation limit forgets the inverters beside storage',
    file: BOUNDS_FILE,
    search: 'generationLimit - given - keep(generationLimit)',
    replace: 'generationLimit - keep(generationLimit)',
    tests: BOUNDS,
  },
  {
    name: 'a load limit forgets the loads beside charging',
    file: BOUNDS_FILE,
    search: 'consumption - loadLimit + keep(loadLimit)',
    replace: '0 - loadLimit + keep(loadLimit)',
    tests: BOUNDS,
  },
  {
    name: 'the reserve of storage is drawn on',
    file: STORAGE_FILE,
    search: 'track.isEmpty || charge <= reserve',
    replace: 'track.isEmpty',
    tests: SITE,
  },
  {
    name: 'a battery that does not discharge is counted on',
    file: STORAGE_FILE,
    search: 'return lost ? power : track.maxDischarge;',
    replace: 'return track.maxDischarge;',
    tests: SITE,
  },
  {
    name: 'a target charges from the grid against the owner',
    file: STORAGE_FILE,
    search: 'const surplus = fromGrid ? Infinity :',
    replace: 'const surplus = fromGrid || true ? Infinity :',
    tests: SITE,
  },
  {
    name: 'a battery that was told nothing counts as no discharge',
    file: 'firmware/control/storage/track.ts',
    search: 'if (held === null) return maxDischarge;',
    replace: 'if (held === null) return 0;',
    tests: SITE,
  },
  {
    name: 'the first load in the list is shed first',
    file: 'firmware/control/storage/loads.ts',
    search: 'of loads.toReversed()',
    replace: 'of loads',
    tests: SITE,
  },
  {
    name: 'a relay chatters with a load that comes and goes',
    file: 'firmware/control/storage/loads.ts',
    search: 'Math.min(REST_MS_MAX, 2 * before.restMs) : REST_MS',
    replace: 'REST_MS : REST_MS',
    tests: SITE,
  },
  {
    name: 'what storage may discharge is forgotten in the blind cap',
    file: 'firmware/control/limiter/limiter.ts',
    search: 'watts(0 - (plant.storage?.possibleDischarge ?? 0))',
    replace: 'watts(0)',
    tests: TICK,
  },
  {
    name: 'a battery that makes up for a cut is a strike against the meter',
    file: 'firmware/control/limiter/limiter.ts',
    search: 'return storage.power === null ? null : output + storage.power;',
    replace: 'return output;',
    tests: TICK,
  },
  {
    name: 'inverters are left all of a generation limit beside storage',
    file: 'firmware/control/tick/tick.ts',
    search: 'beside(whole, storage?.possibleDischarge ?? watts(0), maxPower)',
    replace: 'beside(whole, watts(0), maxPower)',
    tests: TICK,
  },
  {
    name: 'sun is stored against the owner',
    file: 'firmware/control/storage/sun.ts',
    search: 'if (!wanted || limit === null',
    replace: 'if (limit === null',
    tests: TICK,
  },
  {
    name: 'stored sun is let go into a full export limit',
    file: 'firmware/control/storage/sun.ts',
    search: 'free >= LEFT_AFTER_MS && fits',
    replace: 'free >= LEFT_AFTER_MS',
    tests: TICK,
  },
  {
    name: 'an import limit counts as started before a band was read back',
    file: 'firmware/control/tick/tick.ts',
    search: 'if (!storedWithin(state, facts, inputs)) return false;',
    replace: '',
    tests: TICK,
  },
  {
    name: 'a storage target counts as started before a band was read back',
    file: 'firmware/control/tick/storing.ts',
    search: 'isNearly(held, asked.band, ROUNDED_FRACTION * (maxCharge + maxDischarge)) &&',
    replace: '',
    tests: TICK,
  },
  {
    name: 'storage comes back inside an import limit with all of its lag',
    file: 'firmware/control/storage/bands.ts',
    search: 'isNew && gap > LEAD_FRACTION * range ?',
    replace: 'gap > 2 * range ?',
    tests: TICK,
  },
  {
    name: 'the output of a hybrid counts twice',
    file: 'firmware/app/controld/status.ts',
    search: '.filter(({ behind }) => behind === null)',
    replace: '.filter(() => true)',
    tests: REPORTED,
  },
  {
    name: 'storage that fell silent tells what it held before',
    file: 'firmware/telemetry/interval.ts',
    search: 'if (one === undefined || end - one.at > GAP_MAX_MS) return null;',
    replace: 'if (one === undefined) return null;',
    tests: ['test/unit/telemetry/interval.test.ts'],
  },
  {
    name: 'what the owner of storage keeps is told as available',
    file: 'firmware/app/controld/storage-reserve.ts',
    search: 'const gives = stateOfCharge > reserve &&',
    replace: 'const gives = stateOfCharge > 0 &&',
    tests: REPORTED,
  },
  {
    name: 'the displacement factor of the best inverter is told of all',
    file: 'firmware/app/controld/status.ts',
    search: 'Math.max(...told.map(pick))',
    replace: 'Math.min(...told.map(pick))',
    tests: REPORTED,
  },
  {
    name: 'a battery that refuses keeps its share of what is to be given',
    file: STORAGE_FILE,
    search: 'answering.filter(({ device }) => !strays.has(device))',
    replace: 'answering',
    tests: SITES,
  },
  {
    name: 'a battery that does as it likes counts as what it acknowledged',
    file: STORAGE_FILE,
    search: 'strays.has(track.device) ? track.maxDischarge : possibleDischarge(track)',
    replace: 'possibleDischarge(track)',
    tests: SITES,
  },
  {
    name: 'a full battery is given its share of the sun',
    file: STORAGE_FILE,
    search: 'if (isFull || charge >= FULL_PERCENT) return 0;',
    replace: '',
    tests: SITES,
  },
  {
    name: 'storage runs behind the sun that goes',
    file: 'firmware/control/storage/residual.ts',
    search: 'const rate = Math.max(0, trend(history));',
    replace: 'const rate = 0;',
    tests: SITES,
  },
  {
    name: 'a window of storage is written inside out',
    file: 'drivers/storage/window.ts',
    search: 'into = charge.atLeast(0 - most);',
    replace: 'into += 1;',
    tests: ['test/property/drivers/storage-window.test.ts'],
  },
  {
    name: 'the limiter runs behind a load that goes on falling',
    file: 'firmware/control/limiter/load.ts',
    search: 'Math.min(0, trend(state.history)) * FOLLOWED_SECONDS',
    replace: '0',
    tests: ['test/unit/control/trend.test.ts'],
  },
  {
    name: 'what a hybrid gives through its inverter is taken off its cap as well',
    file: STORAGE_FILE,
    search: 'const beside = storages.filter(({ behind }) => behind === null);',
    replace: 'const beside = storages;',
    tests: ['test/sim/hybrid.test.ts'],
  },
  {
    name: 'a generation limit binds the battery of a hybrid beside its inverter',
    file: 'firmware/control/tick/storing.ts',
    search: 'storages.every(({ behind }) => behind !== null) ? null : power.generationLimit',
    replace: 'power.generationLimit',
    tests: ['test/sim/hybrid.test.ts'],
  },
  {
    name: 'what a battery itself reports is lost',
    file: 'drivers/storage/reading.ts',
    search: '{ alarms: about.charge.alarms ?? [] }',
    replace: '{}',
    tests: ['test/unit/drivers/battery.test.ts'],
  },
];

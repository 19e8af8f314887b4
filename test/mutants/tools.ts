import type { Mutant } from './mutant.ts';

const DOCTOR = ['test/unit/cli/doctor.test.ts'];
const DOCTOR_AT_WORK = ['test/protocol/north/doctor.test.ts'];
const TOOLS = ['test/protocol/north/tools.test.ts'];

/** Breaks of what the tools say to a person. */
export const TOOL_MUTANTS: readonly Mutant[] = [
  {
    name: 'the doctor looks at the size of the disk alone, not whether it can be written',
    file: 'firmware/app/cli/doctor-machine.ts',
    search: 'if (!written.ok) return wrong(',
    replace: 'if (false) return wrong(',
    tests: DOCTOR,
  },
  {
    name: 'the doctor overlooks a clock that runs away from the utility',
    file: 'firmware/app/cli/doctor-machine.ts',
    search: 'Math.abs(ahead) <= CLOCK_DIFFERENCE_MAX',
    replace: 'ahead <= CLOCK_DIFFERENCE_MAX',
    tests: DOCTOR,
  },
  {
    name: 'the doctor takes a chain whose issuer is missing',
    file: 'firmware/app/cli/doctor-identity.ts',
    search: 'if (broken !== null) return broken;',
    replace: '',
    tests: DOCTOR_AT_WORK,
  },
  {
    name: 'the doctor forgets the certificate on trial',
    file: 'firmware/app/cli/doctor.ts',
    search: 'if (trial === null) return;',
    replace: 'return;',
    tests: TOOLS,
  },
  {
    name: 'the tools go by the certificate on trial',
    file: 'firmware/app/identity/proven.ts',
    search: '(await isProven(state, renewed.config.lfdi)) ?',
    replace: 'renewed.config.lfdi.length > 0 ?',
    tests: TOOLS,
  },
];

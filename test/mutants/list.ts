import { CONTROL_MUTANTS } from './control.ts';
import { DEVICE_MUTANTS } from './devices.ts';
import { FIELD_MUTANTS } from './field.ts';
import { LIMITER_MUTANTS } from './limiter.ts';
import { LOCAL_MUTANTS } from './local.ts';
import type { Mutant } from './mutant.ts';
import { NORTHBOUND_MUTANTS } from './northbound.ts';
import { OBEDIENCE_MUTANTS } from './obedience.ts';
import { PLAN_MUTANTS } from './plan.ts';
import { STORAGE_MUTANTS } from './storage.ts';
import { TOOL_MUTANTS } from './tools.ts';
import { TPM_MUTANTS } from './tpm.ts';
import { NORTH_MUTANTS } from './utility.ts';

/** All of them, in the order they are run. */
export const MUTANTS: readonly Mutant[] = [
  ...CONTROL_MUTANTS,
  ...LIMITER_MUTANTS,
  ...OBEDIENCE_MUTANTS,
  ...LOCAL_MUTANTS,
  ...STORAGE_MUTANTS,
  ...DEVICE_MUTANTS,
  ...FIELD_MUTANTS,
  ...PLAN_MUTANTS,
  ...NORTH_MUTANTS,
  ...NORTHBOUND_MUTANTS,
  ...TOOL_MUTANTS,
  ...TPM_MUTANTS,
];

import { CSIP_AUS_ALL, CSIP_AUS_CLASSES } from './csip-aus.ts';
import { CSIP_GENERAL, CSIP_PROTOCOL } from './csip.ts';
import type { Requirement } from './requirement.ts';
import { SUNSPEC_BASIC, SUNSPEC_CORE } from './sunspec.ts';

/** Every requirement we know of, by the document it is in. */
export const REGISTRY: readonly { readonly title: string; readonly requirements: readonly Requirement[] }[] = [
  { title: 'CSIP, general', requirements: CSIP_GENERAL },
  { title: 'CSIP, protocol', requirements: CSIP_PROTOCOL },
  { title: 'CSIP-AUS procedures, all', requirements: CSIP_AUS_ALL },
  { title: 'CSIP-AUS procedures, classes', requirements: CSIP_AUS_CLASSES },
  { title: 'SunSpec CSIP procedures, communication and core', requirements: SUNSPEC_CORE },
  { title: 'SunSpec CSIP procedures, basic functions', requirements: SUNSPEC_BASIC },
];

const BY_ID: ReadonlyMap<string, Requirement> = new Map(
  REGISTRY.flatMap(({ requirements }) => requirements.map((requirement) => [requirement.id, requirement] as const)),
);

/** Null: no document has it. */
export const requirementOf = (id: string): Requirement | null => BY_ID.get(id) ?? null;

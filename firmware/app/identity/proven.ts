import type { Files } from '#base/ports.ts';
import type { Loaded } from '../config/utility.ts';

/** northd's own file: the LFDI that has completed a walk. The identity command writes the keys, this alone says which is proven. */
const PROVEN_FILE = 'north-identity';
const PROVEN_BYTES_MAX = 256;

/** Whether the identity of this LFDI has completed a walk in an earlier life. */
export const isProven = async (state: Files, lfdi: string): Promise<boolean> => {
  const proven = await state.read(PROVEN_FILE, PROVEN_BYTES_MAX);
  return proven.ok && new TextDecoder().decode(proven.value).trim() === lfdi;
};

export const keepProven = async (state: Files, lfdi: string): Promise<void> => {
  await state.replace(PROVEN_FILE, new TextEncoder().encode(`${lfdi}\n`));
};

/** An identity with the site it stands for. */
export type Identified = Pick<Loaded, 'tls' | 'config'>;

export interface Standing {
  readonly serving: Identified;
  /** A renewed certificate that has not completed a walk yet; null: none. */
  readonly trial: Identified | null;
}

/** Which identity serves: a renewed one from the day it is proven, until then the one before it. */
export const standingOf = async ({ renewed, tls, config }: Loaded, state: Files): Promise<Standing> => {
  const old: Identified = { tls, config };
  if (renewed === null) return { serving: old, trial: null };
  return (await isProven(state, renewed.config.lfdi)) ? { serving: renewed, trial: null } : { serving: old, trial: renewed };
};

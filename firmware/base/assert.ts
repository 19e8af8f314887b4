/** A broken invariant: the process ends with it and is restarted (design D11). */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

/** States what must hold here. Stays on in production. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new BrokenInvariant(invariant);
}

/** Ends an exhaustive switch; the compiler proves that it is never reached. */
export const unreachable = (value: never): never => {
  throw new BrokenInvariant(`unreachable case: ${JSON.stringify(value)}`);
};

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
  /** The break makes the tests wait for ever: each counts as failed after a few seconds. */
  readonly hangs?: true;
}

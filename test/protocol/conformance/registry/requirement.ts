/** One requirement of a standard or procedure, in our own words. */
export interface Requirement {
  /** As its document numbers it: `G12`, `ALL-03`, `BASIC-022`. */
  readonly id: string;
  readonly means: string;
  /** Absent: it applies, and a run must show it. */
  readonly standing?: Standing;
}

/**
 * Why a run need not show it. `not-claimed`: no class of a direct client we claim. `beside`: no
 * behaviour a server could see: a duty of the server, of an aggregator, or of people. `open`: it applies and we do not do it yet: red,
 * and the run fails as soon as it is shown after all.
 */
export interface Standing {
  readonly kind: 'not-claimed' | 'beside' | 'open';
  readonly why: string;
}

export const notClaimed = (why: string): Standing => ({ kind: 'not-claimed', why });
export const beside = (why: string): Standing => ({ kind: 'beside', why });

/** Rows of id, meaning and standing. */
export const table = (rows: readonly (readonly [id: string, means: string, standing?: Standing])[]): readonly Requirement[] =>
  rows.map(([id, means, standing]) => ({ id, means, ...(standing === undefined ? {} : { standing }) }));

import { afterAll, expect, test } from 'vitest';
import type { Exchange } from '../../rig/utility/journal.ts';
import type { VirtualGateway } from '../../support/gateway/gateway.ts';
import { STARTED_AT } from '../../support/gateway/settings.ts';
import { requirementOf } from './registry/registry.ts';
import { writeResults, type Proof, type Shown } from './results.ts';

/** Part of a run, in its seconds. */
export interface Span {
  readonly from?: number;
  readonly until?: number;
}

const inSpan = ({ from = -Infinity, until = Infinity }: Span, at: number): boolean =>
  at >= STARTED_AT + from && at < STARTED_AT + until;

const textOf = ({ method, resource, path, status, at }: Exchange): string =>
  `${method} ${resource ?? path} ${status} at ${(at - STARTED_AT).toFixed(1)} s`;

/** Collects what a test found in the server's log and at the site; without a proof a requirement is red although its test passed. */
export class Evidence {
  readonly proofs: Proof[] = [];

  /** The requests of the log that meet a criterion: at least one, else the test fails. */
  requests(
    { state }: VirtualGateway,
    what: string,
    meets: (exchange: Exchange) => boolean,
    span: Span = {},
  ): readonly Exchange[] {
    const found = state.journal.exchanges.filter((exchange) => inSpan(span, exchange.at) && meets(exchange));
    const [first] = found;
    if (first === undefined) throw new Error(`no such request: ${what}`);
    this.proofs.push({ what, of: 'requests', count: found.length, example: textOf(first) });
    return found;
  }

  /** No request of the log does this in the span; the test fails with the first that does. Shown only beside a proof of requests. */
  never({ state }: VirtualGateway, what: string, does: (exchange: Exchange) => boolean, span: Span = {}): void {
    const found = state.journal.exchanges.filter((exchange) => inSpan(span, exchange.at) && does(exchange));
    const [first] = found;
    if (first !== undefined) throw new Error(`${found.length} times, against ${what}: first ${textOf(first)}`);
  }

  /** What the site did, by the rig's truth: `measured` must lie between `least` and `most`. */
  site(what: string, measured: number | null, bounds: { readonly least?: number; readonly most?: number }): void {
    const { least = -Infinity, most = Infinity } = bounds;
    const value = measured ?? Number.NaN;
    if (!(value >= least && value <= most)) throw new Error(`${what}: ${measured}, not between ${least} and ${most}`);
    this.proofs.push({ what, of: 'site', count: 1, example: value.toFixed(1) });
  }

  /** What went on below HTTP: handshakes taken or refused. */
  wire(what: string, count: number): void {
    if (count < 1) throw new Error(`did not happen: ${what}`);
    this.proofs.push({ what, of: 'wire', count, example: what });
  }
}

const shown: Omit<Shown, 'file'>[] = [];

afterAll(() => {
  const { testPath } = expect.getState();
  if (testPath !== undefined) writeResults(testPath, shown);
});

/**
 * One test that shows requirements of the registry. It drives the stimulus and ends on the criterion, read through `evidence` from the
 * server's log and the site's truth. What it found is kept for the coverage table, whether it passed or not.
 */
export const requirement = (
  ids: readonly string[],
  title: string,
  run: (evidence: Evidence) => Promise<void>,
  timeoutSeconds?: number,
): void => {
  for (const id of ids) {
    const standing = requirementOf(id)?.standing?.kind ?? (requirementOf(id) === null ? 'unknown' : 'applies');
    if (standing !== 'applies' && standing !== 'open') throw new Error(`${id} is ${standing}: no test can show it`);
  }
  const options = timeoutSeconds === undefined ? {} : { timeout: timeoutSeconds * 1000 };
  test(`${ids.join(' ')}: ${title}`, options, async () => {
    const evidence = new Evidence();
    let passed = false;
    try {
      await run(evidence);
      passed = true;
    } finally {
      shown.push({ ids, title, passed, proofs: evidence.proofs });
    }
  });
};

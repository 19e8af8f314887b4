import type { FaultKind, Scenario } from '../scenario/scenario.ts';
import type { Truth } from '../site/plant.ts';
import type { ServedControl } from '../utility/controls.ts';
import type { UnitStatus } from './unit.ts';
import type { GatewayView } from './view-client.ts';

/** Something that happened, for the eye. */
export interface News {
  /** Seconds since the scenario's start. */
  readonly at: number;
  readonly source: 'controld' | 'northd' | 'server' | 'runner' | 'site';
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly text: string;
}

/** Everything that is known of a run while it runs. `truth` is the rig's, `view` is what the gateway itself says. */
export interface Board {
  readonly scenario: Scenario;
  readonly seed: number;
  /** Server time of second 0. */
  startedAt: number;
  elapsed: number;
  truth: Truth[];
  view: GatewayView | null;
  controls: readonly ServedControl[];
  news: News[];
  units: readonly UnitStatus[];
  readonly faults: Set<FaultKind>;
}

/** Half an hour at ten a second: a whole run of every scenario that ends, and the last of one that does not. */
const TRUTH_KEPT = 18_000;
const NEWS_KEPT = 400;

export const newBoard = (scenario: Scenario, seed: number): Board => ({
  scenario,
  seed,
  startedAt: 0,
  elapsed: 0,
  truth: [],
  view: null,
  controls: [],
  news: [],
  units: [],
  faults: new Set(),
});

export const addTruth = (board: Board, truth: Truth): void => {
  board.truth.push(truth);
  if (board.truth.length > TRUTH_KEPT + TRUTH_KEPT / 10) board.truth = board.truth.slice(-TRUTH_KEPT);
};

export const addNews = (board: Board, news: News): void => {
  board.news.push(news);
  if (board.news.length > 2 * NEWS_KEPT) board.news = board.news.slice(-NEWS_KEPT);
};

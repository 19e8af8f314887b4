/** Small words for what tests look for in the server's request log. */
import type { Control } from '../../rig/utility/controls.ts';
import type { ResourceKind } from '../../rig/utility/hrefs.ts';
import { responses, type Exchange } from '../../rig/utility/journal.ts';
import type { VirtualGateway } from '../../support/gateway/gateway.ts';
import { STARTED_AT } from '../../support/gateway/settings.ts';

type Criterion = (exchange: Exchange) => boolean;

export const accepted: Criterion = ({ status }) => status < 300;

/** A read of a resource of that kind that was answered. */
export const get =
  (kind: ResourceKind): Criterion =>
  (exchange) =>
    exchange.method === 'GET' && exchange.resource === kind && accepted(exchange);

/** A body of that root element that was taken, by PUT or POST. */
export const told =
  (type: string): Criterion =>
  (exchange) =>
    exchange.type === type && exchange.method !== 'GET' && accepted(exchange);

/** A Response with that status that was taken. */
export const answered =
  (status: number): Criterion =>
  (exchange) =>
    told('DERControlResponse')(exchange) && exchange.body?.['status'] === status;

/** Statuses of the Responses to one event, in the order they came. */
export const answersTo = ({ state }: VirtualGateway, { mRID }: Control): readonly number[] =>
  responses(state.journal)
    .filter(({ subject }) => subject === mRID)
    .map(({ status }) => status);

/** Server time of an exchange in seconds of the run. */
export const secondOf = ({ at }: { readonly at: number }): number => at - STARTED_AT;

/** First pages asked of a kind of resource, in seconds of the run. */
export const polls = ({ state }: VirtualGateway, kind: ResourceKind): readonly number[] =>
  state.journal.exchanges
    .filter(({ method, resource, query }) => {
      const start = new URLSearchParams(query).get('s') ?? '0';
      return method === 'GET' && resource === kind && start === '0';
    })
    .map(secondOf);

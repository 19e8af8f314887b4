import type { Result } from '#base/result.ts';
import type { MonoMs } from '#base/units.ts';
import type { HttpFault, HttpMethod, HttpReply } from '#utility/walk/http-port.ts';

export type Reply = Result<HttpReply, HttpFault>;

/** One request of ours and what its reply means. */
export interface Job {
  readonly what: string;
  readonly method: HttpMethod;
  readonly url: string;
  readonly body: string | null;
  readonly settle: (now: MonoMs, reply: Reply) => Promise<void> | void;
}

/** Null: no answer. */
export const statusOf = (reply: Reply): number | null => (reply.ok ? reply.value.status : null);

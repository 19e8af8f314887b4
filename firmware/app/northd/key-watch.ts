import type { HttpClient } from '#utility/walk/http-port.ts';

/** What is known of the key's signatures: how many there were, and what the last one took. */
export interface Signing {
  readonly count: () => number;
  /** Milliseconds. */
  readonly lastMs: () => number;
}

/** Raises an alarm of this name with a text, or ends it with null. */
export type RaiseAlarm = (event: 'tpm' | 'tpm-slow', text: string | null) => void;

/** A TPM in order signs in 50 to 400 ms; from here on a person should look. */
const SLOW_MS = 450;

/**
 * The client, watched for what the key in the TPM does: `tpm` stands from a handshake that failed for want of a signature to the next
 * answer of the server, `tpm-slow` from a signature that took long to one that did not. Both say what the TPM said.
 */
export const watchKey = (http: HttpClient, signing: Signing | null, raise: RaiseAlarm): HttpClient => {
  let signed = signing?.count() ?? 0;
  let standing = '';
  const lookAtPace = (): void => {
    if (signing === null || signing.count() === signed) return;
    signed = signing.count();
    const took = Math.round(signing.lastMs());
    raise('tpm-slow', took < SLOW_MS ? null : `the TPM signs slowly (${took} ms): each new connection waits for it`);
  };
  /** One alarm for one kind of fault, however its wording changes from try to try. */
  const tell = (fault: string | null): void => {
    const kind = fault === null ? '' : (/TPM_[A-Z_]+/.exec(fault)?.[0] ?? fault);
    if (kind === standing) return;
    standing = kind;
    raise('tpm', fault === null ? null : `nothing goes north, the TPM key does not sign: ${fault}`);
  };
  return {
    request: async (wanted) => {
      const reply = await http.request(wanted);
      lookAtPace();
      if (reply.ok || reply.fault.kind === 'tls-key') tell(reply.ok ? null : reply.fault.text);
      return reply;
    },
    close: async () => await http.close(),
  };
};

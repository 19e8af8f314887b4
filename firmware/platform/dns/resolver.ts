import { Resolver } from 'node:dns/promises';
import { fail, ok, type Result } from '#base/result.ts';
import type { DnsPort } from '#utility/walk/service-port.ts';

/** Of one question to one server, milliseconds; asked twice. */
const TIMEOUT_MS = 3000;
const TRIES = 2;
/** Answers that say that there is no such record. */
const NONE: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

/** Unicast DNS. `servers`: `address:port`; absent: those of the system. Never rejects. */
export const dnsResolver = (servers?: readonly string[]): DnsPort => {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  const records = async <T>(ask: () => Promise<readonly T[]>): Promise<Result<readonly T[], string>> => {
    try {
      return ok(await ask());
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      return NONE.has(code) ? ok([]) : fail(error instanceof Error ? error.message : String(error));
    }
  };
  return {
    pointers: async (name) => await records(async () => await resolver.resolvePtr(name)),
    services: async (name) =>
      await records(async () =>
        (await resolver.resolveSrv(name)).map(({ name: host, port, priority }) => ({ host, port, priority })),
      ),
    texts: async (name) => await records(async () => await resolver.resolveTxt(name)),
  };
};

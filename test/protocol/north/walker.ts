import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { sleepUntil } from '#base/ports.ts';
import { after, seconds } from '#base/units.ts';
import type { HttpClient } from '#utility/walk/http-port.ts';
import type { WalkEvent, WalkMachine } from '#utility/walk/machine.ts';

/** Runs a walk over a client until `done` says so, at most `limitSeconds`. */
export const walkUntil = async (
  machine: WalkMachine,
  client: HttpClient,
  done: (event: WalkEvent) => boolean,
  limitSeconds = 20,
): Promise<readonly WalkEvent[]> => {
  const events: WalkEvent[] = [];
  const deadline = after(monotonicClock.now(), seconds(limitSeconds));
  while (monotonicClock.now() < deadline) {
    const request = machine.next(monotonicClock.now());
    if (request === null) {
      const wake = Math.min(machine.wakeAt(monotonicClock.now()), deadline);
      await sleepUntil(monotonicClock, wake as typeof deadline);
      continue;
    }
    const headers =
      request.body === null
        ? { accept: 'application/sep+xml' }
        : { accept: 'application/sep+xml', 'content-type': 'application/sep+xml' };
    const reply = await client.request({ ...request, headers });
    const news = machine.onReply(monotonicClock.now(), reply);
    events.push(...news);
    if (news.some(done)) return events;
  }
  return events;
};

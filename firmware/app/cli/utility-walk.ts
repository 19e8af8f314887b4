import { sleepUntil, type Note } from '#base/ports.ts';
import { after, elapsed, seconds, utilitySeconds, type MonoMs, type UtilitySeconds } from '#base/units.ts';
import type { UtilityProfile } from '#utility/translate/profile.ts';
import type { HttpClient } from '#utility/walk/http-port.ts';
import { WalkMachine } from '#utility/walk/machine.ts';
import type { WalkSettings } from '#utility/walk/settings.ts';
import type { WalkedTree } from '#utility/walk/tree.ts';
import type { CliPorts } from './ports.ts';

/** Longest walk of a tool: a person waits. */
const WALK_MAX = seconds(20);
/** What is due later than this belongs to the next poll. */
const PAUSE = seconds(5);

export interface Walked {
  /** Null: it did not come so far; the notes say why. */
  readonly tree: WalkedTree | null;
  /** Utility time now; null: not read. */
  readonly utility: UtilitySeconds | null;
  readonly notes: readonly Note[];
  readonly requests: number;
}

/** One walk of a utility server as northd makes it, without registering or telling anything. */
export const walkOnce = async (
  ports: Pick<CliPorts, 'clock' | 'stop'>,
  http: HttpClient,
  settings: WalkSettings,
  profile: UtilityProfile,
): Promise<Walked> => {
  const { clock } = ports;
  const machine = new WalkMachine({ ...settings, inBandRegistration: false }, clock.now());
  const end = after(clock.now(), WALK_MAX);
  const notes: Note[] = [];
  let tree: WalkedTree | null = null;
  let time: { readonly utility: UtilitySeconds; readonly at: MonoMs } | null = null;
  let requests = 0;
  while (clock.now() < end && !ports.stop.aborted) {
    const request = machine.next(clock.now());
    if (request === null) {
      const wake = machine.wakeAt(clock.now());
      if (tree !== null || machine.stopped || wake > after(clock.now(), PAUSE) || wake > end) break;
      await sleepUntil(clock, wake, ports.stop);
      continue;
    }
    requests += 1;
    const reply = await http.request({ ...request, headers: { accept: profile.accept } });
    for (const event of machine.onReply(clock.now(), reply)) {
      if (event.kind === 'tree') tree = event.tree;
      if (event.kind === 'note') notes.push(event.note);
      if (event.kind === 'time') time = { utility: event.utility, at: event.middle };
    }
    if (machine.down) break;
  }
  const utility = time === null ? null : utilitySeconds(Math.floor(time.utility + elapsed(time.at, clock.now()) / 1000));
  return { tree, utility, notes, requests };
};

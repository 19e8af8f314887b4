import type { Clock, Note } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { after, seconds } from '#base/units.ts';
import type { HttpClient } from '#utility/walk/http-port.ts';
import type { DnsPort } from '#utility/walk/service-port.ts';
import { WalkMachine } from '#utility/walk/machine.ts';
import { PIN_RECHECK } from '#utility/walk/settings.ts';
import type { WalkedTree } from '#utility/walk/tree.ts';
import { discovered } from './discovery.ts';
import type { NorthdConfig } from './northd.ts';
import type { Patience } from './patience.ts';

/** A renewed certificate: another LFDI and so another registration, on trial beside the one that serves. */
export interface Renewal {
  /** Made with the renewed identity. */
  readonly http: HttpClient;
  readonly config: NorthdConfig;
  /** It has completed a walk: it is to serve from now on. */
  readonly onTaken: () => void;
}

interface TrialPorts {
  readonly clock: Clock;
  readonly note: (note: Note) => void;
  readonly dns?: DnsPort;
}

/** Longest walk on trial; a registration made in it shows after seconds. */
const WALK_MAX = seconds(120);
/** A walk waits no longer for what has just been made; what is due later belongs to the next poll. */
const PAUSE_MAX = seconds(15);

/**
 * Walks with the renewed identity, at the default rate of the profile, until one walk is complete: everything is read, and there are
 * programs where the serving identity has some (`standing`: how many). Before that the utility may know the certificate and have
 * assigned nothing to it yet, and a switch would take the limits away.
 */
export const tryRenewal = async (
  ports: TrialPorts,
  renewal: Renewal,
  patience: Patience,
  standing: () => number,
): Promise<void> => {
  const { clock, note } = ports;
  let said = '';
  while (!patience.isStopping) {
    const found = await discovered({ ...ports, http: renewal.http }, renewal.config, patience);
    if (found === null) return;
    const walked = await walkOnce(clock, renewal.http, found.config, patience);
    if (walked === null) return;
    const verdict = walked.ok ? judged(walked.value, standing()) : walked;
    const { lfdi } = renewal.config;
    if (verdict.ok) {
      note({ event: 'identity-renewed', level: 'info', text: `LFDI ${lfdi} has completed a walk: it serves from now on` });
      renewal.onTaken();
      return;
    }
    const { why, again } = verdict.fault;
    const text = `the utility does not take LFDI ${lfdi} yet (${why}): the previous identity serves on`;
    if (text !== said) note({ event: 'identity-not-taken', level: 'warn', text });
    said = text;
    await patience.until(after(clock.now(), seconds(again ?? found.config.walk.defaultRate)));
  }
};

/** Why not, and seconds to the next trial; null: the usual ones. */
type Verdict<T> = Result<T, { readonly why: string; readonly again: number | null }>;

const judged = (tree: WalkedTree, standing: number): Verdict<void> =>
  tree.programs.length > 0 || standing === 0 ? ok(undefined) : fail({ why: 'no program is assigned to it', again: null });

/** Null: stopped. */
const walkOnce = async (
  clock: Clock,
  http: HttpClient,
  config: NorthdConfig,
  patience: Patience,
): Promise<Verdict<WalkedTree> | null> => {
  const machine = new WalkMachine(config.walk, clock.now());
  const end = after(clock.now(), WALK_MAX);
  const { accept, contentType } = config.profile;
  let why = 'the walk did not end';
  while (!patience.isStopping && !machine.down && clock.now() < end) {
    if (machine.stopped) return fail({ why: 'its registration PIN is not ours', again: PIN_RECHECK });
    const request = machine.next(clock.now());
    if (request === null) {
      if (machine.wakeAt(clock.now()) > after(clock.now(), PAUSE_MAX)) break;
      await patience.until(machine.wakeAt(clock.now()));
      continue;
    }
    const headers = request.body === null ? { accept } : { accept, 'content-type': contentType };
    const reply = await http.request({ ...request, headers });
    for (const event of machine.onReply(clock.now(), reply)) {
      if (event.kind === 'note') {
        why = event.note.text;
        if (event.note.event === 'resource-failed') return fail({ why, again: null });
      }
      if (event.kind !== 'tree') continue;
      if (event.tree.complete && event.tree.programs.every(({ read }) => read)) return ok(event.tree);
      why = 'not everything of it could be read';
    }
  }
  return patience.isStopping ? null : fail({ why, again: null });
};

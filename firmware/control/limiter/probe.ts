import { type MonoMs, watts, type Watts } from '#base/units.ts';
import { isDoubtedSign, type SightState } from './sight.ts';

/**
 * A meter that was found implausible is tried after this long, and again each minute; after ten minutes seldom, for the sake of the
 * inverters' flash, but more often than time alone would make it believed. Milliseconds.
 */
const FIRST_MS = 15_000;
/** Sooner where only its sign is doubted: it may show an import beyond its limit, which nobody makes good meanwhile. */
const SIGN_FIRST_MS = 6000;
const EVERY_MS = 60_000;
const OFTEN_MS = 600_000;
const SELDOM_MS = 300_000;
/** As long as most plants take to show it; one that was seen to be slower gets what it took, and a few readings more. */
const PROBE_MS = 14_000;
const SHOWN_MS = 6000;
/** Deep enough that a sound meter must show it: more than the five per cent that count as evidence. */
const DEPTH_FRACTION = 0.08;
/** With less output than that there is nothing to take away. */
const OUTPUT_FRACTION = DEPTH_FRACTION;

/** The inverters are held below what they gave, to see whether the meter follows. */
export interface Probe {
  readonly since: MonoMs;
  readonly cap: Watts;
}

/**
 * A sound meter may be disbelieved when the load twice steps against the inverters; the site would stand at its blind cap for ten
 * minutes. So the output is lowered a little now and then: a meter that follows it down, and up again, is believed. Never above
 * `command`.
 */
export const probed = (
  before: Probe | null,
  sight: SightState,
  site: { readonly command: Watts; readonly output: Watts | null; readonly maxPower: Watts; readonly settleMs: number },
  now: MonoMs,
): Probe | null => {
  if (sight.seen || sight.reason !== 'implausible' || sight.lostAt === null) return null;
  if (before !== null && now - before.since < Math.max(PROBE_MS, site.settleMs + SHOWN_MS)) return before;
  const since = now - sight.lostAt;
  const phase = since % (since < OFTEN_MS ? EVERY_MS : SELDOM_MS);
  const first = isDoubtedSign(sight) ? SIGN_FIRST_MS : FIRST_MS;
  const due = before === null && phase >= first && phase < first + PROBE_MS;
  const { command, output, maxPower } = site;
  if (!due || output === null || output < OUTPUT_FRACTION * maxPower) return null;
  return { since: now, cap: watts(Math.max(0, Math.min(command, output) - DEPTH_FRACTION * maxPower)) };
};

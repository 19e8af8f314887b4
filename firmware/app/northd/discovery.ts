import { SeededRandom } from '#base/random.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { after, seconds } from '#base/units.ts';
import { backOff } from '#utility/walk/back-off.ts';
import { locatedSite } from '../config/locate.ts';
import { servedSite, type NoVersion } from '../config/version.ts';
import type { NorthdConfig, NorthdPorts } from './northd.ts';
import type { Patience } from './patience.ts';

/** Between two looks at a server that offers no version we speak, seconds. */
const RATE = 300;
/** Between two looks whether the server is down. */
const DOWN_EVERY = seconds(5);

type DiscoveryPorts = Pick<NorthdPorts, 'clock' | 'http' | 'note' | 'dns'>;

export interface Discovered {
  readonly config: NorthdConfig;
  /** DeviceCapability as DNS gave it; null: it is configured. */
  readonly place: string | null;
}

interface Refusal extends NoVersion {
  readonly event: 'server-unknown' | 'version-unknown';
}

/**
 * The configuration to run with once DNS has said where the server is, where a domain alone is configured, and the server which version
 * it serves and where, where the profile asks for that. Each try begins with DNS: a server that is not there may have moved. Asks until
 * it knows; null: stopped before.
 */
export const discovered = async (ports: DiscoveryPorts, config: NorthdConfig, patience: Patience): Promise<Discovered | null> => {
  const { clock, note } = ports;
  const random = new SeededRandom(config.walk.seed, 'discovery');
  let [said, place] = ['', ''];
  for (let failures = 1; !patience.isStopping; failures += 1) {
    const located = await placed(ports, config);
    if (located.ok && located.value.place !== null && located.value.place !== place) {
      place = located.value.place;
      note({ event: 'server-located', level: 'info', text: `${config.domain ?? ''}: ${place}` });
    }
    const found = located.ok ? await versioned(ports, located.value) : located;
    if (found.ok) return found.value;
    const { event, why, retryAfter } = found.fault;
    if (why !== said) note({ event, level: 'warn', text: why });
    said = why;
    await patience.until(after(clock.now(), backOff(failures, RATE, retryAfter, random)));
  }
  return null;
};

const placed = async ({ dns }: Pick<DiscoveryPorts, 'dns'>, config: NorthdConfig): Promise<Result<Discovered, Refusal>> => {
  if (config.domain === null) return ok({ config, place: null });
  const found = dns === undefined ? fail('no DNS here') : await locatedSite(dns, config);
  if (!found.ok) return fail({ event: 'server-unknown', why: found.fault, retryAfter: null });
  return ok({ config: { ...config, walk: found.value.walk }, place: found.value.walk.dcap });
};

const versioned = async ({ http, note }: DiscoveryPorts, { config, place }: Discovered): Promise<Result<Discovered, Refusal>> => {
  const served = await servedSite(http, config);
  if (!served.ok) return fail({ ...served.fault, event: 'version-unknown' });
  const { profile, walk } = served.value;
  if (profile.discovery !== 'dcap')
    note({ event: 'version-chosen', level: 'info', text: `CSIP-AUS v${profile.csipAus} at ${walk.dcap}` });
  return ok({ config: served.value, place });
};

/**
 * Asks DNS again while the server is down, where a domain alone is configured; `onMoved` when it names another place than the present
 * one. What DNS does not say changes nothing. Until stopped.
 */
export const watchPlace = async (
  ports: Pick<NorthdPorts, 'clock' | 'dns' | 'note'>,
  config: NorthdConfig,
  watched: { readonly place: () => string | null; readonly isDown: () => boolean; readonly onMoved: () => void },
  patience: Patience,
): Promise<void> => {
  const { clock, note } = ports;
  if (config.domain === null) return;
  const random = new SeededRandom(config.walk.seed, 'place');
  let failures = 0;
  while (!patience.isStopping) {
    const place = watched.place();
    if (place === null || !watched.isDown()) {
      failures = 0;
      await patience.until(after(clock.now(), DOWN_EVERY));
      continue;
    }
    failures += 1;
    await patience.until(after(clock.now(), backOff(failures, RATE, null, random)));
    const found = watched.isDown() ? await placed(ports, config) : null;
    if (found === null || !found.ok || found.value.place === place) continue;
    note({ event: 'server-moved', level: 'info', text: `${config.domain}: ${found.value.place ?? ''}, no longer ${place}` });
    watched.onMoved();
  }
};

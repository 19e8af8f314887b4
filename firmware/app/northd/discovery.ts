import { SeededRandom } from '#base/random.ts';
import { fail } from '#base/result.ts';
import { after } from '#base/units.ts';
import { backOff } from '#utility/walk/back-off.ts';
import { locateServer } from '../config/locate.ts';
import { servedSite } from '../config/version.ts';
import type { NorthdConfig, NorthdPorts } from './northd.ts';
import type { Patience } from './patience.ts';

/** Between two looks at a server that offers no version we speak, seconds. */
const RATE = 300;

type DiscoveryPorts = Pick<NorthdPorts, 'clock' | 'http' | 'note' | 'dns'>;

/**
 * The configuration to run with once DNS has said where the server is, where a domain alone is configured, and the server which version
 * it serves and where, where the profile asks for that. Asks until it knows; null: stopped before.
 */
export const discovered = async (
  ports: DiscoveryPorts,
  config: NorthdConfig,
  patience: Patience,
): Promise<NorthdConfig | null> => {
  const located = config.domain === null ? config : await locatedIn(config.domain, ports, config, patience);
  if (located === null || located.profile.discovery === 'dcap') return located;
  return await versionOf(ports, located, patience);
};

const locatedIn = async (
  domain: string,
  { clock, dns, note }: DiscoveryPorts,
  config: NorthdConfig,
  patience: Patience,
): Promise<NorthdConfig | null> => {
  const random = new SeededRandom(config.walk.seed, 'domain');
  let said = '';
  for (let failures = 1; !patience.isStopping; failures += 1) {
    const found = dns === undefined ? fail('no DNS here') : await locateServer(dns, domain, config.walk.sfdi);
    if (found.ok) {
      note({ event: 'server-located', level: 'info', text: `${domain}: ${found.value}` });
      return { ...config, walk: { ...config.walk, dcap: found.value } };
    }
    if (found.fault !== said) note({ event: 'server-unknown', level: 'warn', text: found.fault });
    said = found.fault;
    await patience.until(after(clock.now(), backOff(failures, RATE, null, random)));
  }
  return null;
};

const versionOf = async (ports: DiscoveryPorts, config: NorthdConfig, patience: Patience): Promise<NorthdConfig | null> => {
  const { clock, http, note } = ports;
  const random = new SeededRandom(config.walk.seed, 'discovery');
  let said = '';
  for (let failures = 1; !patience.isStopping; failures += 1) {
    const served = await servedSite(http, config);
    if (served.ok) {
      const { profile, walk } = served.value;
      note({ event: 'version-chosen', level: 'info', text: `CSIP-AUS v${profile.csipAus} at ${walk.dcap}` });
      return served.value;
    }
    const { why, retryAfter } = served.fault;
    if (why !== said) note({ event: 'version-unknown', level: 'warn', text: why });
    said = why;
    await patience.until(after(clock.now(), backOff(failures, RATE, retryAfter, random)));
  }
  return null;
};

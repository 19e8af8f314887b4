import type { Files } from '#base/ports.ts';
import { fail, type Result } from '#base/result.ts';
import { decodeProfile, type UtilityProfile } from '#utility/translate/profile.ts';
import csipAus12 from '../../../config/utility/csip-aus-v1.2.json' with { type: 'json' };
import csipAus13 from '../../../config/utility/csip-aus-v1.3.json' with { type: 'json' };
import csipBaseline from '../../../config/utility/csip-baseline.json' with { type: 'json' };
import energyQueensland from '../../../config/utility/energy-queensland.json' with { type: 'json' };
import jemena from '../../../config/utility/jemena.json' with { type: 'json' };
import powercor from '../../../config/utility/citipower-powercor-united.json' with { type: 'json' };
import saPowerNetworks from '../../../config/utility/sa-power-networks.json' with { type: 'json' };

/** Profiles that come with the release, by the name of their file in config/utility. */
export const SHIPPED_PROFILES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['citipower-powercor-united', powercor],
  ['csip-aus-v1.2', csipAus12],
  ['csip-aus-v1.3', csipAus13],
  ['csip-baseline', csipBaseline],
  ['energy-queensland', energyQueensland],
  ['jemena', jemena],
  ['sa-power-networks', saPowerNetworks],
]);
const PROFILE_BYTES_MAX = 64 * 1024;

/** `utility/NAME.json` of the configuration directory goes before the one that came with the release. */
export const loadProfile = async (name: string, files: Files): Promise<Result<UtilityProfile, string>> => {
  const own = await files.read(`utility/${name}.json`, PROFILE_BYTES_MAX);
  const value = own.ok ? parse(own.value) : SHIPPED_PROFILES.get(name);
  if (value === undefined)
    return fail(`there is no readable utility profile ${name}; shipped are ${[...SHIPPED_PROFILES.keys()].join(', ')}`);
  const profile = decodeProfile(value);
  return profile.ok ? profile : fail(`utility profile ${name}: ${profile.fault.join('; ')}`);
};

const parse = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
};

import { fail, ok, type Result } from '#base/result.ts';
import type { HttpClient } from '#utility/walk/http-port.ts';
import { chooseVersion, mediaTypeFor, wellKnownUrl } from '#utility/walk/well-known.ts';
import type { UtilitySite } from './utility.ts';

export interface NoVersion {
  /** For a person. */
  readonly why: string;
  /** Seconds that the server asks for; null: none. */
  readonly retryAfter: number | null;
}

/** The site with the version that the server serves, its address and its media types; as it is where the profile does not ask for that. */
export const servedSite = async <Site extends UtilitySite>(http: HttpClient, site: Site): Promise<Result<Site, NoVersion>> => {
  if (site.profile.discovery === 'dcap') return ok(site);
  const url = wellKnownUrl(site.walk.dcap);
  const reply = await http.request({ method: 'GET', url, headers: { accept: 'application/json' }, body: null });
  if (!reply.ok) return fail({ why: `${reply.fault.kind}: ${reply.fault.text}`, retryAfter: null });
  const { status, body, retryAfter } = reply.value;
  if (status !== 200) return fail({ why: `${url}: HTTP ${status}`, retryAfter });
  const chosen = chooseVersion(body, reply.value.url, site.walk);
  if (!chosen.ok) return fail({ why: chosen.fault, retryAfter });
  const { version, dcap } = chosen.value;
  const { accept, contentType } = site.profile;
  const media = { accept: mediaTypeFor(accept, version), contentType: mediaTypeFor(contentType, version) };
  return ok({ ...site, profile: { ...site.profile, ...media, csipAus: version }, walk: { ...site.walk, dcap } });
};

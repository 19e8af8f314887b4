import { fail, ok, type Result } from '#base/result.ts';

/** DNS-SD as IEEE 2030.5 names it; the domain is the utility's own, asked by unicast (reference 1.7). */
const SERVICE = '_smartenergy._tcp';
const HTTPS_PORT = 443;
const SFDI_DIGITS = 12;
const PATH_MAX = 255;
/** Instances looked at; a utility has one or two. */
export const INSTANCES_MAX = 8;

/** Records of one name; an empty list: there is none. The fault is for a person: no answer. */
export interface DnsPort {
  pointers(name: string): Promise<Result<readonly string[], string>>;
  services(name: string): Promise<Result<readonly ServiceRecord[], string>>;
  /** Each record as its strings. */
  texts(name: string): Promise<Result<readonly (readonly string[])[], string>>;
}

export interface ServiceRecord {
  readonly host: string;
  readonly port: number;
  /** Lower first. */
  readonly priority: number;
}

/** Names whose PTR give instances, best first: the server that knows this very device, then any. */
export const instanceNames = (domain: string, sfdi: number): readonly string[] => [
  `edev-${String(sfdi).padStart(SFDI_DIGITS, '0')}._sub.${SERVICE}.${domain}`,
  `${SERVICE}.${domain}`,
];

/** TXT keys of a record: case does not count, the first of a name does (RFC 6763). */
const keysOf = (strings: readonly string[]): ReadonlyMap<string, string> => {
  const keys = new Map<string, string>();
  for (const text of strings) {
    const at = text.indexOf('=');
    const name = (at < 0 ? text : text.slice(0, at)).toLowerCase();
    if (name !== '' && !keys.has(name)) keys.set(name, at < 0 ? '' : text.slice(at + 1));
  }
  return keys;
};

/**
 * Address of DeviceCapability that one instance states. The port is the one of the key `https`, never that of the SRV record, which is
 * for plain HTTP; without the key the server has no HTTPS and is none for us.
 */
export const dcapOf = (record: ServiceRecord, strings: readonly string[]): Result<string, string> => {
  if (!/^txtvers=1$/i.test(strings[0] ?? '')) return fail('its TXT does not begin with txtvers=1');
  const keys = keysOf(strings);
  const path = keys.get('dcap') ?? '';
  const https = keys.get('https');
  if (https === undefined) return fail('it offers no https');
  const port = https === '' ? HTTPS_PORT : Number(https);
  if (!/^\d{0,5}$/.test(https) || port < 1 || port > 65_535) return fail(`its https port is ${https.slice(0, 20)}`);
  const url = `https://${record.host.replace(/\.$/, '')}:${port}/${path.replace(/^\/+/, '')}`;
  if (path === '' || path.length > PATH_MAX || !URL.canParse(url)) return fail('it states no path of DeviceCapability');
  return ok(new URL(url).href);
};

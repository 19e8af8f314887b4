import { fail, ok, type Result } from '#base/result.ts';
import type { UtilitySite } from './utility.ts';
import { dcapOf, INSTANCES_MAX, instanceNames, type DnsPort, type ServiceRecord } from '#utility/walk/service-port.ts';

/** Finds DeviceCapability where the configuration gives a domain alone (CSIP 6.2.1.2). The fault is for a person. */
export const locateServer = async (dns: DnsPort, domain: string, sfdi: number): Promise<Result<string, string>> => {
  let why = `${domain} offers no _smartenergy._tcp`;
  for (const name of instanceNames(domain, sfdi)) {
    const found = await dns.pointers(name);
    if (!found.ok) return fail(`DNS: ${found.fault}`);
    // A domain without instances may state its one server under the name of the service itself.
    const instances = found.value.length > 0 ? found.value.slice(0, INSTANCES_MAX) : [name];
    const servers: { readonly instance: string; readonly record: ServiceRecord }[] = [];
    for (const instance of instances) {
      const records = await dns.services(instance);
      if (!records.ok) return fail(`DNS: ${records.fault}`);
      servers.push(...records.value.map((record) => ({ instance, record })));
    }
    servers.sort((a, b) => a.record.priority - b.record.priority);
    for (const { instance, record } of servers) {
      const texts = await dns.texts(instance);
      if (!texts.ok) return fail(`DNS: ${texts.fault}`);
      for (const strings of texts.value) {
        const dcap = dcapOf(record, strings);
        if (dcap.ok) return ok(dcap.value);
        why = `${instance}: ${dcap.fault}`;
      }
    }
  }
  return fail(why);
};

/** The site with the address that DNS gives, where the configuration gives a domain alone; as it is elsewhere. */
export const locatedSite = async (dns: DnsPort, site: UtilitySite): Promise<Result<UtilitySite, string>> => {
  if (site.domain === null) return ok(site);
  const found = await locateServer(dns, site.domain, site.walk.sfdi);
  return found.ok ? ok({ ...site, walk: { ...site.walk, dcap: found.value } }) : found;
};

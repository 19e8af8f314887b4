/** A client in virtual time for the tests of the core: one request at a time, at a time the test sets. */
import type { UtilityResponse } from '../../rig/utility/core.ts';
import { defaultOptions, exampleScenario, type UtilityOptions } from '../../rig/utility/options.ts';
import { createUtility, type UtilityState } from '../../rig/utility/state.ts';
import { virtualUtility } from '../../rig/utility/virtual.ts';
import { readXml, type XmlElement } from '../../rig/utility/xml.ts';

export const LFDI = '0F3078CFDDAEE28DC20B95635DC116CC2A6D877F';
export const SFDI = 40_773_583_337;
export const START = 1_800_000_000;

export interface TestClient {
  readonly state: UtilityState;
  readonly dcap: string;
  now: number;
  get(path: string): UtilityResponse;
  send(method: string, path: string, body: string, headers?: Readonly<Record<string, string>>): UtilityResponse;
  request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
    lfdi?: string | null,
  ): UtilityResponse;
}

export const client = (given: Partial<UtilityOptions> = {}): TestClient => {
  const state = createUtility(
    defaultOptions({ seed: 7, startedAt: START, scenario: exampleScenario(), devices: [{ lfdi: LFDI, sfdi: SFDI }], ...given }),
  );
  const self: TestClient = {
    state,
    dcap: '',
    now: START,
    get: (path) => self.request('GET', path, { accept: 'application/sep+xml' }),
    send: (method, path, body, headers = { 'content-type': 'application/sep+xml' }) => self.request(method, path, headers, body),
    request: (method, target, headers, body = '', lfdi = LFDI) => {
      const [path, query] = target.split('?', 2);
      const answered = shell.request({ method, path: path ?? '', query: query ?? '', headers, body, clientLfdi: lfdi });
      if (answered === null) throw new Error('the server is down');
      return answered;
    },
  };
  const shell = virtualUtility(state, () => self.now);
  return Object.assign(self, { dcap: shell.dcap });
};

/** The document of an answer; throws when it is none. */
export const xml = (response: UtilityResponse): XmlElement => {
  const read = readXml(response.body);
  if (!read.ok) throw new Error(`${response.status}: ${read.fault.problem}`);
  return read.value;
};

/** Every element of that name below. */
export const all = (element: XmlElement, name: string): readonly XmlElement[] =>
  element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...all(child, name)]);

export const one = (element: XmlElement, name: string): XmlElement => {
  const found = all(element, name)[0];
  if (found === undefined) throw new Error(`no ${name} in ${element.name}`);
  return found;
};

export const attribute = (element: XmlElement, name: string): string =>
  element.attributes.find((candidate) => candidate.name === name)?.value ?? '';

export const href = (element: XmlElement, link: string): string => attribute(one(element, link), 'href');

/** Paths a client finds on its way, by what they are. */
export const discover = (
  it: TestClient,
): Readonly<Record<'device' | 'mup' | 'der' | 'log' | 'point' | 'replyTo' | 'pin' | 'fsa', string>> => {
  const dcap = xml(it.get(it.dcap));
  const device = one(xml(it.get(href(dcap, 'EndDeviceListLink'))), 'EndDevice');
  const fsa = one(xml(it.get(href(device, 'FunctionSetAssignmentsListLink'))), 'FunctionSetAssignments');
  const sets = xml(it.get(href(fsa, 'ResponseSetListLink')));
  return {
    device: attribute(device, 'href'),
    mup: href(dcap, 'MirrorUsagePointListLink'),
    der: href(device, 'DERListLink'),
    log: href(device, 'LogEventListLink'),
    point: all(device, 'ConnectionPointLink').length === 0 ? '' : href(device, 'ConnectionPointLink'),
    pin: href(device, 'RegistrationLink'),
    fsa: href(device, 'FunctionSetAssignmentsListLink'),
    replyTo: href(sets, 'ResponseListLink'),
  };
};

/** Every program found by paging through all assignments. */
export const programs = (it: TestClient): readonly XmlElement[] =>
  pages(it, discover(it).fsa, 'FunctionSetAssignments').flatMap((fsa) =>
    pages(it, href(fsa, 'DERProgramListLink'), 'DERProgram'),
  );

/** All items of a list, page by page. */
export const pages = (it: TestClient, path: string, item: string): readonly XmlElement[] => {
  const found: XmlElement[] = [];
  for (let total = 1; found.length < total; ) {
    const answered = it.get(`${path}?s=${found.length}&l=255`);
    if (answered.status === 204) return found;
    const list = xml(answered);
    total = Number(attribute(list, 'all'));
    const items = list.children.filter((child) => child.name === item);
    if (items.length === 0 && total > found.length) throw new Error(`an empty page of ${path}`);
    found.push(...items);
  }
  return found;
};

/** What GET answers: each resource as a body, lists in pages. */
import type { Body } from './body.ts';
import {
  CANCELLED,
  controlBase,
  controlBody,
  listedAt,
  potentiallySuperseded,
  statusAt,
  type Control,
  type Program,
} from './controls.ts';
import { hrefOf, type Resource, type ResourceKind } from './hrefs.ts';
import { mintMRID, type Device, type Mirror, type UtilityState } from './state.ts';

/** `s` and `l` of the query. */
export interface Page {
  readonly start: number;
  readonly limit: number;
}

/** A body of `type`; null: the resource exists and is empty (204). */
export type Served = { readonly type: string; readonly body: Body } | null;

export interface Viewer {
  readonly state: UtilityState;
  /** null: a client that may register itself. */
  readonly device: Device | null;
  readonly at: number;
  readonly page: Page;
}

const TIME_POLL_RATE = 900;
const REGISTRATION_POLL_RATE = 86_400;
/** Time.quality: synchronised over the network. */
const QUALITY = 4;

const link = (href: string): Body => ({ '@href': href });
const listLink = (href: string, all: number): Body => ({ '@href': href, '@all': all });

const own = (viewer: Viewer, kind: ResourceKind, item: string | null = null): string =>
  hrefOf(viewer.state.hrefs, kind, viewer.device?.lfdi ?? null, item);
const shared = (viewer: Viewer, kind: ResourceKind, item: string | null = null): string =>
  hrefOf(viewer.state.hrefs, kind, null, item);

/** One page of `items` as the list `type`, with the attributes every list has. */
const list = (viewer: Viewer, href: string, member: string, items: readonly Body[], extra: Body): Body => {
  const limit = Math.min(viewer.page.limit, viewer.state.options.pageLimit);
  const shown = items.slice(viewer.page.start, viewer.page.start + limit);
  return {
    '@href': href,
    '@all': items.length,
    '@results': shown.length,
    ...extra,
    ...(shown.length === 0 ? {} : { [member]: shown }),
  };
};

const dcap = (viewer: Viewer): Body => ({
  '@href': shared(viewer, 'dcap'),
  '@pollRate': viewer.state.pollRate,
  TimeLink: link(shared(viewer, 'tm')),
  EndDeviceListLink: listLink(shared(viewer, 'edev-list'), viewer.device === null ? 0 : 1),
  MirrorUsagePointListLink: listLink(shared(viewer, 'mup-list'), mirrorsOf(viewer).length),
});

const time = (viewer: Viewer): Body => ({
  '@href': shared(viewer, 'tm'),
  '@pollRate': TIME_POLL_RATE,
  currentTime: Math.floor(viewer.at),
  dstEndTime: 0,
  dstOffset: 0,
  dstStartTime: 0,
  localTime: Math.floor(viewer.at),
  quality: QUALITY,
  tzOffset: 0,
});

const endDevice = (viewer: Viewer, device: Device): Body => {
  const { options } = viewer.state;
  return {
    '@href': own(viewer, 'edev'),
    '@subscribable': 0,
    DERListLink: listLink(own(viewer, 'der-list'), 1),
    lFDI: device.lfdi,
    LogEventListLink: listLink(own(viewer, 'log-event-list'), device.logEvents.length),
    sFDI: device.sfdi,
    changedTime: device.registeredAt,
    enabled: true,
    FunctionSetAssignmentsListLink: listLink(own(viewer, 'fsa-list'), groups(viewer.state).length),
    postRate: viewer.state.postRate,
    RegistrationLink: link(own(viewer, 'registration')),
    ...(options.offersSubscriptions ? { SubscriptionListLink: listLink(own(viewer, 'subscription-list'), 0) } : {}),
    ConnectionPointLink: link(own(viewer, 'connection-point')),
  };
};

const registration = (viewer: Viewer, device: Device): Body | null =>
  viewer.state.options.pin === null
    ? null
    : {
        '@href': own(viewer, 'registration'),
        '@pollRate': REGISTRATION_POLL_RATE,
        dateTimeRegistered: device.registeredAt,
        pIN: viewer.state.options.pin,
      };

/** The programs behind each FunctionSetAssignments; worst first, so that no client gets by with the first alone. */
const groups = (state: UtilityState): readonly (readonly Program[])[] => {
  const worstFirst = state.programs.toSorted((a, b) => b.primacy - a.primacy);
  return state.options.assignments === 'each' ? worstFirst.map((program) => [program]) : [state.programs];
};

const assignment = (viewer: Viewer, group: readonly Program[], index: number): Body => {
  const first = group[0]?.mRID ?? mintMRID(viewer.state);
  return {
    '@href': own(viewer, 'fsa', String(index + 1)),
    '@subscribable': 0,
    DERProgramListLink: listLink(own(viewer, 'program-list', String(index + 1)), group.length),
    ResponseSetListLink: listLink(shared(viewer, 'response-set-list'), 1),
    TimeLink: link(shared(viewer, 'tm')),
    // The assignment's own identity: the first program's with the leading digits turned.
    mRID: `F5A0${first.slice(4)}`,
    description: `Assignments ${index + 1}`,
  };
};

const program = (viewer: Viewer, it: Program): Body => ({
  '@href': shared(viewer, 'program', it.name),
  '@subscribable': 0,
  mRID: it.mRID,
  description: it.name.slice(0, 32),
  DefaultDERControlLink: link(shared(viewer, 'default-control', it.name)),
  DERControlListLink: listLink(shared(viewer, 'control-list', it.name), controlsOf(viewer, it.name).length),
  primacy: it.primacy,
});

const reduced = (viewer: Viewer): boolean => viewer.state.options.layout === 'apiV2';

const defaultControl = (viewer: Viewer, it: Program): Body | null => {
  const last = it.defaultServed.at(-1);
  if (last === undefined || JSON.stringify(last.modes) !== JSON.stringify(it.default)) {
    it.defaultServed.push({ at: viewer.at, modes: it.default });
  }
  if (it.default === null) return null;
  return {
    '@href': shared(viewer, 'default-control', it.name),
    '@subscribable': 0,
    mRID: it.defaultMRID,
    version: 0,
    DERControlBase: controlBase(it.default, reduced(viewer)),
  };
};

/** Start ascending, creation descending, mRID descending. */
const byListOrder = (a: Control, b: Control): number => {
  if (a.start !== b.start) return a.start - b.start;
  if (a.creationTime !== b.creationTime) return b.creationTime - a.creationTime;
  return a.mRID < b.mRID ? 1 : -1;
};

/** Events of a program on the list. */
const controlsOf = (viewer: Viewer, name: string): readonly Control[] =>
  viewer.state.controls
    .filter((control) => control.program === name && listedAt(control, viewer.at, viewer.state.options.listedAfterEnd))
    .toSorted(byListOrder);

const control = (viewer: Viewer, it: Control): Body => {
  it.firstServedAt ??= viewer.at;
  if (statusAt(it, viewer.at) === CANCELLED) it.cancelServedAt ??= viewer.at;
  return controlBody(it, {
    href: shared(viewer, 'control', `${it.program}/${it.mRID}`),
    replyTo: shared(viewer, 'response-list'),
    responseRequired: viewer.state.options.responseRequired,
    reduced: reduced(viewer),
    superseded: potentiallySuperseded(it, viewer.state.controls, viewer.state.programs, viewer.at),
    at: viewer.at,
  });
};

const controlList = (viewer: Viewer, name: string): Body | null => {
  const all = controlsOf(viewer, name);
  if (all.length === 0 && viewer.state.options.emptyControlList === 'no-content') return null;
  const limit = Math.min(viewer.page.limit, viewer.state.options.pageLimit);
  const shown = all.slice(viewer.page.start, viewer.page.start + limit);
  return {
    '@href': shared(viewer, 'control-list', name),
    '@all': all.length,
    '@results': shown.length,
    '@subscribable': 0,
    ...(shown.length === 0 ? {} : { DERControl: shown.map((it) => control(viewer, it)) }),
  };
};

const der = (viewer: Viewer): Body => ({
  '@href': own(viewer, 'der'),
  '@subscribable': 0,
  DERAvailabilityLink: link(own(viewer, 'der-availability')),
  DERCapabilityLink: link(own(viewer, 'der-capability')),
  DERSettingsLink: link(own(viewer, 'der-settings')),
  DERStatusLink: link(own(viewer, 'der-status')),
});

const mirrorsOf = (viewer: Viewer): readonly Mirror[] =>
  [...viewer.state.mirrors.values()]
    .filter((mirror) => mirror.lfdi === viewer.device?.lfdi)
    .toSorted((a, b) => (a.mRID < b.mRID ? 1 : -1));

/** Without its meter readings, as GE and ANU servers answer. */
const mirror = (viewer: Viewer, it: Mirror): Body => {
  const shown = Object.entries(it.body).filter(([name]) => name !== 'MirrorMeterReading');
  return { ...Object.fromEntries(shown), '@href': shared(viewer, 'mup', it.id), postRate: viewer.state.postRate };
};

const responseSet = (viewer: Viewer): Body => ({
  '@href': shared(viewer, 'response-set'),
  mRID: viewer.state.programs[0]?.mRID.replace(/^..../, 'AE50') ?? mintMRID(viewer.state),
  ResponseListLink: listLink(shared(viewer, 'response-list'), viewer.state.receivedResponses.length),
});

const held = (viewer: Viewer, device: Device, kind: ResourceKind, type: string): Served => {
  const body = device.held.get(kind);
  return body === undefined ? null : { type, body: { ...body, '@href': own(viewer, kind) } };
};

const as = (type: string, body: Body | null | undefined): Served => (body === null || body === undefined ? null : { type, body });

type Getter = (viewer: Viewer, item: string, device: Device) => Served;

/** Resources of one device or of all registered devices; the two lists before registration are in `serve`. */
const GETTERS: Readonly<Record<Exclude<ResourceKind, 'dcap' | 'tm' | 'edev-list'>, Getter>> = {
  edev: (viewer, _, device) => as('EndDevice', endDevice(viewer, device)),
  registration: (viewer, _, device) => as('Registration', registration(viewer, device)),
  'fsa-list': (viewer) => {
    const all = groups(viewer.state).map((group, index) => assignment(viewer, group, index));
    const rates = { '@pollRate': viewer.state.pollRate, '@subscribable': 0 };
    return as('FunctionSetAssignmentsList', list(viewer, own(viewer, 'fsa-list'), 'FunctionSetAssignments', all, rates));
  },
  fsa: (viewer, item) => {
    const group = groups(viewer.state)[Number(item) - 1];
    return as('FunctionSetAssignments', group === undefined ? null : assignment(viewer, group, Number(item) - 1));
  },
  'program-list': (viewer, item) => {
    const all = (groups(viewer.state)[Number(item) - 1] ?? []).map((it) => program(viewer, it));
    const rates = { '@pollRate': viewer.state.pollRate, '@subscribable': 0 };
    return as('DERProgramList', list(viewer, own(viewer, 'program-list', item), 'DERProgram', all, rates));
  },
  program: (viewer, item) =>
    as('DERProgram', viewer.state.programs.filter((it) => it.name === item).map((it) => program(viewer, it))[0]),
  'default-control': (viewer, item) =>
    as('DefaultDERControl', viewer.state.programs.filter((it) => it.name === item).map((it) => defaultControl(viewer, it))[0]),
  'control-list': (viewer, item) => as('DERControlList', controlList(viewer, item)),
  control: (viewer, item) =>
    as('DERControl', viewer.state.controls.filter((it) => item.endsWith(`/${it.mRID}`)).map((it) => control(viewer, it))[0]),
  'der-list': (viewer) =>
    as('DERList', list(viewer, own(viewer, 'der-list'), 'DER', [der(viewer)], { '@pollRate': viewer.state.pollRate })),
  der: (viewer) => as('DER', der(viewer)),
  'der-capability': (viewer, _, device) => held(viewer, device, 'der-capability', 'DERCapability'),
  'der-settings': (viewer, _, device) => held(viewer, device, 'der-settings', 'DERSettings'),
  'der-status': (viewer, _, device) => held(viewer, device, 'der-status', 'DERStatus'),
  'der-availability': (viewer, _, device) => held(viewer, device, 'der-availability', 'DERAvailability'),
  'mup-list': (viewer) => {
    const all = mirrorsOf(viewer).map((it) => mirror(viewer, it));
    return as(
      'MirrorUsagePointList',
      list(viewer, shared(viewer, 'mup-list'), 'MirrorUsagePoint', all, { '@pollRate': viewer.state.pollRate }),
    );
  },
  mup: (viewer, item) =>
    as(
      'MirrorUsagePoint',
      mirrorsOf(viewer)
        .filter((it) => it.id === item)
        .map((it) => mirror(viewer, it))[0],
    ),
  'response-set-list': (viewer) =>
    as('ResponseSetList', list(viewer, shared(viewer, 'response-set-list'), 'ResponseSet', [responseSet(viewer)], {})),
  'response-set': (viewer) => as('ResponseSet', responseSet(viewer)),
  'response-list': (viewer) =>
    as('ResponseList', list(viewer, shared(viewer, 'response-list'), 'Response', viewer.state.receivedResponses, {})),
  response: (viewer, item) =>
    as(
      'DERControlResponse',
      viewer.state.receivedResponses.find((it) => it['@href'] === shared(viewer, 'response', item)),
    ),
  'log-event-list': (viewer, _, device) =>
    as(
      'LogEventList',
      list(viewer, own(viewer, 'log-event-list'), 'LogEvent', device.logEvents.toReversed(), {
        '@pollRate': viewer.state.pollRate,
        '@subscribable': 0,
      }),
    ),
  'log-event': (viewer, item, device) =>
    as(
      'LogEvent',
      device.logEvents.find((it) => it['@href'] === own(viewer, 'log-event', item)),
    ),
  'connection-point': (viewer, _, device) => held(viewer, device, 'connection-point', 'ConnectionPoint'),
  'subscription-list': (viewer) => as('SubscriptionList', list(viewer, own(viewer, 'subscription-list'), 'Subscription', [], {})),
};

/** The body of a resource at this moment. Notes in the events and defaults when they were first told to a client. */
export const serve = (viewer: Viewer, resource: Resource): Served => {
  const { kind } = resource;
  if (kind === 'dcap') return as('DeviceCapability', dcap(viewer));
  if (kind === 'tm') return as('Time', time(viewer));
  if (kind === 'edev-list') {
    const all = viewer.device === null ? [] : [endDevice(viewer, viewer.device)];
    const rates = { '@pollRate': viewer.state.pollRate, '@subscribable': 0 };
    return as('EndDeviceList', list(viewer, shared(viewer, 'edev-list'), 'EndDevice', all, rates));
  }
  return viewer.device === null ? null : GETTERS[kind](viewer, resource.item ?? '', viewer.device);
};

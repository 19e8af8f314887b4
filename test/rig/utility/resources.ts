/** What GET answers: each resource as a body, lists in pages. */
import type { Body } from './body.ts';
import { DER_PARTS, type Resource, type ResourceKind } from './hrefs.ts';
import {
  assignmentAt,
  assignmentList,
  controlAt,
  controlList,
  curveAt,
  curveList,
  defaultControl,
  groups,
  programAt,
  programList,
} from './program-resources.ts';
import { heldKey, mintMRID, type Device, type Mirror } from './state.ts';
import { as, link, list, listLink, own, rateOf, shared, type Served, type Viewer } from './viewer.ts';

/** Time.quality: synchronised over the network. */
const QUALITY = 4;

const dcap = (viewer: Viewer): Body => ({
  '@href': shared(viewer, 'dcap'),
  ...rateOf(viewer, 'dcap'),
  TimeLink: link(shared(viewer, 'tm')),
  EndDeviceListLink: listLink(shared(viewer, 'edev-list'), viewer.device === null ? 0 : 1),
  MirrorUsagePointListLink: listLink(shared(viewer, 'mup-list'), mirrorsOf(viewer).length),
});

/** The clock a client is told, which may have jumped away from the server's own. */
const time = (viewer: Viewer): Body => {
  const told = Math.floor(viewer.at + viewer.state.timeJump);
  return {
    '@href': shared(viewer, 'tm'),
    ...rateOf(viewer, 'tm'),
    currentTime: told,
    dstEndTime: 0,
    dstOffset: 0,
    dstStartTime: 0,
    localTime: told,
    quality: QUALITY,
    tzOffset: 0,
  };
};

const endDevice = (viewer: Viewer, device: Device): Body => {
  const { options, schema, pin, offersAssignments } = viewer.state;
  return {
    '@href': own(viewer, 'edev'),
    '@subscribable': 0,
    DERListLink: listLink(own(viewer, 'der-list'), options.ders),
    lFDI: device.lfdi,
    LogEventListLink: listLink(own(viewer, 'log-event-list'), device.logEvents.length),
    sFDI: device.sfdi,
    changedTime: device.registeredAt,
    enabled: device.enabled,
    ...(offersAssignments
      ? { FunctionSetAssignmentsListLink: listLink(own(viewer, 'fsa-list'), groups(viewer.state).length) }
      : {}),
    postRate: viewer.state.postRate,
    ...(pin === 'absent' ? {} : { RegistrationLink: link(own(viewer, 'registration')) }),
    ...(options.offersSubscriptions ? { SubscriptionListLink: listLink(own(viewer, 'subscription-list'), 0) } : {}),
    ...(schema.aus === null ? {} : { ConnectionPointLink: link(own(viewer, 'connection-point')) }),
  };
};

const registration = (viewer: Viewer, device: Device): Body | null => {
  const { pin } = viewer.state;
  if (typeof pin !== 'number') return null;
  const dateTimeRegistered = device.registeredAt;
  return { '@href': own(viewer, 'registration'), ...rateOf(viewer, 'registration'), dateTimeRegistered, pIN: pin };
};

const der = (viewer: Viewer, item: string): Body => {
  const associated = viewer.state.associated.get(item);
  return {
    '@href': own(viewer, 'der', item),
    '@subscribable': 0,
    ...(associated === undefined
      ? {}
      : { AssociatedDERProgramListLink: listLink(own(viewer, 'associated-list', item), associated.length) }),
    DERAvailabilityLink: link(own(viewer, 'der-availability', item)),
    DERCapabilityLink: link(own(viewer, 'der-capability', item)),
    DERSettingsLink: link(own(viewer, 'der-settings', item)),
    DERStatusLink: link(own(viewer, 'der-status', item)),
  };
};

const dersOf = (viewer: Viewer): readonly string[] =>
  Array.from({ length: viewer.state.options.ders }, (_, index) => String(index + 1));

const derList = (viewer: Viewer): Body => {
  const place = { kind: 'der-list', href: own(viewer, 'der-list'), member: 'DER', extra: rateOf(viewer, 'der-list') } as const;
  return list(viewer, place, dersOf(viewer), (item) => der(viewer, item));
};

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

const HELD: Readonly<Partial<Record<ResourceKind, string>>> = {
  'der-capability': 'DERCapability',
  'der-settings': 'DERSettings',
  'der-status': 'DERStatus',
  'der-availability': 'DERAvailability',
  'connection-point': 'ConnectionPoint',
};

/** What a client put there. */
const held =
  (kind: ResourceKind): Getter =>
  (viewer, item, device) => {
    const body = device.held.get(heldKey(kind, item));
    const place = own(viewer, kind, DER_PARTS.includes(kind) ? item : null);
    return as(HELD[kind] ?? '', body === undefined ? null : { ...body, '@href': place });
  };

const mirrorList = (viewer: Viewer): Body => {
  const extra = rateOf(viewer, 'mup-list');
  const place = { kind: 'mup-list', href: shared(viewer, 'mup-list'), member: 'MirrorUsagePoint', extra } as const;
  return list(viewer, place, mirrorsOf(viewer), (it) => mirror(viewer, it));
};

const mirrorAt = (viewer: Viewer, item: string): Body | null => {
  const it = mirrorsOf(viewer).find(({ id }) => id === item);
  return it === undefined ? null : mirror(viewer, it);
};

const same = (body: Body): Body => body;

const logEventList = (viewer: Viewer, device: Device): Body => {
  const extra = { ...rateOf(viewer, 'log-event-list'), '@subscribable': 0 };
  const place = { kind: 'log-event-list', href: own(viewer, 'log-event-list'), member: 'LogEvent', extra } as const;
  return list(viewer, place, device.logEvents.toReversed(), same);
};

const sharedList = (viewer: Viewer, kind: ResourceKind, member: string, items: readonly Body[]): Body =>
  list(viewer, { kind, href: shared(viewer, kind), member, extra: {} }, items, same);

type Getter = (viewer: Viewer, item: string, device: Device) => Served;

/** Resources of one device or of all registered devices; the two lists before registration are in `serve`. */
const GETTERS: Readonly<Record<Exclude<ResourceKind, 'dcap' | 'tm' | 'edev-list'>, Getter>> = {
  edev: (viewer, _, device) => as('EndDevice', endDevice(viewer, device)),
  registration: (viewer, _, device) => as('Registration', registration(viewer, device)),
  'fsa-list': assignmentList,
  fsa: assignmentAt,
  'program-list': (viewer, item) => programList(viewer, 'program-list', item),
  'associated-list': (viewer, item) => programList(viewer, 'associated-list', item),
  program: programAt,
  'default-control': defaultControl,
  'control-list': controlList,
  control: controlAt,
  'curve-list': curveList,
  curve: curveAt,
  'der-list': (viewer) => as('DERList', derList(viewer)),
  der: (viewer, item) => as('DER', dersOf(viewer).includes(item) ? der(viewer, item) : null),
  'der-capability': held('der-capability'),
  'der-settings': held('der-settings'),
  'der-status': held('der-status'),
  'der-availability': held('der-availability'),
  'connection-point': held('connection-point'),
  'mup-list': (viewer) => as('MirrorUsagePointList', mirrorList(viewer)),
  mup: (viewer, item) => as('MirrorUsagePoint', mirrorAt(viewer, item)),
  'response-set-list': (viewer) =>
    as('ResponseSetList', sharedList(viewer, 'response-set-list', 'ResponseSet', [responseSet(viewer)])),
  'response-set': (viewer) => as('ResponseSet', responseSet(viewer)),
  'response-list': (viewer) =>
    as('ResponseList', sharedList(viewer, 'response-list', 'Response', viewer.state.receivedResponses)),
  response: (viewer, item) =>
    as(
      'DERControlResponse',
      viewer.state.receivedResponses.find((it) => it['@href'] === shared(viewer, 'response', item)),
    ),
  'log-event-list': (viewer, _, device) => as('LogEventList', logEventList(viewer, device)),
  'log-event': (viewer, item, device) =>
    as(
      'LogEvent',
      device.logEvents.find((it) => it['@href'] === own(viewer, 'log-event', item)),
    ),
  'subscription-list': (viewer) => {
    const place = {
      kind: 'subscription-list',
      href: own(viewer, 'subscription-list'),
      member: 'Subscription',
      extra: {},
    } as const;
    return as('SubscriptionList', list(viewer, place, [], same));
  },
};

/** The body of a resource at this moment. Notes in the events and defaults when they were first told to a client. */
export const serve = (viewer: Viewer, resource: Resource): Served => {
  const { kind } = resource;
  if (kind === 'dcap') return as('DeviceCapability', dcap(viewer));
  if (kind === 'tm') return as('Time', time(viewer));
  if (kind === 'edev-list') {
    const all = viewer.device === null || !viewer.state.offersDevice ? [] : [viewer.device];
    const extra = { ...rateOf(viewer, 'edev-list'), '@subscribable': 0 };
    const place = { kind, href: shared(viewer, 'edev-list'), member: 'EndDevice', extra } as const;
    return as(
      'EndDeviceList',
      list(viewer, place, all, (device) => endDevice(viewer, device)),
    );
  }
  return viewer.device === null ? null : GETTERS[kind](viewer, resource.item ?? '', viewer.device);
};

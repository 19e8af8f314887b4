/** What PUT, POST and DELETE do once the body has been read: the checks beyond its form, and what is kept. */
import type { Body, Value } from './body.ts';
import { hrefOf, type Resource, type ResourceKind } from './hrefs.ts';
import { digitSum } from './identity.ts';
import { recordReading } from './journal.ts';
import {
  heldKey,
  mintMRID,
  registerDevice,
  type Device,
  type Mirror,
  type MirrorReadingType,
  type UtilityState,
} from './state.ts';

export interface Outcome {
  readonly status: number;
  readonly location?: string;
  /** Why it was refused; with `reasonCode` of the Error resource. */
  readonly problem?: string;
  readonly reasonCode?: 0 | 1;
}

export interface Write {
  readonly state: UtilityState;
  readonly lfdi: string;
  readonly device: Device | null;
  readonly resource: Resource;
  readonly type: string;
  readonly body: Body;
  readonly at: number;
}

const refuse = (problem: string, status = 400): Outcome => ({ status, problem, reasonCode: 1 });

/** Roots each resource takes, by method. */
export const TAKES: Readonly<
  Partial<Record<ResourceKind, { readonly PUT?: readonly string[]; readonly POST?: readonly string[] }>>
> = {
  'edev-list': { POST: ['EndDevice'] },
  'connection-point': { PUT: ['ConnectionPoint'] },
  'der-capability': { PUT: ['DERCapability'] },
  'der-settings': { PUT: ['DERSettings'] },
  'der-status': { PUT: ['DERStatus'] },
  'der-availability': { PUT: ['DERAvailability'] },
  'mup-list': { POST: ['MirrorUsagePoint'] },
  mup: { POST: ['MirrorMeterReading', 'MirrorMeterReadingList'] },
  'response-list': { POST: ['DERControlResponse'] },
  'log-event-list': { POST: ['LogEvent'] },
  'subscription-list': { POST: ['Subscription'] },
};

const MAX_MIRRORS = 64;
const MAX_KEPT = 20_000;

const many = (value: Value | undefined): readonly Body[] => (Array.isArray(value) ? (value as readonly Body[]) : []);
const text = (value: Value | undefined): string => (typeof value === 'string' ? value : '');
const integer = (value: Value | undefined): number | null => (typeof value === 'number' ? value : null);
const part = (value: Value | undefined): Body => (typeof value === 'object' && !Array.isArray(value) ? (value as Body) : {});

const register = (write: Write): Outcome => {
  if (write.state.options.registration === 'out-of-band') return refuse('devices are registered out of band', 403);
  if (write.device !== null) return { status: 409, problem: 'already registered' };
  if (text(write.body['lFDI']) !== write.lfdi) return refuse('lFDI is not that of the certificate', 403);
  const sfdi = Number(write.body['sFDI']);
  if (digitSum(sfdi) % 10 !== 0) return refuse('sFDI fails its check digit');
  registerDevice(write.state, write.lfdi, sfdi, write.at);
  return { status: 201, location: hrefOf(write.state.hrefs, 'edev', write.lfdi) };
};

/** The checksum digit of an Australian NMI: ten characters and it. */
export const nmiIsValid = (nmi: string): boolean => {
  if (!/^[0-9A-HJ-NP-Z]{10}[0-9]$/.test(nmi)) return false;
  // From the right, every other character code doubled, starting with the last.
  const codes = Array.from(nmi.slice(0, 10), (character, index) => character.charCodeAt(0) * (index % 2 === 1 ? 2 : 1));
  const sum = codes.reduce((total, code) => total + digitSum(code), 0);
  return (10 - (sum % 10)) % 10 === Number(nmi[10]);
};

const keep = (write: Write, device: Device): Outcome => {
  const { kind } = write.resource;
  if (kind === 'connection-point' && !nmiIsValid(text(write.body['connectionPointId'])))
    return refuse('connectionPointId is not a valid NMI');
  const key = heldKey(kind, write.resource.item);
  const isNew = kind === 'connection-point' && !device.held.has(key);
  device.held.set(key, write.body);
  return isNew ? { status: 201, location: hrefOf(write.state.hrefs, kind, device.lfdi) } : { status: 204 };
};

const readingType = (type: Body): MirrorReadingType => ({
  uom: integer(type['uom']),
  phase: integer(type['phase']),
  flowDirection: integer(type['flowDirection']),
  multiplier: integer(type['powerOfTenMultiplier']) ?? 0,
});

const createMirror = (write: Write): Outcome => {
  const { state, body, lfdi } = write;
  if (text(body['deviceLFDI']) !== lfdi) return refuse('deviceLFDI is not that of the certificate', 403);
  const readings = many(body['MirrorMeterReading']);
  if (readings.length === 0) return refuse('a MirrorUsagePoint without a MirrorMeterReading');
  if (readings.some((reading) => reading['ReadingType'] === undefined)) return refuse('a MirrorMeterReading without ReadingType');
  const mRID = text(body['mRID']);
  const known = [...state.mirrors.values()].find((mirror) => mirror.mRID === mRID && mirror.lfdi === lfdi);
  const types = readings.map((reading) => [text(reading['mRID']), readingType(part(reading['ReadingType']))] as const);
  const elsewhere = [...state.mirrors.values()].filter((mirror) => mirror !== known);
  if (types.some(([id]) => elsewhere.some((mirror) => mirror.readingTypes.has(id))))
    return refuse('a meter reading mRID of another mirror');
  if (known === undefined && state.mirrors.size >= MAX_MIRRORS) return { status: 413, problem: 'too many mirrors' };
  const mirror: Mirror = known ?? { id: mintMRID(state), mRID, lfdi, createdAt: write.at, body, readingTypes: new Map() };
  mirror.body = body;
  for (const [id, type] of types) mirror.readingTypes.set(id, type);
  state.mirrors.set(mirror.id, mirror);
  const location = hrefOf(state.hrefs, 'mup', null, mirror.id);
  return { status: known === undefined ? state.options.mirrorCreated : 204, location };
};

const noteReading = (write: Write, mirror: Mirror, meter: Body, reading: Body): void => {
  const mRID = text(meter['mRID']);
  const type = mirror.readingTypes.get(mRID);
  const value = integer(reading['value']);
  if (value === null) return;
  const period = part(reading['timePeriod']);
  recordReading(write.state.journal, {
    at: write.at,
    lfdi: write.lfdi,
    mirror: mirror.mRID,
    roleFlags: text(mirror.body['roleFlags']),
    mRID,
    uom: type?.uom ?? null,
    phase: type?.phase ?? null,
    flowDirection: type?.flowDirection ?? null,
    start: integer(period['start']),
    duration: integer(period['duration']),
    value: value * 10 ** (type?.multiplier ?? 0),
    qualityFlags: reading['qualityFlags'] === undefined ? null : text(reading['qualityFlags']),
  });
};

const postReadings = (write: Write, mirror: Mirror): Outcome => {
  const meters = write.type === 'MirrorMeterReading' ? [write.body] : many(write.body['MirrorMeterReading']);
  if (meters.length === 0) return refuse('a list without a MirrorMeterReading');
  if (write.type === 'MirrorMeterReadingList' && write.body['@results'] !== meters.length)
    return refuse('results does not count the list');
  for (const meter of meters) {
    const known = mirror.readingTypes.has(text(meter['mRID']));
    if (!known && meter['ReadingType'] === undefined)
      return refuse(`mRID ${text(meter['mRID'])} is unknown and has no ReadingType`);
    const reads = meter['Reading'] !== undefined || many(meter['MirrorReadingSet']).length > 0;
    if (reads && meter['lastUpdateTime'] === undefined && write.state.options.demandLastUpdateTime)
      return refuse('lastUpdateTime is missing');
  }
  for (const meter of meters) {
    if (meter['ReadingType'] !== undefined) mirror.readingTypes.set(text(meter['mRID']), readingType(part(meter['ReadingType'])));
    const sets = many(meter['MirrorReadingSet']).flatMap((set) => many(set['Reading']));
    const single = meter['Reading'] === undefined ? [] : [part(meter['Reading'])];
    for (const reading of [...single, ...sets]) noteReading(write, mirror, meter, reading);
  }
  return { status: 201, location: hrefOf(write.state.hrefs, 'mup', null, mirror.id) };
};

/** Response.status values the 2018 table gives a meaning for DERControl. */
const RESPONSE_STATUSES: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 252, 253, 254];

const respond = (write: Write): Outcome => {
  const { state, body } = write;
  if (text(body['endDeviceLFDI']) !== write.lfdi) return refuse('endDeviceLFDI is not that of the certificate', 403);
  const status = integer(body['status']);
  if (status === null || !(state.options.responseStatuses ?? RESPONSE_STATUSES).includes(status))
    return refuse(`status ${status} is no response to a DERControl`);
  const subject = text(body['subject']);
  const control = state.controls.find((candidate) => candidate.mRID === subject);
  if (control === undefined || control.firstServedAt === null) return refuse(`subject ${subject} was never served`);
  if (state.receivedResponses.length >= MAX_KEPT) state.receivedResponses.shift();
  const location = hrefOf(state.hrefs, 'response', null, mintMRID(state));
  state.receivedResponses.push({ ...body, '@href': location });
  return { status: 201, location };
};

const postLogEvent = (write: Write, device: Device): Outcome => {
  if (device.logEvents.length >= MAX_KEPT) device.logEvents.shift();
  const location = hrefOf(write.state.hrefs, 'log-event', device.lfdi, mintMRID(write.state));
  device.logEvents.push({ ...write.body, '@href': location });
  return { status: 201, location };
};

/** Mirror of a path, when it is the client's own and visible already. */
export const mirrorAt = (state: UtilityState, resource: Resource, lfdi: string, at: number): Mirror | null => {
  const mirror = state.mirrors.get(resource.item ?? '');
  if (mirror === undefined || mirror.lfdi !== lfdi) return null;
  return at < mirror.createdAt + state.options.mirrorDelaySeconds ? null : mirror;
};

/** Applies an accepted form to the state, or refuses its content. */
export const apply = (write: Write): Outcome => {
  const { resource, device } = write;
  if (resource.kind === 'edev-list') return register(write);
  if (device === null) return { status: 404, problem: 'not registered' };
  switch (resource.kind) {
    case 'mup-list':
      return createMirror(write);
    case 'mup': {
      const mirror = mirrorAt(write.state, resource, write.lfdi, write.at);
      return mirror === null ? { status: 404, problem: 'no such mirror' } : postReadings(write, mirror);
    }
    case 'response-list':
      return respond(write);
    case 'log-event-list':
      return postLogEvent(write, device);
    case 'subscription-list':
      return refuse('direct clients do not subscribe here', 403);
    default:
      return keep(write, device);
  }
};

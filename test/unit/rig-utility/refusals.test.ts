import { describe, expect, it } from 'vitest';
import { MAX_BODY_BYTES } from '../../rig/utility/options.ts';
import { refusals } from '../../rig/utility/journal.ts';
import * as good from './bodies.ts';
import { client, discover, href, one, xml, type TestClient } from './client.ts';

type Place = (utility: TestClient) => string;
const der =
  (link: string): Place =>
  (utility) =>
    href(xml(utility.get(discover(utility).der)), link);
const mirrored: Place = (utility) => utility.send('POST', discover(utility).mup, good.mirror).headers['location'] ?? '';

const GOOD: readonly (readonly [string, string, Place, string, readonly number[]])[] = [
  ['DERCapability', 'PUT', der('DERCapabilityLink'), good.capability, [204]],
  ['DERSettings', 'PUT', der('DERSettingsLink'), good.settings, [204]],
  ['DERStatus', 'PUT', der('DERStatusLink'), good.status, [204]],
  ['DERAvailability', 'PUT', der('DERAvailabilityLink'), good.availability, [204]],
  ['ConnectionPoint', 'PUT', (utility) => discover(utility).point, good.connectionPoint, [201]],
  ['MirrorUsagePoint', 'POST', (utility) => discover(utility).mup, good.mirror, [201, 204]],
  ['MirrorMeterReading', 'POST', mirrored, good.meterReading, [201]],
  ['MirrorMeterReadingList', 'POST', mirrored, good.meterReadingList, [201]],
  ['LogEvent', 'POST', (utility) => discover(utility).log, good.logEvent, [201]],
];

const placeOf = (type: string): { method: string; place: Place; body: string } => {
  const found = GOOD.find(([name]) => name === type);
  if (found === undefined) throw new Error(`no good ${type}`);
  return { method: found[1], place: found[2], body: found[3] };
};

/** Type, what is broken, the text replaced, by what. */
const BROKEN: readonly (readonly [string, string, string | RegExp, string])[] = [
  ['DERCapability', 'modesSupported is missing', /<modesSupported>.*<\/modesSupported>/, ''],
  ['DERCapability', 'rtgMaxW is missing', /<rtgMaxW>.*<\/rtgMaxW>/, ''],
  ['DERCapability', 'doeModesSupported is missing', /<ns2:doe.*Supported>/, ''],
  ['DERCapability', 'the extension comes before a base element', /(<type>4<\/type>)(<ns2:.*Supported>)/, '$2$1'],
  ['DERCapability', 'ratings are out of order', /(<rtgMaxVA>.*<\/rtgMaxVA>)(<rtgMaxW>.*<\/rtgMaxW>)/, '$2$1'],
  ['DERCapability', 'an element is unknown', '<type>', '<colour>1</colour><type>'],
  ['DERCapability', 'an element comes twice', '<type>4</type>', '<type>4</type><type>4</type>'],
  ['DERCapability', 'the extension namespace is wrong', 'https://csipaus.org/ns', 'https://csipaus.org/ns/v9'],
  ['DERCapability', 'the base namespace is wrong', 'urn:ieee:std:2030.5:ns', 'urn:ieee:std:2030.4:ns'],
  ['DERCapability', 'a bitmap has an odd length', '00100000', '0010000'],
  ['DERCapability', 'a bitmap is too long', '00100000', '0000100000'],
  [
    'DERCapability',
    'a value exceeds Int16',
    '<rtgMaxW><multiplier>0</multiplier><value>10000',
    '<rtgMaxW><multiplier>0</multiplier><value>45000',
  ],
  ['DERCapability', 'a multiplier exceeds nine', '<rtgMaxW><multiplier>0', '<rtgMaxW><multiplier>10'],
  ['DERCapability', 'a value has a decimal point', '<value>10000', '<value>10000.0'],
  ['DERCapability', 'text stands between elements', '<type>', 'undefined<type>'],
  ['DERSettings', 'setGradW is missing', /<setGradW>.*<\/setGradW>/, ''],
  ['DERSettings', 'updatedTime is missing', /<updatedTime>.*<\/updatedTime>/, ''],
  ['DERSettings', 'it is a DERStatus', /DERSettings/g, 'DERStatus'],
  ['DERStatus', 'readingTime is missing', /<readingTime>.*<\/readingTime>/, ''],
  ['DERStatus', 'a member has no dateTime', /<operationalModeStatus><dateTime>.*?<\/dateTime>/, '<operationalModeStatus>'],
  ['DERStatus', 'connect status is two bytes', '<value>07</value>', '<value>0700</value>'],
  ['DERStatus', 'an attribute is unknown', '<DERStatus ', '<DERStatus colour="red" '],
  ['DERAvailability', 'a count is negative', '<availabilityDuration>60', '<availabilityDuration>-1'],
  ['ConnectionPoint', 'the NMI fails its checksum', '41020000010', '41020000011'],
  ['MirrorUsagePoint', 'roleFlags has one digit', '0003', '3'],
  ['MirrorUsagePoint', 'no meter reading is in it', /<MirrorMeterReading>.*<\/MirrorMeterReading>/, ''],
  ['MirrorUsagePoint', 'a reading has no type', /<ReadingType>.*<\/ReadingType>/, ''],
  ['MirrorUsagePoint', 'an mRID is too long', good.MIRROR_MRID, `${good.MIRROR_MRID}00`],
  ['MirrorUsagePoint', 'description exceeds 32 bytes', '>Site<', `>${'ä'.repeat(17)}<`],
  [
    'MirrorUsagePoint',
    'description follows roleFlags',
    '<description>Site</description><roleFlags>0003</roleFlags>',
    '<roleFlags>0003</roleFlags><description>Site</description>',
  ],
  ['MirrorMeterReading', 'lastUpdateTime is missing', /<lastUpdateTime>.*<\/lastUpdateTime>/, ''],
  ['MirrorMeterReading', 'an unknown mRID has no ReadingType', good.READING_MRID, good.MIRROR_MRID],
  ['MirrorMeterReading', 'timePeriod follows value', /(<timePeriod>.*<\/timePeriod>)(<value>.*<\/value>)/, '$2$1'],
  ['MirrorMeterReadingList', 'results is missing', ' results="1"', ''],
  ['MirrorMeterReadingList', 'results does not count', 'results="1"', 'results="2"'],
  ['LogEvent', 'logEventCode is missing', /<logEventCode>.*<\/logEventCode>/, ''],
  ['LogEvent', 'details are 33 bytes', 'Over voltage', 'x'.repeat(33)],
  ['LogEvent', 'an entity is declared', '<LogEvent ', '<!DOCTYPE a [<!ENTITY x "y">]><LogEvent '],
  ['LogEvent', 'an entity is unknown', 'Over voltage', '&x;'],
  ['LogEvent', 'it is cut short', /<\/LogEvent>/, ''],
  ['LogEvent', 'something follows', '</LogEvent>', '</LogEvent><LogEvent/>'],
];

describe('bodies of a good client', () => {
  it.each(GOOD)('%s is accepted', (_, method, place, body, expected) => {
    const utility = client();
    expect(expected).toContain(utility.send(method, place(utility), body).status);
    expect(refusals(utility.state.journal)).toEqual([]);
  });
});

describe('bodies that break the schema', () => {
  it.each(BROKEN)('%s: %s', (type, _, from, to) => {
    const utility = client();
    const { method, place, body } = placeOf(type);
    const broken = body.replace(from, to);
    expect(broken).not.toBe(body);
    const answered = utility.send(method, place(utility), broken);
    expect(answered.status).toBe(400);
    expect(one(xml(answered), 'reasonCode').text).toMatch(/^[01]$/);
    expect(refusals(utility.state.journal).at(-1)?.problem).toBeTruthy();
  });

  it('asks for the prefix ns2 where the utility demands it, except on a root of its own', () => {
    const utility = client({ layout: 'apiV2' });
    const place = der('DERCapabilityLink')(utility);
    expect(utility.send('PUT', place, good.capability).status).toBe(204);
    expect(utility.send('PUT', place, good.capability.replaceAll('ns2', 'csipaus')).status).toBe(400);
    const plain =
      '<ConnectionPoint xmlns="https://csipaus.org/ns"><connectionPointId>41020000010</connectionPointId></ConnectionPoint>';
    expect(utility.send('PUT', discover(utility).point, plain).status).toBe(201);
  });
});

describe('requests that are wrong in another way', () => {
  it('answers 415, 413, 405, 406 and 403', () => {
    const utility = client();
    const status = der('DERStatusLink')(utility);
    expect(utility.send('PUT', status, good.status, {}).status).toBe(415);
    expect(utility.send('PUT', status, good.status, { 'content-type': 'application/json' }).status).toBe(415);
    expect(utility.send('PUT', status, 'x'.repeat(MAX_BODY_BYTES + 1)).status).toBe(413);
    expect(utility.send('POST', status, good.status)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, PUT' } });
    expect(utility.send('DELETE', utility.dcap, '').status).toBe(405);
    expect(utility.request('GET', utility.dcap, { accept: 'application/json' }).status).toBe(406);
    expect(utility.request('GET', utility.dcap, {}).status).toBe(406);
    expect(utility.get(`${utility.dcap}?s=-1`).status).toBe(400);
    const list = href(xml(utility.get(utility.dcap)), 'EndDeviceListLink');
    expect(utility.send('POST', list, good.endDevice).status).toBe(403);
    expect(
      utility.send(
        'POST',
        discover(utility).mup,
        good.mirror.replace('0F3078CFDDAEE28DC20B95635DC116CC2A6D877F', 'AA'.repeat(20)),
      ).status,
    ).toBe(403);
  });
});

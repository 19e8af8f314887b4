import { expect } from 'vitest';
import { refusals } from '../../rig/utility/journal.ts';
import { DEVICE } from '../../support/gateway/identity.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { NMI, PIN } from '../../support/gateway/settings.ts';
import { get, polls, secondOf, told } from './criteria.ts';
import { requirement } from './requirement.ts';

const ANY = (): boolean => true;
/** A valid PIN of another device. */
const OTHER_PIN = 332_213;
/** What a client tells of its DER after registration. */
const TOLD = ['DERCapability', 'DERSettings', 'DERStatus'] as const;

requirement(['ALL-01', 'COMM-002', 'G1', 'G17', 'P6', 'P25'], 'finds all from DeviceCapability', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(120);
  const first = evidence.requests(gateway, 'all requests', ANY)[0];
  expect(first?.resource).toBe('dcap');
  for (const kind of ['edev-list', 'tm', 'der-list', 'fsa-list', 'program-list', 'control-list', 'default-control'] as const)
    evidence.requests(gateway, `reads ${kind}`, ({ method, resource }) => method === 'GET' && resource === kind);
  // Every path was learnt from a link: nothing is at one that was guessed.
  expect(refusals(gateway.state.journal)).toEqual([]);
});

requirement(['ALL-02', 'CORE-009'], 'registers itself when it is absent, then tells of its DER', async (evidence) => {
  const gateway = new VirtualGateway({ utility: { devices: [], registration: 'in-band' } }).start();
  await gateway.until(120);
  const [post] = evidence.requests(gateway, 'registers', told('EndDevice'));
  expect(post?.body).toMatchObject({ lFDI: DEVICE.lfdi, sFDI: DEVICE.sfdi });
  for (const type of TOLD) {
    const [put] = evidence.requests(gateway, `tells ${type}`, told(type));
    expect(put?.at).toBeGreaterThan(post?.at ?? Infinity);
  }
  evidence.requests(gateway, 'reads itself after it', get('edev-list'), { from: post === undefined ? 0 : secondOf(post) });
});

requirement(['ALL-03'], 'tells the NMI of its connection point', async (evidence) => {
  const gateway = await new VirtualGateway({ utility: { devices: [], registration: 'in-band' } }).start().until(60);
  const [put] = evidence.requests(gateway, 'tells the connection point', told('ConnectionPoint'));
  expect(put?.body).toMatchObject({ connectionPointId: NMI });
});

requirement(['ALL-03-REJ'], 'a wrong PIN ends all talk; the stored plan binds on', async (evidence) => {
  const gateway = await new VirtualGateway({ fallbackExportW: 9000 }).start().until(120);
  evidence.site('export before', gateway.truth.mostExport(60, 120), { most: 1600 });
  gateway.state.pin = OTHER_PIN;
  gateway.killNorth();
  gateway.startNorth();
  const found = await gateway.when('the registration is read', () => polls(gateway, 'registration').length === 2, 60);
  await gateway.run(600);
  evidence.requests(gateway, 'reads the other PIN', get('registration'), { from: 120 });
  evidence.never(gateway, 'silence after a wrong PIN', ANY, { from: found + 1 });
  evidence.site('export held meanwhile', gateway.truth.mostExport(120, gateway.now), { most: 1600 });
});

const DAY = 86_400;

requirement(['ALL-03-REJ'], 'a wrong PIN is looked at once a day, whatever restarts, until it is ours', async (evidence) => {
  const gateway = await new VirtualGateway({ fallbackExportW: 9000 }).start().until(60);
  // northd alone: two days of the site would tell nothing more.
  gateway.killControl();
  gateway.killNorth();
  gateway.state.pin = OTHER_PIN;
  gateway.startNorth();
  const found = await gateway.when('the registration is read', () => polls(gateway, 'registration').length === 2, 60);
  await gateway.run(3600);
  gateway.killNorth();
  gateway.startNorth();
  await gateway.until(found + DAY - 60);
  evidence.never(gateway, 'silence for a day', ANY, { from: found + 1 });
  await gateway.until(found + DAY + 60);
  const looks = evidence.requests(gateway, 'one look after a day', ANY, { from: found + 1 });
  expect(looks.map(({ resource }) => resource)).toEqual(['registration']);
  gateway.state.pin = PIN;
  await gateway.run(7200);
  gateway.cutPower();
  gateway.startNorth();
  await gateway.until(found + 2 * DAY - 60);
  evidence.never(gateway, 'silence for another day, over a power cut', ANY, { from: found + DAY + 61 });
  await gateway.until(found + 2 * DAY + 120);
  const [again] = evidence.requests(gateway, 'the next look', ANY, { from: found + DAY + 61 });
  expect(again?.resource).toBe('registration');
  evidence.requests(gateway, 'all goes on', get('control-list'), { from: found + DAY + 61 });
});

requirement(['ALL-04', 'BASIC-001', 'G3', 'P14', 'P21'], 'checks the PIN and goes on as what it is', async (evidence) => {
  const gateway = await new VirtualGateway().start().until(90);
  expect(gateway.state.pin).toBe(PIN);
  const [read] = evidence.requests(gateway, 'reads the PIN', get('registration'));
  const from = read === undefined ? Infinity : secondOf(read);
  evidence.requests(gateway, 'goes on to its programs', get('program-list'), { from });
  evidence.requests(gateway, 'as the LFDI of its certificate', ({ lfdi }) => lfdi === DEVICE.lfdi, { from });
  const [put] = evidence.requests(gateway, 'tells its status', told('DERStatus'), { from });
  expect(put?.lfdi).toBe(DEVICE.lfdi);
});

requirement(['ALL-05'], 'without a RegistrationLink, or with an empty Registration, it goes on', async (evidence) => {
  for (const pin of ['absent', null] as const) {
    const gateway = await new VirtualGateway({ utility: { pin } }).start().until(90);
    evidence.requests(gateway, 'reads its assignments', get('fsa-list'));
    for (const type of TOLD) evidence.requests(gateway, `tells ${type}`, told(type));
  }
});

requirement(['P28', 'P1', 'P5'], 'one EndDevice with one connection point, bodies exactly by the schema', async (evidence) => {
  const gateway = await new VirtualGateway({ utility: { layout: 'apiV2' } }).start().until(400);
  evidence.requests(gateway, 'bodies taken', ({ body, status }) => body !== null && status < 300);
  expect(refusals(gateway.state.journal)).toEqual([]);
  expect(gateway.state.devices.size).toBe(1);
});

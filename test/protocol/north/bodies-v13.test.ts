import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { ROOT, run } from '../rig-utility/tools.ts';

const PYTHON = join(ROOT, 'build/venv/bin/python');
const ADVICE = 'python3 -m venv build/venv && build/venv/bin/pip install envoy-schema==2.7.0';
/** Reads bodies as a JSON list and says what each is, or why it is refused: the models a utility server of others parses with. */
const JUDGE = `
import json, re, sys
from envoy_schema.server.schema.csip_aus.connection_point import ConnectionPointRequest
from envoy_schema.server.schema.sep2 import der, end_device, log_events, metering_mirror, response
models = {
    'ConnectionPoint': ConnectionPointRequest, 'EndDevice': end_device.EndDeviceRequest, 'LogEvent': log_events.LogEvent,
    'DERCapability': der.DERCapability, 'DERSettings': der.DERSettings, 'DERStatus': der.DERStatus,
    'DERAvailability': der.DERAvailability, 'DERControlResponse': response.DERControlResponse,
    'MirrorUsagePoint': metering_mirror.MirrorUsagePointRequest,
    'MirrorMeterReadingList': metering_mirror.MirrorMeterReadingListRequest,
}
verdicts = []
for body in json.load(sys.stdin):
    name = re.match(r'<(?:\\w+:)?(\\w+)', body)[1]
    try:
        models[name].from_xml(body)
        verdicts.append(name)
    except Exception as fault:
        verdicts.append('refused ' + name)
print(json.dumps(verdicts))
`;

const judge = async (bodies: readonly string[]): Promise<readonly string[]> => {
  const { code, output } = await run(PYTHON, ['-c', JUDGE], ADVICE, JSON.stringify(bodies));
  if (code !== 0) throw new Error(`${ADVICE}\n${output}`);
  return JSON.parse(output.trim().split('\n')[0] ?? '[]') as readonly string[];
};

/** Bodies the gateway sends in five minutes with an event and an alarm. */
const sent = async (): Promise<readonly string[]> => {
  const gateway = new VirtualGateway({
    profile: 'csip-aus-v1.3',
    profileChange: { discovery: 'dcap' },
    utility: { devices: [], registration: 'in-band', extension: '1.3' },
  });
  const bodies: string[] = [];
  const request = gateway.server.request.bind(gateway.server);
  gateway.server.request = (one) => {
    if (one.body !== '') bodies.push(one.body);
    return request(one);
  };
  await gateway.start().until(60);
  gateway.publish({ program: 'site', startsIn: 60, durationSeconds: 60, modes: { opModExpLimW: 4000 } });
  gateway.line.sync();
  gateway.site.inverter.fault(gateway.line.siteNow, { events: 2 ** 10 });
  await gateway.until(330);
  return bodies;
};

test('every body of CSIP-AUS v1.3 is read by the models that a utility server of others parses with', async () => {
  const bodies = await sent();
  const verdicts = await judge(bodies);
  expect(verdicts.filter((verdict) => verdict.startsWith('refused'))).toEqual([]);
  expect([...new Set(verdicts)].toSorted()).toEqual([
    'ConnectionPoint',
    'DERAvailability',
    'DERCapability',
    'DERControlResponse',
    'DERSettings',
    'DERStatus',
    'EndDevice',
    'LogEvent',
    'MirrorMeterReadingList',
    'MirrorUsagePoint',
  ]);
  const capability = bodies.find((body) => body.startsWith('<DERCapability'));
  expect(capability).toContain('xmlns:csipaus="https://csipaus.org/ns/v1.3"');
  // It judges: without a mandatory element of the extension it refuses.
  const broken = capability?.replace(/<csipaus:doeModesSupported>.*<\/csipaus:doeModesSupported>/, '') ?? '';
  expect(await judge([broken])).toEqual(['refused DERCapability']);
});

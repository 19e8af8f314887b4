import { describe, expect, it } from 'vitest';
import { exampleScenario, type UtilityOptions } from '../../rig/utility/options.ts';
import { attribute, client, discover, href, LFDI, one, pages, programs, SFDI, START, xml } from './client.ts';

const five = [0, 1, 2, 3, 4].map((n) => ({
  at: 0,
  program: 'site',
  startsIn: 60 * n,
  durationSeconds: 60,
  modes: { opModExpLimW: 1000 + n },
}));

describe('a walk from DeviceCapability', () => {
  it.each(['random', 'apiV2'] as const)('finds device, PIN, both programs and their defaults in the %s layout', (layout) => {
    const utility = client({ layout, pin: 123455 });
    const device = xml(utility.get(discover(utility).device));
    expect(one(device, 'lFDI').text).toBe(LFDI);
    expect(Number(one(device, 'sFDI').text)).toBe(SFDI);
    expect(one(xml(utility.get(discover(utility).pin)), 'pIN').text).toBe('123455');
    const found = programs(utility);
    expect(found.map((program) => one(program, 'primacy').text).toSorted()).toEqual(['1', '89']);
    const answers = found.map((program) => utility.get(href(program, 'DefaultDERControlLink')));
    expect(answers.map((answered) => answered.status).toSorted()).toEqual([200, 204]);
    expect(answers.find((answered) => answered.status === 204)?.body).toBe('');
  });

  it('mints other paths at each start, and the links of the procedure in the apiV2 layout', () => {
    expect(client({ seed: 1 }).dcap).not.toBe(client({ seed: 2 }).dcap);
    const utility = client({ layout: 'apiV2' });
    const found = discover(utility);
    expect(utility.dcap).toBe('/api/v2/dcap');
    expect(found.mup).toBe('/api/v2/mup');
    expect(found.replyTo).toBe('/api/v2/rsps/res-ms/rsp');
    expect(programs(utility).map((program) => href(program, 'DERControlListLink'))).toContain('/api/v2/derp/site/derc');
  });

  it('gives one item without a limit, at most two with one, and all of them page by page', () => {
    const utility = client({ scenario: exampleScenario(five) });
    const site = programs(utility).find((program) => one(program, 'primacy').text === '1');
    const list = href(site ?? one(xml(utility.get(utility.dcap)), 'nothing'), 'DERControlListLink');
    expect(attribute(xml(utility.get(list)), 'results')).toBe('1');
    expect(attribute(xml(utility.get(`${list}?s=0&l=255`)), 'results')).toBe('2');
    expect(attribute(xml(utility.get(`${list}?s=4&l=255`)), 'results')).toBe('1');
    expect(attribute(xml(utility.get(`${list}?s=9&l=255`)), 'results')).toBe('0');
    expect(pages(utility, list, 'DERControl')).toHaveLength(5);
  });

  it('tells the time of the server', () => {
    const utility = client();
    utility.now = START + 42.7;
    const tm = href(xml(utility.get(utility.dcap)), 'TimeLink');
    expect(one(xml(utility.get(tm)), 'currentTime').text).toBe(String(START + 42));
  });

  it('carries extension elements under the prefix it was told', () => {
    const limits = (prefix: string): boolean => {
      const utility = client({ prefix });
      return programs(utility).some((program) =>
        utility.get(href(program, 'DefaultDERControlLink')).body.includes(`<${prefix}:opModExpLimW>`),
      );
    };
    expect(limits('ns2')).toBe(true);
    expect(limits('csipaus')).toBe(true);
  });

  it('serves new rates after they were set', () => {
    const utility = client();
    utility.state.pollRate = 300;
    expect(attribute(xml(utility.get(utility.dcap)), 'pollRate')).toBe('300');
  });
});

describe('what a client may see', () => {
  const strangers: readonly (readonly [string, Partial<UtilityOptions>, number])[] = [
    ['out of band', {}, 404],
    ['in band', { registration: 'in-band' }, 200],
  ];
  it.each(strangers)('answers a stranger, registration %s', (_, options, expected) => {
    const utility = client(options);
    const accept = { accept: 'application/sep+xml' };
    expect(utility.request('GET', utility.dcap, accept, '', 'AA'.repeat(20)).status).toBe(expected);
    expect(utility.request('GET', discover(utility).device, accept, '', 'AA'.repeat(20)).status).toBe(404);
    expect(utility.request('GET', utility.dcap, accept, '', null).status).toBe(404);
  });

  it('hides everything under a path it never gave', () => {
    expect(client().get('/edev/1').status).toBe(404);
  });

  it('answers 500 to everything while an outage is simulated', () => {
    const utility = client();
    utility.state.outage = 500;
    expect(utility.get(utility.dcap).status).toBe(500);
  });
});

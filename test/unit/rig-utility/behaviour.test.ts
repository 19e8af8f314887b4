import { describe, expect, it } from 'vitest';
import { logEvents, puts, responses } from '../../rig/utility/journal.ts';
import { exampleScenario, type ScenarioControl } from '../../rig/utility/options.ts';
import {
  cancelControl,
  limitInForce,
  removeControl,
  servedControls,
  servedDefaults,
  setDefault,
  supersedeControl,
} from '../../rig/utility/state.ts';
import { downAt, timeJumpAt } from '../../rig/utility/faults.ts';
import * as good from './bodies.ts';
import { attribute, client, discover, href, LFDI, one, pages, programs, SFDI, START, xml, type TestClient } from './client.ts';

const event: ScenarioControl = {
  name: 'first',
  at: 10,
  program: 'site',
  startsIn: 20,
  durationSeconds: 60,
  modes: { opModExpLimW: 2500 },
};

const listed = (utility: TestClient, primacy: string): ReturnType<typeof pages> => {
  const program = programs(utility).find((candidate) => one(candidate, 'primacy').text === primacy);
  if (program === undefined) throw new Error(`no program of primacy ${primacy}`);
  return pages(utility, href(program, 'DERControlListLink'), 'DERControl');
};

/** The first of them; the test ends when there is none. */
const first = <T>(items: readonly T[]): T => {
  const [item] = items;
  if (item === undefined) throw new Error('nothing found');
  return item;
};

const statusOf = (utility: TestClient): string[] => listed(utility, '1').map((control) => one(control, 'currentStatus').text);

describe('an event of the scenario', () => {
  it('appears at its time, is scheduled, active, and gone after its end', () => {
    const utility = client({ scenario: exampleScenario([event]), listedAfterEnd: 0 });
    const seen = [9, 10, 29, 30, 89, 90].map((elapsed) => {
      utility.now = START + elapsed;
      return statusOf(utility).join();
    });
    expect(seen).toEqual(['', '0', '0', '1', '1', '']);
    const served = servedControls(utility.state);
    expect(served).toMatchObject([
      { name: 'first', program: 'site', primacy: 1, start: START + 30, duration: 60, firstServedAt: START + 10 },
    ]);
  });

  it('asks for responses at replyTo and states its limit in watts', () => {
    const utility = client({ scenario: exampleScenario([event]) });
    utility.now = START + 10;
    const control = first(listed(utility, '1'));
    expect(attribute(control, 'responseRequired')).toBe('03');
    expect(attribute(control, 'replyTo')).toBe(discover(utility).replyTo);
    expect(one(one(control, 'opModExpLimW'), 'value').text).toBe('2500');
  });

  it('is marked cancelled when the scenario says so, and stays listed until its end', () => {
    const utility = client({ scenario: exampleScenario([{ ...event, cancelAt: 40 }]) });
    utility.now = START + 41;
    expect(statusOf(utility)).toEqual(['2']);
    expect(servedControls(utility.state)[0]).toMatchObject({ cancelledAt: START + 40, cancelServedAt: START + 41 });
  });

  it('is cancelled, superseded or taken away by command', () => {
    const utility = client({ scenario: exampleScenario([event, { ...event, at: 11 }, { ...event, at: 12 }]) });
    utility.now = START + 12;
    statusOf(utility);
    const [cancelled, second, third] = servedControls(utility.state).map((control) => control.mRID);
    cancelControl(utility.state, cancelled ?? '', utility.now);
    supersedeControl(utility.state, second ?? '', utility.now);
    removeControl(utility.state, third ?? '', utility.now);
    expect(statusOf(utility).toSorted()).toEqual(['2', '4']);
  });

  it('is potentially superseded by a newer one, and by one of a better program', () => {
    const flags = (better: ScenarioControl): string[] => {
      const utility = client({ scenario: exampleScenario([{ ...event, program: 'feeder' }, better]) });
      utility.now = START + 20;
      return listed(utility, '89').map((control) => one(control, 'potentiallySuperseded').text);
    };
    expect(flags({ ...event, at: 15, program: 'feeder' })).toEqual(['true', 'false']);
    expect(flags({ ...event, at: 15 })).toEqual(['true']);
    expect(flags({ ...event, at: 15, startsIn: 500 })).toEqual(['false']);
    expect(flags({ ...event, at: 15, modes: { opModGenLimW: 1 } })).toEqual(['false']);
  });

  it('comes again when the scenario repeats', () => {
    const utility = client({ scenario: exampleScenario([event]), repeatSeconds: 300 });
    utility.now = START + 615;
    expect(statusOf(utility)).toEqual(['0']);
    expect(servedControls(utility.state).map((control) => control.start)).toEqual([START + 30, START + 330, START + 630]);
  });

  it('carries power above Int16 with a multiplier', () => {
    const utility = client({ scenario: exampleScenario([{ ...event, modes: { opModExpLimW: 45_000 } }]) });
    utility.now = START + 10;
    const control = first(listed(utility, '1'));
    expect(one(one(control, 'opModExpLimW'), 'multiplier').text).toBe('1');
    expect(one(one(control, 'opModExpLimW'), 'value').text).toBe('4500');
  });
});

describe('the limit that follows from what was published', () => {
  it('is the best running event, then the default, then none', () => {
    const utility = client({
      scenario: exampleScenario([event, { ...event, at: 10, program: 'feeder', modes: { opModExpLimW: 9 } }]),
    });
    utility.now = START + 12;
    utility.get(utility.dcap);
    expect(limitInForce(utility.state, 'opModExpLimW', START + 40)).toBe(2500);
    expect(limitInForce(utility.state, 'opModExpLimW', START + 95)).toBe(1500);
    setDefault(utility.state, 'site', null);
    expect(limitInForce(utility.state, 'opModExpLimW', START + 95)).toBeNull();
  });

  it('notes each default a client was told', () => {
    const utility = client();
    const read = (): void => programs(utility).forEach((program) => utility.get(href(program, 'DefaultDERControlLink')));
    read();
    utility.now += 60;
    setDefault(utility.state, 'site', null);
    read();
    expect(servedDefaults(utility.state)).toEqual([
      { program: 'site', primacy: 1, at: START, modes: { opModExpLimW: 1500 } },
      { program: 'site', primacy: 1, at: START + 60, modes: null },
      { program: 'feeder', primacy: 89, at: START, modes: null },
    ]);
  });
});

describe('responses', () => {
  const withEvent = (): { utility: TestClient; mRID: string; replyTo: string } => {
    const utility = client({ scenario: exampleScenario([event]) });
    utility.now = START + 10;
    const control = first(listed(utility, '1'));
    return { utility, mRID: one(control, 'mRID').text, replyTo: attribute(control, 'replyTo') };
  };

  it('are kept in order', () => {
    const { utility, mRID, replyTo } = withEvent();
    const codes = [1, 2, 3].map((code) => utility.send('POST', replyTo, good.response(mRID, code)).status);
    expect(codes).toEqual([201, 201, 201]);
    expect(responses(utility.state.journal)).toMatchObject(
      [1, 2, 3].map((code) => ({ subject: mRID, status: code, at: START + 10, lfdi: LFDI })),
    );
  });

  it('are refused for a subject never served, a status without meaning, and in the name of another', () => {
    const { utility, mRID, replyTo } = withEvent();
    expect(utility.send('POST', replyTo, good.response('AB'.repeat(16), 1)).status).toBe(400);
    expect(utility.send('POST', replyTo, good.response(mRID, 77)).status).toBe(400);
    expect(utility.send('POST', replyTo, good.response(mRID, 1, 'AB'.repeat(20))).status).toBe(403);
    expect(responses(utility.state.journal)).toEqual([]);
  });
});

describe('mirrors', () => {
  it('are made once, found again by mRID, and hold scaled readings', () => {
    const utility = client();
    const { mup } = discover(utility);
    const made = utility.send('POST', mup, good.mirror);
    const again = utility.send('POST', mup, good.mirror);
    expect([made.status, again.status]).toEqual([201, 204]);
    expect(again.headers['location']).toBe(made.headers['location']);
    const found = first(pages(utility, mup, 'MirrorUsagePoint'));
    expect(attribute(found, 'href')).toBe(made.headers['location']);
    expect(one(found, 'postRate').text).toBe('60');
    const place = made.headers['location'] ?? '';
    utility.send('POST', place, good.meterReading);
    utility.send('POST', place, good.meterReadingList);
    expect(utility.state.journal.readings.map(({ value, start, uom }) => [value, start, uom])).toEqual([
      [-4210, START, 38],
      [-4200, START, 38],
      [-4100, START + 60, 38],
    ]);
    expect(utility.send('DELETE', place, '').status).toBe(204);
    expect(utility.send('POST', place, good.meterReading).status).toBe(404);
  });

  it('answer 404 for a while after their creation when the server is of that kind', () => {
    const utility = client({ mirrorDelaySeconds: 3 });
    const place = utility.send('POST', discover(utility).mup, good.mirror).headers['location'] ?? '';
    expect(utility.send('POST', place, good.meterReading).status).toBe(404);
    utility.now += 3;
    expect(utility.send('POST', place, good.meterReading).status).toBe(201);
  });
});

describe('what a device tells about itself', () => {
  it('is kept and given back', () => {
    const utility = client();
    const place = href(xml(utility.get(discover(utility).der)), 'DERCapabilityLink');
    expect(utility.get(place).status).toBe(204);
    utility.send('PUT', place, good.capability);
    expect(one(xml(utility.get(place)), 'doeModesSupported').text).toBe('01');
    expect(puts(utility.state.journal)).toMatchObject([
      { type: 'DERCapability', at: START, body: { rtgMaxW: { multiplier: 0, value: 10_000 } } },
    ]);
  });

  it('includes its log events, newest first', () => {
    const utility = client();
    const { log } = discover(utility);
    utility.send('POST', log, good.logEvent);
    utility.send('POST', log, good.logEvent.replace('<logEventID>41', '<logEventID>42'));
    expect(pages(utility, log, 'LogEvent').map((item) => one(item, 'logEventID').text)).toEqual(['42', '41']);
    expect(logEvents(utility.state.journal)).toHaveLength(2);
  });
});

describe('registration in band', () => {
  const fresh = (): { utility: TestClient; list: string } => {
    const utility = client({ registration: 'in-band', devices: [] });
    return { utility, list: href(xml(utility.get(utility.dcap)), 'EndDeviceListLink') };
  };

  it('takes the device of the certificate once', () => {
    const { utility, list } = fresh();
    expect(attribute(xml(utility.get(list)), 'all')).toBe('0');
    const made = utility.send('POST', list, good.endDevice);
    expect(made.status).toBe(201);
    expect(one(xml(utility.get(made.headers['location'] ?? '')), 'sFDI').text).toBe(String(SFDI));
    expect(utility.send('POST', list, good.endDevice).status).toBe(409);
  });

  it('refuses another LFDI and an SFDI that fails its check digit', () => {
    const { utility, list } = fresh();
    expect(utility.send('POST', list, good.endDevice.replace(LFDI, 'AB'.repeat(20))).status).toBe(403);
    expect(utility.send('POST', list, good.endDevice.replace(String(SFDI), String(SFDI + 1))).status).toBe(400);
  });
});

describe('the fault server-down', () => {
  it('holds for its span', () => {
    const faults = [
      { kind: 'server-down', at: 10, forSeconds: 5 },
      { kind: 'meter-silent', at: 0 },
    ];
    expect([9, 10, 14.9, 15].map((elapsed) => downAt(faults, elapsed))).toEqual([false, true, true, false]);
  });
});

describe('the fault server-clock', () => {
  it('holds for its span, and two of them add up', () => {
    const faults = [
      { kind: 'server-clock', at: 10, forSeconds: 10, bySeconds: -40 },
      { kind: 'server-clock', at: 15, forSeconds: 10, bySeconds: 100 },
      { kind: 'server-down', at: 0, forSeconds: 90 },
    ];
    expect([9, 10, 15, 20, 25].map((elapsed) => timeJumpAt(faults, elapsed))).toEqual([0, -40, 60, 100, 0]);
  });
});

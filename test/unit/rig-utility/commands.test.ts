import { describe, expect, it } from 'vitest';
import {
  addProgram,
  associate,
  changeControl,
  dropProgram,
  enableDevice,
  jumpTime,
  lose,
  moveResources,
  setAssignments,
  setPaging,
  setPrimacy,
  wipe,
} from '../../rig/utility/commands.ts';
import { CURVE_MODES, exampleScenario, type Modes, type ScenarioControl } from '../../rig/utility/options.ts';
import { cancelControl, createControl, setRates } from '../../rig/utility/state.ts';
import type { XmlElement } from '../../rig/utility/xml.ts';
import * as good from './bodies.ts';
import { all, attribute, client, discover, href, LFDI, one, pages, programs, START, xml, type TestClient } from './client.ts';

const event: ScenarioControl = { at: 0, program: 'site', startsIn: 20, durationSeconds: 600, modes: { opModExpLimW: 2500 } };

const programOf = (utility: TestClient, name: string): XmlElement => {
  const found = programs(utility).find((candidate) => one(candidate, 'description').text === name);
  if (found === undefined) throw new Error(`no program ${name}`);
  return found;
};

const listOf = (utility: TestClient, name = 'site'): string => href(programOf(utility, name), 'DERControlListLink');
const events = (utility: TestClient, name = 'site'): readonly XmlElement[] => pages(utility, listOf(utility, name), 'DERControl');
const names = (utility: TestClient): readonly string[] => programs(utility).map((it) => one(it, 'description').text);

describe('programs and assignments', () => {
  it('appear, go and change their primacy while the server runs', () => {
    const utility = client();
    addProgram(utility.state, { name: 'late', primacy: 3, default: null });
    expect(names(utility)).toEqual(['site', 'feeder', 'late']);
    setPrimacy(utility.state, 'late', 0);
    expect(one(programOf(utility, 'late'), 'primacy').text).toBe('0');
    dropProgram(utility.state, 'site');
    expect(names(utility)).toEqual(['feeder', 'late']);
  });

  it('are dealt round as many assignments as wanted, or as told', () => {
    const many = Array.from({ length: 32 }, (_, number) => ({ name: `p${number}`, primacy: number, default: null }));
    const utility = client({ scenario: { ...exampleScenario(), programs: many }, assignments: 15 });
    expect(pages(utility, discover(utility).fsa, 'FunctionSetAssignments')).toHaveLength(15);
    expect(new Set(names(utility)).size).toBe(32);
    setAssignments(utility.state, [['p1', 'p2'], ['p2']]);
    expect(names(utility)).toEqual(['p1', 'p2', 'p2']);
    setAssignments(utility.state, []);
    expect(attribute(xml(utility.get(discoverFsa(utility))), 'all')).toBe('0');
  });

  it('may be found through the DER alone', () => {
    const utility = client({ associated: { '1': ['feeder'] }, ders: 2 });
    const ders = pages(utility, discover(utility).der, 'DER');
    expect(ders.map((der) => all(der, 'AssociatedDERProgramListLink').length)).toEqual([1, 0]);
    const [first] = ders;
    if (first === undefined) throw new Error('no DER');
    const found = pages(utility, href(first, 'AssociatedDERProgramListLink'), 'DERProgram');
    expect(found.map((it) => one(it, 'description').text)).toEqual(['feeder']);
    associate(utility.state, null);
    expect(pages(utility, discover(utility).der, 'DER').flatMap((der) => all(der, 'AssociatedDERProgramListLink'))).toEqual([]);
    associate(utility.state, ['site'], 2);
    expect(pages(utility, discover(utility).der, 'DER').flatMap((der) => all(der, 'AssociatedDERProgramListLink'))).toHaveLength(
      1,
    );
  });
});

const discoverFsa = (utility: TestClient): string =>
  href(xml(utility.get(href(xml(utility.get(utility.dcap)), 'EndDeviceListLink'))), 'FunctionSetAssignmentsListLink');

describe('modes and curves', () => {
  it('are served all, each of its type', () => {
    const factor = { displacement: 950, excitation: true, multiplier: -3 };
    const modes: Modes = {
      ...Object.fromEntries(CURVE_MODES.map((mode) => [mode, mode])),
      opModConnect: true,
      opModEnergize: false,
      opModExpLimW: 1500,
      opModImpLimW: 0,
      opModGenLimW: 100_000,
      opModLoadLimW: 1,
      opModStorageTargetW: -2500,
      opModTargetW: 100,
      opModTargetVar: -100,
      opModMaxLimW: 5000,
      opModFixedW: -1000,
      opModFixedVar: { refType: 2, value: -500 },
      opModFixedPFAbsorbW: factor,
      opModFixedPFInjectW: factor,
      opModFreqDroop: { dBOF: 36, dBUF: 36, kOF: 50, kUF: 50, openLoopTms: 500 },
      rampTms: 100,
    };
    const curves = CURVE_MODES.map((name, curveType) => ({
      name,
      curveType,
      points: [
        { x: 1, y: 2 },
        { x: 3, y: 4, ...(name === 'opModWattPF' ? { excitation: true } : {}) },
      ],
      more: { openLoopTms: 300 },
    }));
    const site = { name: 'site', primacy: 1, default: modes, settings: { setGradW: 27, setSoftGradW: 10 }, curves };
    const utility = client({
      scenario: { ...exampleScenario([{ ...event, modes }]), programs: [site] },
      extension: '1.3',
      demandParameter: null,
      pageLimit: 20,
    });
    const program = programOf(utility, 'site');
    const standing = xml(utility.get(href(program, 'DefaultDERControlLink')));
    const [control] = events(utility);
    expect(control === undefined ? 0 : one(control, 'DERControlBase').children.length).toBe(Object.keys(modes).length);
    expect(one(standing, 'DERControlBase').children.map(({ name }) => name)).toContain('opModStorageTargetW');
    expect(one(standing, 'setGradW').text).toBe('27');
    const listed = pages(utility, href(program, 'DERCurveListLink'), 'DERCurve');
    expect(listed.map((curve) => one(curve, 'curveType').text)).toEqual(CURVE_MODES.map((_, type) => String(type)));
    const linked = CURVE_MODES.map((mode) => one(xml(utility.get(attribute(one(standing, mode), 'href'))), 'mRID').text);
    expect(linked).toEqual(listed.map((curve) => one(curve, 'mRID').text));
    expect(utility.get(`${attribute(one(standing, 'opModVoltVar'), 'href')}x`).status).toBe(404);
  });

  it('leave out what the spoken extension does not have', () => {
    const site = { name: 'site', primacy: 1, default: { opModExpLimW: 1, opModStorageTargetW: 5, opModMaxLimW: 10 } };
    const served = (extension: 'none' | '1.2'): readonly string[] => {
      const utility = client({ scenario: { ...exampleScenario(), programs: [site] }, extension });
      const body = xml(utility.get(href(programOf(utility, 'site'), 'DefaultDERControlLink')));
      return one(body, 'DERControlBase').children.map(({ name }) => name);
    };
    expect(served('1.2')).toEqual(['opModMaxLimW', 'opModExpLimW']);
    expect(served('none')).toEqual(['opModMaxLimW']);
  });
});

describe('events that contradict', () => {
  it('share an mRID, a creation time, or change their body', () => {
    const utility = client();
    const mRID = 'AB'.repeat(16);
    const given = {
      program: 'site',
      start: START,
      durationSeconds: 60,
      modes: { opModExpLimW: 1 },
      mRID,
      creationTime: START - 5,
    };
    createControl(utility.state, given, START);
    createControl(utility.state, { ...given, program: 'feeder', modes: { opModExpLimW: 9 }, responseRequired: '00' }, START);
    const [here] = events(utility);
    const [there] = events(utility, 'feeder');
    if (here === undefined || there === undefined) throw new Error('not served');
    expect([here, there].map((it) => [one(it, 'mRID').text, one(it, 'creationTime').text])).toEqual([
      [mRID, String(START - 5)],
      [mRID, String(START - 5)],
    ]);
    expect([attribute(here, 'responseRequired'), attribute(there, 'responseRequired')]).toEqual(['03', '00']);
    changeControl(utility.state, mRID, { duration: 90, version: 2, saidStatus: 4, modes: { opModExpLimW: 7 } });
    const [changed] = events(utility);
    if (changed === undefined) throw new Error('not served');
    const texts = ['duration', 'version', 'currentStatus', 'value'].map((name) => one(changed, name).text);
    expect(texts).toEqual(['90', '2', '4', '7']);
  });

  it('are cancelled with randomisation', () => {
    const utility = client({ scenario: exampleScenario([event]) });
    const status = (): readonly string[] => events(utility).map((it) => one(it, 'currentStatus').text);
    expect(status()).toEqual(['0']);
    cancelControl(utility.state, utility.state.controls[0]?.mRID ?? '', utility.now, true);
    expect(status()).toEqual(['3']);
    expect(utility.state.controls[0]?.cancelServedAt).toBe(START);
  });
});

describe('lists paged wrongly', () => {
  const five = Array.from({ length: 5 }, (_, number) => ({ ...event, startsIn: 20 + number }));
  const page = (utility: TestClient, start: number): readonly [string, number] => {
    const list = xml(utility.get(`${listOf(utility)}?s=${start}&l=255`));
    return [attribute(list, 'all'), all(list, 'DERControl').length];
  };

  it('promise more than they have, or end in empty pages', () => {
    const utility = client({ scenario: exampleScenario(five), pageLimit: 3 });
    setPaging(utility.state, 'control-list', { all: 4_294_967_295, emptyFrom: 3 });
    expect([page(utility, 0), page(utility, 3)]).toEqual([
      ['4294967295', 3],
      ['4294967295', 0],
    ]);
    setPaging(utility.state, 'control-list', { pageLimit: 1, results: 9 });
    expect(page(utility, 4)).toEqual(['5', 1]);
    expect(attribute(xml(utility.get(listOf(utility))), 'results')).toBe('9');
    setPaging(utility.state, 'control-list', null);
    expect(page(utility, 0)).toEqual(['5', 3]);
  });

  it('never end, with new items for ever, or begin again with each page', () => {
    const utility = client({ scenario: exampleScenario(five), pageLimit: 10 });
    setPaging(utility.state, 'control-list', { endless: true });
    expect(page(utility, 1_000)).toEqual(['4294967295', 10]);
    const mRIDs = (start: number): readonly string[] =>
      all(xml(utility.get(`${listOf(utility)}?s=${start}&l=5`)), 'mRID').map(({ text }) => text);
    expect(new Set([...mRIDs(0), ...mRIDs(5), ...mRIDs(10)]).size).toBe(15);
    setPaging(utility.state, 'control-list', { ignoresStart: true });
    expect(mRIDs(3)).toEqual(mRIDs(0));
  });
});

describe('rates', () => {
  it('are those of single resources, or stated nowhere', () => {
    const utility = client();
    const rate = (path: string): string => attribute(xml(utility.get(path)), 'pollRate');
    const { fsa, der } = discover(utility);
    setRates(utility.state, { pollRate: 300, of: { 'fsa-list': 60, 'der-list': null } });
    expect([rate(utility.dcap), rate(fsa), rate(der)]).toEqual(['300', '60', '']);
  });
});

describe('a server that loses or moves things', () => {
  const told = (): TestClient => {
    const utility = client();
    const found = discover(utility);
    utility.send('PUT', href(xml(utility.get(found.der)), 'DERStatusLink'), good.status);
    utility.send('PUT', found.point, good.connectionPoint);
    utility.send('POST', found.mup, good.mirror);
    utility.send('POST', found.log, good.logEvent);
    return utility;
  };
  const kept = ({ state }: TestClient): readonly number[] => {
    const device = state.devices.get(LFDI);
    return [state.devices.size, device?.held.size ?? 0, state.mirrors.size, device?.logEvents.length ?? 0];
  };

  it('loses each kind alone, or all', () => {
    const after = (...what: Parameters<typeof lose>[1]): readonly number[] => {
      const utility = told();
      lose(utility.state, what);
      return kept(utility);
    };
    expect(after()).toEqual([1, 2, 1, 1]);
    expect(after('ders')).toEqual([1, 1, 1, 1]);
    expect(after('connection-points')).toEqual([1, 1, 1, 1]);
    expect(after('mirrors')).toEqual([1, 2, 0, 1]);
    expect(after('log-events')).toEqual([1, 2, 1, 0]);
    expect(after('devices')).toEqual([0, 0, 1, 0]);
    const wiped = told();
    wipe(wiped.state, { devices: false });
    expect(kept(wiped)).toEqual([1, 0, 0, 0]);
    wipe(wiped.state, { devices: true });
    expect(kept(wiped)).toEqual([0, 0, 0, 0]);
  });

  it.each(['random', 'apiV2'] as const)('moves a kind of resource to new paths with all it held, layout %s', (layout) => {
    const utility = client({ layout });
    const before = discover(utility).mup;
    utility.send('POST', before, good.mirror);
    moveResources(utility.state, ['mup-list']);
    const after = discover(utility).mup;
    expect(after).not.toBe(before);
    expect(utility.get(before).status).toBe(404);
    expect(attribute(xml(utility.get(after)), 'all')).toBe('1');
  });

  it('hides or disables a device, and its registration', () => {
    const utility = client();
    const list = href(xml(utility.get(utility.dcap)), 'EndDeviceListLink');
    enableDevice(utility.state, LFDI, false);
    expect(one(xml(utility.get(list)), 'enabled').text).toBe('false');
    utility.state.pin = 'absent';
    expect(all(xml(utility.get(list)), 'RegistrationLink')).toEqual([]);
    utility.state.offersAssignments = false;
    expect(all(xml(utility.get(list)), 'FunctionSetAssignmentsListLink')).toEqual([]);
    utility.state.offersDevice = false;
    expect(attribute(xml(utility.get(list)), 'all')).toBe('0');
  });

  it('tells another time', () => {
    const utility = client();
    jumpTime(utility.state, 3600);
    expect(one(xml(utility.get(href(xml(utility.get(utility.dcap)), 'TimeLink'))), 'currentTime').text).toBe(
      String(START + 3600),
    );
  });
});

describe('a server that takes few responses', () => {
  it('refuses the others', () => {
    const utility = client({ scenario: exampleScenario([event]), responseStatuses: [1, 2, 3, 6, 7] });
    const [control] = events(utility);
    const mRID = control === undefined ? '' : one(control, 'mRID').text;
    const { replyTo } = discover(utility);
    const codes = [1, 2, 3, 6, 7, 4, 8, 253].map((status) => utility.send('POST', replyTo, good.response(mRID, status)).status);
    expect(codes).toEqual([201, 201, 201, 201, 201, 400, 400, 400]);
  });
});

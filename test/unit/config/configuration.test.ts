import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeConfiguration } from '#app/config/configuration.ts';
import { configurationJsonSchema } from '../../../config/schema/generate.ts';

const EXAMPLE = new URL('../../../config/site/example.json', import.meta.url);
const PUBLISHED = new URL('../../../config/schema/gridward.schema.json', import.meta.url);

interface Tree {
  [key: string]: Tree;
}
const example = (): Tree => JSON.parse(readFileSync(EXAMPLE, 'utf8')) as Tree;
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const set = (tree: Tree, path: string, value: unknown): void => {
  const keys = path.split('.');
  const last = keys.pop()!;
  (keys.reduce((each, key) => each[key]!, tree) as Record<string, unknown>)[last] = value;
};
const problemsWith = (changes: Readonly<Record<string, unknown>>): readonly string[] => {
  const tree = example();
  for (const [path, value] of Object.entries(changes)) set(tree, path, value);
  const decoded = decodeConfiguration(bytesOf(tree));
  return decoded.ok ? [] : decoded.fault.map((problem) => `${problem.path} | ${problem.expected} | ${problem.found}`);
};

describe('the configuration file', () => {
  it('of the example is fine', () => {
    const decoded = decodeConfiguration(readFileSync(EXAMPLE));
    expect(decoded).toMatchObject({
      ok: true,
      value: {
        siteId: 'example',
        gridCodeWrites: false,
        limits: {
          fallback: { exportLimit: 1500, importLimit: null },
          commissioned: { exportLimit: 10_000, generationLimit: null },
          local: { schedule: null, scheme: null },
        },
        devices: [{ device: 'pv', serialNumber: null, sign: 1 }, { device: 'grid-meter' }],
      },
    });
  });

  it('limits each phase only with a meter that tells them apart, and names phases of inverters alone', () => {
    const asked = { 'site.limits.commissioned.exportPerPhaseW': 1500 };
    expect(problemsWith(asked)).toEqual([]);
    expect(problemsWith({ ...asked, 'devices.1.profile': 'eastron-sdm630' })).toEqual([]);
    expect(problemsWith({ ...asked, 'devices.1.profile': 'eastron-sdm120', 'devices.1.phase': 'a' })).toEqual([
      'devices[1].phase | a phase where an inverter or storage has an output of its own | a meter',
      'site.limits.commissioned.exportPerPhaseW | a meter that tells the power of each phase | eastron-sdm120',
    ]);
  });

  it('wants the serial number of an inverter whose registers do not say what it is', () => {
    expect(problemsWith({ 'devices.0.profile': 'sungrow-sg' })).toEqual([
      'devices[0].serialNumber | the serial number of the inverter: sungrow-sg cannot tell it by its registers | nothing',
    ]);
    expect(problemsWith({ 'devices.0.profile': 'sungrow-sg', 'devices.0.serialNumber': 'A2350415770' })).toEqual([]);
    expect(problemsWith({ 'devices.0.profile': 'solaredge' })).toEqual([]);
  });

  it('is refused where nothing may be written to any inverter, with the reason', () => {
    const untold = { 'devices.0.profile': 'goodwe-et', 'devices.0.serialNumber': '9010KETU000W0000' };
    const [problem = '', ...others] = problemsWith(untold);
    expect(others).toEqual([]);
    expect(problem).toMatch(
      /^devices\[0\]\.profile \| an inverter that can be told, or storage: its limit 47509 .* \| goodwe-et$/,
    );
  });

  it('has lines over Modbus TCP beside serial ones, and nothing in between', () => {
    const tcp = { name: 'line-1', tcp: { host: '192.168.1.20', port: 502 } };
    const tree = example();
    set(tree, 'lines.0', tcp);
    expect(decodeConfiguration(bytesOf(tree))).toMatchObject({
      ok: true,
      value: { lines: [{ path: null, tcp: tcp.tcp, baudRate: 115_200 }] },
    });
    expect(problemsWith({ 'lines.0.tcp': tcp.tcp })).toEqual([
      'lines[0].path | nothing beside tcp | "/dev/serial/by-path/platform-rs485-1"',
    ]);
    expect(problemsWith({ 'lines.0': { name: 'line-1', path: '/dev/ttyS1' } })).toEqual([
      'lines[0].baudRate | a value, or tcp in its place | nothing',
      'lines[0].parity | a value, or tcp in its place | nothing',
      'lines[0].stopBits | a value, or tcp in its place | nothing',
    ]);
  });

  it('gets every problem listed with its path, what was expected and what was found', () => {
    const problems = problemsWith({
      'site.limits.fallback.exportW': -5,
      'lines.0.baudRate': 9601,
      'devices.0.unitId': 300,
      'devices.1.role': 'metre',
      'utilities.0.url': 'http://plain.example/',
      extra: 1,
    });
    expect(problems).toEqual([
      'site.limits.fallback.exportW | a number >=0 | -5',
      'lines[0].baudRate | (1200 | 2400 | 4800 | 9600 | 19200 | 38400 | 57600 | 115200) | 9601',
      'devices[0].unitId | a number <=247 | 300',
      'devices[1].role | ("inverter" | "meter" | "storage" | "load") | "metre"',
      'utilities[0].url | an https:// address, or the domain of the utility | "http://plain.example/"',
      'extra | no such key | 1',
    ]);
  });

  it('says which key is missing', () => {
    const tree = example();
    set(tree, 'site.limits', { commissioned: { exportW: null, generationW: null } });
    const decoded = decodeConfiguration(bytesOf(tree));
    expect(decoded).toMatchObject({ ok: false, fault: [{ path: 'site.limits.fallback', found: 'nothing' }] });
  });

  it.each<[Record<string, unknown>, string]>([
    [
      { 'site.limits.schedule': { offsetMinutes: 0, entries: [{ from: '10:00', until: '10:00', exportW: 0 }] } },
      'site.limits.schedule.entries[0].until | later than 10:00 | "10:00"',
    ],
    [{ 'devices.0.line': 'line-9' }, 'devices[0].line | one of line-1 | "line-9"'],
    [{ 'devices.1.unitId': 1 }, 'devices[1].unitId | a unit id no other device of the line has | "line-1 unit 1"'],
    [{ 'devices.1.id': 'pv' }, 'devices[1].id | a name no other device has | "pv"'],
    [{ 'devices.0.role': 'meter' }, 'devices | exactly one meter, at the connection point | 2 meters'],
    [{ 'devices.0.sign': -1 }, 'devices[0].sign | nothing: only a meter has a sign | -1'],
    [
      { 'site.limits.fallback.exportW': 20_000 },
      'site.limits.fallback.exportW | at most site.limits.commissioned.exportW, 10000 | 20000',
    ],
  ])('is checked across its parts: %j', (changes, expected) => {
    expect(problemsWith(changes)).toContain(expected);
  });

  it('is refused with a second utility server: this release serves one', () => {
    const tree = example() as unknown as { utilities: Record<string, unknown>[] };
    tree.utilities.push({ ...tree.utilities[0], name: 'second' });
    const decoded = decodeConfiguration(bytesOf(tree));
    expect(decoded).toMatchObject({ ok: false, fault: [{ path: 'utilities', found: '2 servers' }] });
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['no UTF-8', new Uint8Array([0xff, 0xfe])],
    ['no JSON', new TextEncoder().encode('{"format": 1,')],
    ['too long', new Uint8Array(300_000)],
    ['no object', new TextEncoder().encode('null')],
  ])('with %s in it is refused', (_, bytes) => {
    const decoded = decodeConfiguration(bytes);
    expect(decoded).toMatchObject({ ok: false, fault: [{ path: '' }] });
  });

  it('has sources of limits with a fallback, and the broker of their topics', () => {
    const input = { kind: 'mqtt', name: 'aggregator', topic: 'site/limits', expirySeconds: 300, fallback: { exportW: 1500 } };
    const broker = { host: 'broker.example', port: 8883, trust: 'broker.pem' };
    const tree = example();
    set(tree, 'site.limits.inputs', [input]);
    set(tree, 'broker', broker);
    expect(decodeConfiguration(bytesOf(tree))).toMatchObject({
      ok: true,
      value: {
        limits: { local: { inputs: [{ name: 'aggregator', fallback: { exportW: 1500, generationW: null, importW: null } }] } },
        inputs: [{ mqtt: { topic: 'site/limits', expirySeconds: 300 } }],
        broker: { ...broker, user: null, password: null },
      },
    });
    const inputs = [input, { ...input, fallback: {} }];
    expect(problemsWith({ 'site.limits.inputs': inputs })).toEqual([
      'broker | the broker of the source aggregator | nothing',
      'site.limits.inputs[1].name | a name no other source has | "aggregator"',
      'site.limits.inputs[1].fallback | at least one limit | none',
      'broker | the broker of the source aggregator | nothing',
    ]);
    expect(problemsWith({ broker, 'site.limits.inputs': [{ ...input, topic: 'site/+/limits' }] })).toEqual([
      'site.limits.inputs[0].topic | a topic without wildcards and spaces | "site/+/limits"',
    ]);
  });

  it('has contacts whose combinations limit, none of them loosened by a cut cable', () => {
    const contacts = ['k1', 'k2'].map((name) => ({ name, path: `/sys/class/gpio/${name}/value`, closed: 0 }));
    const states = [{ closed: ['k1'] }, { closed: ['k2'], exportW: 3000 }, { closed: [], exportW: 0 }];
    const input = { kind: 'contacts', name: 'receiver', contacts, states, fallback: { exportW: 0 } };
    const tree = example();
    set(tree, 'site.limits.inputs', [input]);
    expect(decodeConfiguration(bytesOf(tree))).toMatchObject({
      ok: true,
      value: { inputs: [{ contacts, states: [{ limits: { exportW: null } }, { limits: { exportW: 3000 } }, { closed: [] }] }] },
    });
    const wrong = [{ closed: ['k3'] }, { closed: ['k1', 'k2'] }, { closed: ['k2', 'k1'] }, { closed: [], importW: 0 }];
    expect(problemsWith({ 'site.limits.inputs': [{ ...input, states: wrong, contacts: [...contacts, contacts[0]] }] })).toEqual([
      'site.limits.inputs[0].contacts[2] | a name and a path of its own | {"name":"k1","path":"/sys/class/gpio/k1/value","closed":0}',
      'site.limits.inputs[0].states[0].closed | some of k1, k2, k1 | ["k3"]',
      'site.limits.inputs[0].states[2].closed | a combination that no other state has, each contact once | ["k2","k1"]',
      'site.limits.inputs[0].states[3] | no more than the fallback: all open is what a cut cable shows | more',
    ]);
  });

  it('has storage and loads with what their owner allows, options only where their role is', () => {
    const storage = { id: 'battery', role: 'storage', line: 'line-1', unitId: 3, profile: 'sunspec-124' };
    const load = { id: 'heater', role: 'load', line: 'line-1', unitId: 4, profile: 'relay', load: { maxPowerW: 3000 } };
    const decode = (...more: readonly unknown[]): ReturnType<typeof decodeConfiguration> => {
      const tree = example() as unknown as { devices: unknown[] };
      tree.devices.push(...more);
      return decodeConfiguration(bytesOf(tree));
    };
    const hybrid = { ...storage, storage: { reservePercent: 20, hybridOf: 'pv' } };
    expect(decode(hybrid, load)).toMatchObject({
      ok: true,
      value: {
        devices: [
          { storage: null, load: null },
          { storage: null },
          { storage: { reserve: 20, gridCharge: false, hybridOf: 'pv' } },
          { load: { maxPower: 3000, normallyOn: true } },
        ],
      },
    });
    expect(decode({ ...hybrid, unitId: 1 })).toMatchObject({ ok: true });
    expect(decode({ ...storage, unitId: 1 })).toMatchObject({ ok: false, fault: [{ path: 'devices[2].unitId' }] });
    const found = (path: string): object => ({ ok: false, fault: [{ path }] });
    expect(decode({ ...load, load: undefined })).toMatchObject(found('devices[2].load'));
    expect(decode({ ...storage, load: load.load })).toMatchObject(found('devices[2].load'));
    expect(decode({ ...storage, storage: { hybridOf: 'grid-meter' } })).toMatchObject(found('devices[2].storage.hybridOf'));
    expect(decode(hybrid, { ...hybrid, id: 'second', unitId: 5 })).toMatchObject(found('devices[3].storage.hybridOf'));
  });

  it('has its JSON Schema published as the decoder knows it (node config/schema/generate.ts)', () => {
    expect(readFileSync(PUBLISHED, 'utf8')).toBe(configurationJsonSchema());
  });
});

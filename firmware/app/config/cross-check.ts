import { mapInverterProfileNamed, meterProfileNamed } from '#drivers/profile/catalogue.ts';
import { isNmi } from '#utility/identity/nmi.ts';
import type { ConfigProblem } from './configuration.ts';
import { inputProblems } from './inputs.ts';
import { budgetProblems } from './line-budget.ts';
import type { ConfigurationFile } from './schema.ts';

/** What a schema cannot say: names that must be unique or must exist, and the one meter at the connection point. */
export const crossCheck = (file: ConfigurationFile): readonly ConfigProblem[] => [
  ...repeated(
    file.lines.map((line) => line.name),
    (index) => `lines[${index}].name`,
    'a name no other line has',
  ),
  ...repeated(
    file.lines.map((line) => line.path ?? null),
    (index) => `lines[${index}].path`,
    'a path no other line has',
  ),
  ...repeated(
    file.lines.map(({ tcp }) => (tcp === undefined ? null : `${tcp.host} port ${tcp.port}`)),
    (index) => `lines[${index}].tcp`,
    'an address no other line has: its units go on one line',
  ),
  ...repeated(
    file.devices.map((device) => device.id),
    (index) => `devices[${index}].id`,
    'a name no other device has',
  ),
  ...repeated(
    file.devices.map((device) => (isHybrid(file, device) ? null : `${device.line} unit ${device.unitId}`)),
    (index) => `devices[${index}].unitId`,
    'a unit id no other device of the line has',
  ),
  ...repeated(
    file.devices.map((device) => (isHybrid(file, device) ? null : (device.serialNumber ?? null))),
    (index) => `devices[${index}].serialNumber`,
    'a serial number no other device has',
  ),
  ...repeated(
    file.utilities.map((utility) => utility.name),
    (index) => `utilities[${index}].name`,
    'a name no other utility has',
  ),
  ...lineProblems(file),
  ...missingLines(file),
  ...meterProblems(file),
  ...storageProblems(file),
  ...limitProblems(file),
  ...phaseProblems(file),
  ...identityProblems(file),
  ...untoldProblems(file),
  ...scheduleProblems(file),
  ...inputProblems(file.site.limits.inputs, file.broker !== undefined),
  ...nmiProblems(file),
  ...serverProblems(file),
  ...budgetProblems(file),
];

/** Storage behind an inverter, and on its very unit: one device with two roles. */
const isHybrid = ({ devices }: ConfigurationFile, { line, unitId, storage }: ConfigurationFile['devices'][number]): boolean =>
  devices.some((one) => one.id === storage?.hybridOf && one.line === line && one.unitId === unitId);

/**
 * Several servers would each state limits of their own, and their priorities say nothing of each other (firmware/adr/0008): this
 * release serves one, and says so before a site counts on the second.
 */
const serverProblems = (file: ConfigurationFile): ConfigProblem[] =>
  file.utilities.length <= 1
    ? []
    : [{ path: 'utilities', expected: 'at most one utility server in this release', found: `${file.utilities.length} servers` }];

const repeated = (values: readonly (string | null)[], pathOf: (index: number) => string, expected: string): ConfigProblem[] =>
  values.flatMap((value, index) =>
    value !== null && values.indexOf(value) < index ? [{ path: pathOf(index), expected, found: JSON.stringify(value) }] : [],
  );

/** A line is serial, with all that needs, or Modbus TCP. */
const lineProblems = (file: ConfigurationFile): ConfigProblem[] =>
  file.lines.flatMap((line, index) => {
    const place = `lines[${index}]`;
    if (line.tcp !== undefined)
      return line.path === undefined
        ? []
        : [{ path: `${place}.path`, expected: 'nothing beside tcp', found: JSON.stringify(line.path) }];
    return (['path', 'baudRate', 'parity', 'stopBits'] as const)
      .filter((key) => line[key] === undefined)
      .map((key) => ({ path: `${place}.${key}`, expected: 'a value, or tcp in its place', found: 'nothing' }));
  });

const missingLines = (file: ConfigurationFile): ConfigProblem[] => {
  const names = file.lines.map((line) => line.name);
  return file.devices.flatMap((device, index) =>
    names.includes(device.line)
      ? []
      : [{ path: `devices[${index}].line`, expected: `one of ${names.join(', ')}`, found: JSON.stringify(device.line) }],
  );
};

/** Times of one form compare as their text does. */
const scheduleProblems = (file: ConfigurationFile): ConfigProblem[] =>
  (file.site.limits.schedule?.entries ?? []).flatMap(({ from, until }, index) =>
    from < until
      ? []
      : [{ path: `site.limits.schedule.entries[${index}].until`, expected: `later than ${from}`, found: JSON.stringify(until) }],
  );

const meterProblems = (file: ConfigurationFile): ConfigProblem[] => {
  const meters = file.devices.filter((device) => device.role === 'meter').length;
  const sources = file.devices.filter(({ role }) => role === 'inverter' || role === 'storage').length;
  const problems: ConfigProblem[] = [];
  if (meters !== 1)
    problems.push({ path: 'devices', expected: 'exactly one meter, at the connection point', found: `${meters} meters` });
  if (sources === 0) problems.push({ path: 'devices', expected: 'at least one inverter or storage', found: 'none' });
  for (const [index, device] of file.devices.entries()) {
    if (device.sign === undefined || device.role === 'meter') continue;
    problems.push({ path: `devices[${index}].sign`, expected: 'nothing: only a meter has a sign', found: String(device.sign) });
  }
  return problems;
};

/** Options stand where their role is; a hybrid names an inverter of the site, each inverter once. */
const storageProblems = ({ devices }: ConfigurationFile): ConfigProblem[] => {
  const inverters = devices.filter((device) => device.role === 'inverter').map(({ id }) => id);
  return devices.flatMap(({ role, storage, load }, index) => {
    const place = `devices[${index}]`;
    const hybridOf = storage?.hybridOf;
    const problems: ConfigProblem[] = [];
    const wrong = (path: string, expected: string, found: string): unknown =>
      problems.push({ path: `${place}.${path}`, expected, found });
    if (storage !== undefined && role !== 'storage') wrong('storage', 'nothing: only storage has such options', 'options');
    if (load !== undefined && role !== 'load') wrong('load', 'nothing: only a load has such options', 'options');
    if (load === undefined && role === 'load') wrong('load', 'what it draws at most (maxPowerW)', 'nothing');
    if (hybridOf !== undefined && !inverters.includes(hybridOf))
      wrong('storage.hybridOf', 'the name of an inverter', JSON.stringify(hybridOf));
    else if (hybridOf !== undefined && devices.findIndex((one) => one.storage?.hybridOf === hybridOf) < index)
      wrong('storage.hybridOf', 'an inverter no other storage shares', JSON.stringify(hybridOf));
    return problems;
  });
};

const nmiProblems = (file: ConfigurationFile): ConfigProblem[] =>
  file.utilities.flatMap(({ nmi }, index) =>
    nmi === undefined || isNmi(nmi)
      ? []
      : [{ path: `utilities[${index}].nmi`, expected: 'the right check digit at its end', found: JSON.stringify(nmi) }],
  );

/** Registers that say nothing of whose they are: the number has to, before anything is written to them. */
const identityProblems = ({ devices }: ConfigurationFile): ConfigProblem[] =>
  devices.flatMap(({ role, profile, serialNumber }, index) => {
    const map = role === 'inverter' ? mapInverterProfileNamed(profile)?.map : undefined;
    if (map === undefined || map.expects.length > 0 || serialNumber !== undefined) return [];
    const expected = `the serial number of the inverter: ${profile} cannot tell it by its registers`;
    return [{ path: `devices[${index}].serialNumber`, expected, found: 'nothing' }];
  });

/** Where nothing may be written to any inverter, and no battery can take what they give, no limit would hold. */
const untoldProblems = ({ devices }: ConfigurationFile): ConfigProblem[] => {
  const inverters = devices.flatMap(({ role, profile }, index) => (role === 'inverter' ? [{ profile, index }] : []));
  const reasons = inverters.map(({ profile }) => mapInverterProfileNamed(profile)?.neverWritten);
  if (inverters.length === 0 || reasons.some((why) => why === undefined) || devices.some(({ role }) => role === 'storage'))
    return [];
  return inverters.map(({ profile, index }, at) => ({
    path: `devices[${index}].profile`,
    expected: `an inverter that can be told, or storage: ${reasons[at] ?? ''}`,
    found: profile,
  }));
};

/** A limit of each phase wants a meter that tells them apart; of a SunSpec meter only the device itself says so. */
const phaseProblems = (file: ConfigurationFile): ConfigProblem[] => {
  const wrong = file.devices.flatMap(({ phase, role, storage }, index) =>
    phase === undefined || role === 'inverter' || (role === 'storage' && storage?.hybridOf === undefined)
      ? []
      : [
          {
            path: `devices[${index}].phase`,
            expected: 'a phase where an inverter or storage has an output of its own',
            found: `a ${role}`,
          },
        ],
  );
  const limit = file.site.limits.commissioned.exportPerPhaseW ?? null;
  const meter = file.devices.find(({ role }) => role === 'meter');
  const map = meter === undefined ? undefined : meterProfileNamed(meter.profile)?.map;
  const points = map?.points;
  if (limit === null || points === undefined || (points.WphB !== undefined && points.WphC !== undefined)) return wrong;
  const expected = 'a meter that tells the power of each phase';
  return [...wrong, { path: 'site.limits.commissioned.exportPerPhaseW', expected, found: meter?.profile ?? 'none' }];
};

/** The fallback stands in for a utility's default: looser than what always binds it would be a mistake, not a wish. */
const limitProblems = (file: ConfigurationFile): ConfigProblem[] => {
  const { commissioned, fallback } = file.site.limits;
  if (commissioned.exportW === null || fallback.exportW <= commissioned.exportW) return [];
  return [
    {
      path: 'site.limits.fallback.exportW',
      expected: `at most site.limits.commissioned.exportW, ${commissioned.exportW}`,
      found: String(fallback.exportW),
    },
  ];
};

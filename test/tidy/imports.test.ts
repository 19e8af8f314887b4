import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';
import { cruise, type Violation } from '../tooling/imports.ts';

const PLANTED = join(ROOT, 'build/planted');
const config = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as { forbidden: readonly { name: string }[] };

/** What each rule must catch: the file, and what it imports against the rule. */
const GUILTY: Readonly<Record<string, readonly [file: string, imported: string]>> = {
  'base-imports-nothing': ['firmware/base/guilty.ts', 'node:fs'],
  'site-sees-base': ['firmware/site/guilty.ts', '#log/good.ts'],
  'log-sees-base': ['firmware/log/guilty.ts', '#site/good.ts'],
  'control-sees-site-and-log': ['firmware/control/guilty.ts', '#telemetry/good.ts'],
  'telemetry-sees-control': ['firmware/telemetry/guilty.ts', '#utility/good.ts'],
  'utility-is-pure': ['firmware/utility/guilty.ts', 'node:net'],
  'utility-sees-types-of-the-link': ['firmware/utility/talker.ts', '#link/message.ts'],
  'broker-is-pure': ['firmware/broker/guilty.ts', '#utility/good.ts'],
  'update-is-pure': ['firmware/update/guilty.ts', 'node:child_process'],
  'commission-is-pure': ['firmware/commission/guilty.ts', '#utility/good.ts'],
  'link-sees-what-it-carries': ['firmware/link/guilty.ts', '#telemetry/good.ts'],
  'drivers-see-base-and-site': ['drivers/line/guilty.ts', '#control/good.ts'],
  'port-shells-see-their-device': ['drivers/line/tcp-dial.ts', '#control/good.ts'],
  'platform-implements-ports': ['firmware/platform/files/guilty.ts', '#control/good.ts'],
  'platform-knows-no-driver-and-no-app': ['firmware/platform/clock/guilty.ts', '#drivers/line/good.ts'],
  'platform-is-for-app': ['firmware/control/outward.ts', '#platform/good.ts'],
  'drivers-are-for-app': ['firmware/control/downward.ts', '#drivers/line/good.ts'],
  'app-is-for-tests': ['firmware/link/upward.ts', '#app/good.ts'],
  'programs-do-not-know-each-other': ['firmware/app/northd/guilty.ts', '#app/controld/good.ts'],
  'product-does-not-see-tests': ['firmware/app/controld/guilty.ts', '../../../test/support/good.ts'],
  'rig-sees-base-alone': ['test/rig/guilty.ts', '#site/good.ts'],
  'settings-files-are-for-app': ['firmware/site/reader.ts', '../../package.json'],
  'serial-port-in-line': ['drivers/meter/guilty.ts', 'serialport'],
  'modbus-serial-in-line': ['drivers/inverter/guilty.ts', 'modbus-serial'],
  'mqtt-in-broker': ['firmware/app/northd/guilty-mqtt.ts', 'mqtt'],
  'undici-in-http': ['firmware/platform/files/fetcher.ts', 'undici'],
  'xml-parser-in-wire': ['firmware/utility/walk/guilty.ts', 'fast-xml-parser'],
  'valibot-in-decoders': ['firmware/control/limiter/guilty.ts', 'valibot'],
  'no-tools-in-product': ['firmware/app/northd/tool.ts', 'esbuild'],
  'no-circular': ['firmware/site/circle-too.ts', './circle.ts'],
  'not-to-unresolvable': ['firmware/site/nowhere.ts', './nothing-there.ts'],
  'no-orphans': ['firmware/site/orphan.ts', ''],
};

/** What the rules must allow: the same rooms, importing what they may. */
const INNOCENT: readonly (readonly [file: string, imported: string])[] = [
  ['firmware/log/segment.ts', 'node:zlib'],
  ['firmware/control/plan/draw.ts', 'node:crypto'],
  ['firmware/control/plan/store.ts', 'valibot'],
  ['firmware/utility/wire/xml.ts', 'fast-xml-parser'],
  ['firmware/platform/http/client.ts', 'undici'],
  ['firmware/platform/broker/client.ts', 'mqtt'],
  ['drivers/line/serial-port.ts', 'serialport'],
  ['firmware/app/controld/main.ts', '#drivers/line/good.ts'],
  ['test/rig/innocent.ts', '#base/good.ts'],
  ['test/unit/innocent.ts', '#app/good.ts'],
];

/** What the planted files import, each good itself. */
const ROOMS = [
  ...['base', 'site', 'log', 'control', 'telemetry', 'utility', 'link', 'platform', 'app', 'app/controld'].map(
    (room) => `firmware/${room}`,
  ),
  ...['drivers/line', 'test/support'],
];

const source = (imported: string): string =>
  imported === '' ? 'export const alone = 1;\n' : `import * as imported from '${imported}';\nexport const used = imported;\n`;

const plant = async (file: string, text: string): Promise<void> => {
  await mkdir(dirname(join(PLANTED, file)), { recursive: true });
  await writeFile(join(PLANTED, file), text);
};

describe('import rules', () => {
  let violations: readonly Violation[] = [];

  beforeAll(async () => {
    await rm(PLANTED, { recursive: true, force: true });
    for (const file of ['package.json', 'tsconfig.json']) {
      await mkdir(PLANTED, { recursive: true });
      await copyFile(join(ROOT, file), join(PLANTED, file));
    }
    await symlink(join(ROOT, 'node_modules'), join(PLANTED, 'node_modules'));
    for (const room of ROOMS) await plant(`${room}/good.ts`, 'export const good = 1;\n');
    await plant('firmware/link/message.ts', 'export const word = 1;\n');
    await plant('firmware/site/circle.ts', source('./circle-too.ts'));
    for (const [file, imported] of [...Object.values(GUILTY), ...INNOCENT]) await plant(file, source(imported));
    ({ violations } = await cruise(PLANTED, ['firmware', 'drivers', 'test']));
  });

  it('plants one violation for each rule', () => {
    expect(Object.keys(GUILTY).sort()).toEqual(config.forbidden.map(({ name }) => name).sort());
  });

  it.each(Object.entries(GUILTY))('%s goes red', (rule, [file]) => {
    expect(violations.filter(({ from }) => from === file).map((violation) => violation.rule)).toContain(rule);
  });

  it('leaves alone what is allowed', () => {
    const innocent = new Set(INNOCENT.map(([file]) => file));
    expect(violations.filter(({ from }) => innocent.has(from))).toEqual([]);
  });
});

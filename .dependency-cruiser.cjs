// Who may import whom. The names are the documentation; test/tidy/imports.test.ts sees each rule go red.
// A room is a folder of firmware/ or drivers/. Node's own modules appear under their bare names (`fs`, `crypto`).

/** `from` may import only what one of `may` matches. */
const only = (name, from, may, comment) => ({ name, comment, severity: 'error', from: { path: from }, to: { pathNot: may } });
/** Nobody but `who` imports what `what` matches. */
const reserved = (name, what, who, comment) => ({ name, comment, severity: 'error', from: { pathNot: who }, to: { path: what } });
const npm = (...names) => names.map((name) => `node_modules/${name}/`);
const node = (...names) => `^(node:)?(${names.join('|')})$`;

const base = '^firmware/base/';
const site = '^firmware/site/';
const log = '^firmware/log/';
const control = '^firmware/control/';
const telemetry = '^firmware/telemetry/';
const link = '^firmware/link/';
/** A file that declares a port, and the bounds that belong to it. */
const PORTS = '/[a-z-]*ports?[.]ts$';
const valibot = 'node_modules/valibot/';
const northern = (room) => [base, site, log, control, telemetry, `^firmware/${room}/`, node('crypto', 'zlib')];

/** The files that turn what comes from outside into values with valibot. */
const DECODERS = [
  '^firmware/app/',
  '^firmware/link/',
  '^firmware/control/(plan|clock)/store\\.ts$',
  '^firmware/control/plan/mode-schema\\.ts$',
  '^firmware/utility/translate/profile\\.ts$',
  '^firmware/utility/report/record\\.ts$',
  '^drivers/profile/',
  '^test/(?!rig/)',
];

module.exports = {
  forbidden: [
    only('base-imports-nothing', base, [base], 'the words of the code depend on no one'),
    only('site-sees-base', site, [site, base]),
    only('log-sees-base', log, [log, base, node('zlib')], 'the log knows nothing of energy'),
    only('control-sees-site-and-log', control, [control, site, log, base, valibot, node('crypto')]),
    only('telemetry-sees-control', telemetry, [telemetry, control, site, log, base]),
    only('utility-is-pure', '^firmware/utility/', [...northern('utility'), '^firmware/link/message\\.ts$', valibot, ...npm('fast-xml-parser')]),
    {
      name: 'utility-sees-types-of-the-link',
      comment: 'what controld says of the site is worded in link/message.ts; nothing of the link runs in utility',
      severity: 'error',
      from: { path: '^firmware/utility/' },
      to: { path: link, dependencyTypesNot: ['type-only'] },
    },
    only('broker-is-pure', '^firmware/broker/', northern('broker')),
    only('update-is-pure', '^firmware/update/', northern('update')),
    only('commission-is-pure', '^firmware/commission/', northern('commission')),
    only('link-sees-what-it-carries', link, [link, base, site, log, control, valibot]),
    only('drivers-see-base-and-site', '^drivers/(?!line/(serial-port|tcp-dial)\\.ts$)', ['^drivers/', base, site, valibot, ...npm('serialport', '@serialport', 'modbus-serial')]),
    only(
      'port-shells-see-their-device',
      '^drivers/line/(serial-port|tcp-dial)\\.ts$',
      ['^drivers/', base, site, ...npm('serialport', '@serialport'), node('fs', 'net')],
      'the shells under a line: what they import of Node is the descriptor or the socket',
    ),
    {
      name: 'platform-implements-ports',
      comment: 'values come from base, the link and the files of ports with their bounds; of the rest platform sees types alone',
      severity: 'error',
      from: { path: '^firmware/platform/' },
      to: { path: '^(firmware|drivers|test|config)/', pathNot: ['^firmware/platform/', base, link, PORTS], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'platform-knows-no-driver-and-no-app',
      severity: 'error',
      from: { path: '^firmware/platform/' },
      to: { path: ['^drivers/', '^firmware/app/'] },
    },
    reserved('platform-is-for-app', '^firmware/platform/', ['^firmware/(platform|app)/', '^test/(?!rig/)']),
    reserved('drivers-are-for-app', '^drivers/', ['^drivers/', '^firmware/app/', '^test/(?!rig/)']),
    reserved('app-is-for-tests', '^firmware/app/', ['^firmware/app/', '^test/(?!rig/)', '^config/schema/']),
    {
      name: 'programs-do-not-know-each-other',
      severity: 'error',
      from: { path: '^firmware/app/(controld|northd|locald|cli)/' },
      to: { path: '^firmware/app/(controld|northd|locald|cli)/', pathNot: '^firmware/app/$1/' },
    },
    {
      name: 'product-does-not-see-tests',
      severity: 'error',
      from: { path: ['^firmware/', '^drivers/', '^config/'] },
      to: { path: '^test/' },
    },
    {
      name: 'rig-sees-base-alone',
      comment: 'a simulator that shares code with the product agrees with its mistakes',
      severity: 'error',
      from: { path: '^test/rig/' },
      to: { path: ['^firmware/', '^drivers/', '^config/', '^test/', 'node_modules/'], pathNot: ['^test/rig/', base] },
    },
    {
      name: 'settings-files-are-for-app',
      comment: 'only the wiring reads package.json and config/',
      severity: 'error',
      from: { path: ['^firmware/', '^drivers/'], pathNot: '^firmware/app/' },
      to: { path: ['^package\\.json$', '^config/'] },
    },
    reserved('serial-port-in-line', 'node_modules/@?serialport/', ['^drivers/line/']),
    reserved('modbus-serial-in-line', 'node_modules/modbus-serial/', ['^drivers/line/', '^test/(?!rig/)']),
    reserved('mqtt-in-broker', 'node_modules/mqtt/', ['^firmware/platform/broker/']),
    reserved('undici-in-http', 'node_modules/undici/', ['^firmware/platform/http/']),
    reserved('xml-parser-in-wire', 'node_modules/fast-xml-parser/', ['^firmware/utility/wire/']),
    reserved('valibot-in-decoders', valibot, DECODERS, 'firmware/adr/0002: many decoders, one library'),
    {
      name: 'no-tools-in-product',
      comment: 'only what package.json lists under dependencies is on the device',
      severity: 'error',
      from: { path: ['^firmware/', '^drivers/'] },
      to: { dependencyTypes: ['npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg', 'npm-unknown', 'npm-bundled'] },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['^test/vitest\\.config\\.ts$', '\\.d\\.ts$'] },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: 'specify',
    combinedDependencies: false,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};

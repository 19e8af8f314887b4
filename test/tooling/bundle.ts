/**
 * Builds build/bundle: one ES module per process of firmware/app, and beside them the one package that stays outside, the serial
 * port binding, with the prebuilt binary of this machine alone, and the addon of `make native` where there is one. The folder runs by itself: Node and nothing else.
 * `--out FOLDER` builds elsewhere; `--watch` builds again whenever a source changes; a bundle is written only where its content changed, so that whoever watches
 * the files restarts only the process that is new.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, context, type BuildOptions, type BuildResult, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { values: flags } = parseArgs({ options: { out: { type: 'string' }, watch: { type: 'boolean' } } });
const OUT = flags.out ?? join(ROOT, 'build/bundle');
const OUTSIDE = '@serialport/bindings-cpp';
/** What the binding names as a dependency and needs only to be compiled. */
const NOT_AT_RUN_TIME = new Set(['node-addon-api']);
/** Name of the program, where it is not the folder's. */
const PROGRAM: Readonly<Record<string, string>> = { cli: 'gridward' };

/** folder of firmware/app with a main.ts -> its program name */
const programs = async (): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>();
  for (const folder of await readdir(join(ROOT, 'firmware/app'), { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    const files = await readdir(join(ROOT, 'firmware/app', folder.name));
    if (files.includes('main.ts'))
      found.set(join(ROOT, 'firmware/app', folder.name, 'main.ts'), PROGRAM[folder.name] ?? folder.name);
  }
  return found;
};

const options = (entry: string): BuildOptions => ({
  entryPoints: [entry],
  absWorkingDir: ROOT,
  outdir: OUT,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  external: [OUTSIDE],
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'error',
  // packages written for require() ask for Node's own modules that way; the name is one no module of ours imports
  banner: {
    js: "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);",
  },
});

/** Writes through a neighbour and a rename; false where the file says so already. */
const replace = async (path: string, content: Uint8Array | string): Promise<boolean> => {
  const before = await readFile(path).catch(() => null);
  if (before !== null && Buffer.from(content).equals(before)) return false;
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
  return true;
};

const keep = async (result: BuildResult, program: string): Promise<boolean> => {
  const output = result.outputFiles?.[0];
  if (output === undefined) return false;
  await replace(join(ROOT, 'build/meta', `${program}.json`), JSON.stringify(result.metafile));
  return replace(join(OUT, `${program}.mjs`), output.contents);
};

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

const needed = (path: string): boolean => {
  const name = basename(path);
  const prebuilt = /\/prebuilds\/([^/]+)(?:\/|$)/.exec(path)?.[1];
  if (prebuilt !== undefined) {
    return prebuilt === `${process.platform}-${process.arch}` && (!name.endsWith('.node') || name.endsWith('.glibc.node'));
  }
  return !/\.(?:d\.ts|map|md|gyp|gypi|cpp|h)$/.test(name) && !['test', 'tests', 'node_modules'].includes(name);
};

/** Folder of a package as Node would find it from `from`. */
const folderOf = (name: string, from: string): string => {
  for (const modules of createRequire(join(from, 'any.js')).resolve.paths(name) ?? []) {
    if (existsSync(join(modules, name, 'package.json'))) return join(modules, name);
  }
  throw new Error(`${name}, asked for by ${from}, is not installed`);
};

/** Copies one package and those it needs at run time, each to the place below node_modules that npm gave it. */
const copyPackage = async (name: string, from: string): Promise<void> => {
  const folder = folderOf(name, from);
  await cp(folder, join(OUT, relative(ROOT, folder)), {
    recursive: true,
    filter: (path) => path === folder || needed(path.slice(folder.length)),
  });
  const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
  for (const dependency of Object.keys(dependencies)) if (!NOT_AT_RUN_TIME.has(dependency)) await copyPackage(dependency, folder);
};

/** The binding beside the bundles; renewed only where npm has another one now. */
const copyBinding = async (): Promise<void> => {
  const manifest = await readFile(join(folderOf(OUTSIDE, ROOT), 'package.json'));
  const copy = await readFile(join(OUT, 'node_modules', OUTSIDE, 'package.json')).catch(() => null);
  if (copy !== null && manifest.equals(copy)) return;
  await rm(join(OUT, 'node_modules'), { recursive: true, force: true });
  await copyPackage(OUTSIDE, ROOT);
};

/** The addon of `make native`, where it was built: without it the bundles run with a key in a file. */
const copyAddon = async (): Promise<void> => {
  const addon = await readFile(join(ROOT, 'build/native/gridward.node')).catch(() => null);
  if (addon !== null) await replace(join(OUT, 'gridward.node'), addon);
};

const size = async (folder: string): Promise<number> => {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += (await readFile(join(entry.parentPath, entry.name))).length;
  }
  return bytes;
};

const announced = (program: string, entry: string): Plugin => ({
  name: 'announce',
  setup: (builder) => {
    builder.onEnd(async (result) => {
      if (result.errors.length > 0)
        process.stdout.write(`bundle    ${relative(ROOT, entry)} has errors; the last good one stays\n`);
      else if (await keep(result, program)) process.stdout.write(`bundle    ${program}.mjs is new\n`);
    });
  },
});

const entries = await programs();
if (entries.size === 0) throw new Error('firmware/app has no main.ts');
await mkdir(join(ROOT, 'build/meta'), { recursive: true });
await mkdir(OUT, { recursive: true });
await copyBinding();
await copyAddon();
if (flags.watch === true) {
  for (const [entry, program] of entries)
    await (await context({ ...options(entry), plugins: [announced(program, entry)] })).watch();
} else {
  for (const [entry, program] of entries) await keep(await build(options(entry)), program);
  process.stdout.write(`bundle    ${[...entries.values()].join(', ')}: ${((await size(OUT)) / 1e6).toFixed(2)} MB installed\n`);
}

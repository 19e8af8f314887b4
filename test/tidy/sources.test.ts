import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CODE, fileAt, filesOf, PRODUCT, ROOT, type Source } from './sources.ts';
import { RELEASE } from '#app/release.ts';

const MAX_LINES = 400;
/** Lint suppressions in all sources; may only fall. */
const SUPPRESSIONS = 0;
/** Floors: a check that reads nothing finds nothing. Raise them as the tree grows. */
const PRODUCT_FILES = 190;
const CODE_FILES = 310;

/** `path:line text` of every line of `sources` that matches. */
const linesWith = (sources: readonly Source[], pattern: RegExp): readonly string[] =>
  sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
  );

/** The sources without comments and string contents, line for line. */
const bare = (sources: readonly Source[]): readonly Source[] =>
  sources.map(({ path, text }) => ({
    path,
    text: text
      .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
      .replace(/(^|\s)\/\/.*$/gm, '')
      .replace(/'(?:[^'\\\n]|\\.)*'/g, "''"),
  }));

const outside = (sources: readonly Source[], ...folders: readonly string[]): readonly Source[] =>
  sources.filter(({ path }) => !folders.some((folder) => path.startsWith(folder)));

describe('sources', () => {
  it('are all read', () => {
    expect(PRODUCT.length).toBeGreaterThanOrEqual(PRODUCT_FILES);
    expect(CODE.length).toBeGreaterThanOrEqual(CODE_FILES);
  });

  it('are short', () => {
    expect(CODE.filter(({ text }) => text.split('\n').length - 1 > MAX_LINES).map(({ path }) => path)).toEqual([]);
  });

  it('have names in kebab-case that say something', () => {
    const spelled = CODE.filter(
      ({ path }) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.property\.test|\.config)?\.ts$/.test(basename(path)),
    );
    const empty = CODE.filter(({ path }) => /(^|[/-])(utils?|helpers?|misc|shared|manager|stuff|lib)([-./]|$)/.test(path));
    // SunSpec calls its model 1 Common
    const common = CODE.filter(({ path }) => /(^|[/-])common[-./]/.test(path) && path !== 'drivers/sunspec/models/common.ts');
    expect([...spelled, ...empty, ...common].map(({ path }) => path)).toEqual([]);
  });

  it('have no function or class whose name says nothing', () => {
    // the service manager is systemd's own word
    const vague =
      /\b(?:class \w+(?:Helper|Utils?|Manager)|(?:function |const )(?:helper|utils?|doIt|doStuff|processData|handleData|handleIt|foo|tmp|temp|obj|arr|res)\b)/;
    expect(linesWith(bare(CODE), vague)).toEqual([]);
  });

  it('name a power by its sign', () => {
    const words = /\b(?:siteWatts|gridPower|housePower|netPower|sitePower)\b/;
    expect(linesWith(bare(PRODUCT), words)).toEqual([]);
  });

  it('keep no state in a module', () => {
    expect(linesWith(bare(PRODUCT), /^(?:export )?(?:let|var)\s/)).toEqual([]);
    expect(
      linesWith(bare(PRODUCT), /^(?:export )?const \w+(?:: [^=]+)? = new (?:Map|Set|Array|WeakMap)(?:<[^>]*>)?\(\);?$/),
    ).toEqual([]);
  });

  it('ask the clock and the entropy of platform alone', () => {
    const ambient =
      /\b(?:new Date\b|Date\.(?:now|parse|UTC)|setTimeout\(|setInterval\(|setImmediate\(|Math\.random|performance\.|hrtime|randomBytes|randomUUID|randomInt|getRandomValues)/;
    expect(linesWith(bare(outside(PRODUCT, 'firmware/platform/', 'firmware/app/')), ambient)).toEqual([]);
  });

  it('decide without waiting', () => {
    const waiting = /\b(?:async|await|Promise)\b/;
    const deciding = PRODUCT.filter(({ path }) => /^firmware\/(?:base|site|control|telemetry|utility)\//.test(path));
    expect(deciding.length).toBeGreaterThanOrEqual(85);
    // a port may promise; what decides may not
    expect(linesWith(bare(deciding.filter(({ path }) => !/ports?\.ts$/.test(path))), waiting)).toEqual([]);
  });

  it('touch the process only where it is the outside world', () => {
    expect(linesWith(bare(outside(PRODUCT, 'firmware/platform/', 'firmware/app/')), /\bprocess\.|\bconsole\./)).toEqual([]);
  });

  it('suppress no lint rule more than before', () => {
    expect(
      linesWith(CODE, /(?:eslint|biome|ts)-(?:disable|ignore|expect-error|nocheck)/).filter(
        (line) => !line.startsWith('test/tidy/'),
      ).length,
    ).toBeLessThanOrEqual(SUPPRESSIONS);
  });

  it('skip, focus and fake no test', () => {
    const tests = outside(
      CODE.filter(({ path }) => path.startsWith('test/')),
      'test/tidy/',
    );
    expect(
      linesWith(
        bare(tests),
        /\b(?:it|test|describe)\.(?:skip|only|todo|skipIf|runIf)\b|\bvi\.(?:mock|useFakeTimers|stubGlobal)\b/,
      ),
    ).toEqual([]);
  });

  it('name no machine and no registry', () => {
    const files = [
      ...filesOf(
        ['firmware', 'drivers', 'test', 'config', 'native', 'image', '.ci'],
        /\.(?:ts|json|xml|c|h|cc|md|sh|txt|svg)$|^run$/,
      ),
      ...['README.md', 'SECURITY.md', 'Makefile', 'package.json', 'package-lock.json', '.env.sh', '.npmrc', '.knip.json'].flatMap(
        (path) => {
          const text = fileAt(path);
          return text === null ? [] : [{ path, text }];
        },
      ),
    ];
    expect(files.length).toBeGreaterThanOrEqual(350);
    const paths =
      /(?:^|[\s"'`=(:])\/(?:work|root|home|Users|workspace)\/|registry\.[a-z]+\.[a-z]+|"resolved":|npmmirror|artifactory/;
    expect(
      linesWith(
        files.filter(({ path }) => path !== 'test/tidy/sources.test.ts'),
        paths,
      ),
    ).toEqual([]);
  });
});

describe('release', () => {
  it('is the version of package.json', () => {
    const manifest = JSON.parse(fileAt('package.json') ?? '') as { version: string };
    expect(RELEASE).toBe(manifest.version);
    expect(RELEASE).toMatch(/^\d{4}\.\d{1,2}\.\d+$/);
  });

  it('fixes every dependency to one version', () => {
    const manifest = JSON.parse(fileAt('package.json') ?? '') as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.length).toBeGreaterThanOrEqual(15);
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('has a licence', () => {
    expect(fileAt('LICENSE')).toContain('Apache License');
    expect(fileAt('SECURITY.md')).not.toBeNull();
  });
});

describe('documents', () => {
  it('number every decision record, without a gap', () => {
    const records = filesOf(['firmware/adr'], /\.md$/);
    expect(records.length).toBeGreaterThanOrEqual(3);
    expect(records.map(({ path }) => /^firmware\/adr\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1])).toEqual(
      records.map((_, index) => String(index + 1).padStart(4, '0')),
    );
    for (const { path, text } of records) {
      const number = Number(basename(path).slice(0, 4));
      expect(text, path).toMatch(new RegExp(`^# 0*${number}[. ]`));
      for (const part of ['Context', 'Decision', 'Consequences']) expect(text, path).toContain(`## ${part}`);
    }
  });

  it('cite only decision records that exist', () => {
    const cited = [
      ...CODE,
      ...['.eslint.config.js', '.dependency-cruiser.cjs'].map((path) => ({ path, text: fileAt(path) ?? '' })),
    ].flatMap(({ path, text }) => [...text.matchAll(/adr\/(\d{4}[a-z0-9-]*)/g)].map((match) => ({ path, name: match[1] ?? '' })));
    const known = filesOf(['firmware/adr'], /\.md$/).map(({ path }) => basename(path));
    expect(cited.filter(({ name }) => !known.some((file) => file.startsWith(name)))).toEqual([]);
  });

  it('mention every room of the house', () => {
    for (const house of ['firmware', 'drivers', 'test']) {
      const readme = fileAt(`${house}/README.md`);
      if (readme === null) continue;
      const rooms = new Set(
        filesOf([house], /\.(?:ts|json)$/).flatMap(({ path }) => {
          const room = dirname(path).split('/')[1];
          return room === undefined ? [] : [room];
        }),
      );
      expect(rooms.size, house).toBeGreaterThanOrEqual(5);
      expect(
        [...rooms].filter((room) => !readme.includes(room)),
        `${ROOT}${house}/README.md`,
      ).toEqual([]);
    }
  });
});

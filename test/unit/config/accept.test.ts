import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Note } from '#base/ports.ts';
import { acceptConfiguration, type Accepted, type NoConfiguration } from '#app/config/accept.ts';
import { directoriesFrom } from '#app/config/directories.ts';
import { readSecret } from '#app/config/secrets.ts';
import { ok, type Result } from '#base/result.ts';
import { StateFile } from '#log/state-file.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

const GOOD = readFileSync(new URL('../../../config/site/example.json', import.meta.url));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const site = () => {
  const configuration = new MemoryFiles();
  const state = new MemoryFiles();
  const notes: Note[] = [];
  const accept = async (): Promise<Result<Accepted, NoConfiguration>> =>
    await acceptConfiguration({ configuration, state, note: (note) => notes.push(note) }, true);
  return { configuration, state, notes, accept };
};

describe('accepting the configuration', () => {
  it('without a file and without a copy is uncommissioned', async () => {
    expect(await site().accept()).toEqual({ ok: true, value: { kind: 'uncommissioned' } });
  });

  it('runs the last accepted one with an alarm when the file is refused, damaged or gone', async () => {
    const { configuration, accept, notes } = site();
    configuration.put('config.json', GOOD);
    expect(await accept()).toMatchObject({ ok: true, value: { kind: 'present' } });
    for (const bytes of [text('{'), text('{"format":1}'), new Uint8Array(0)]) {
      configuration.put('config.json', bytes);
      expect(await accept()).toMatchObject({ ok: true, value: { kind: 'last-accepted', configuration: { siteId: 'example' } } });
    }
    await configuration.remove('config.json');
    expect(await accept()).toMatchObject({ ok: true, value: { kind: 'last-accepted' } });
    expect(new Set(notes.map((note) => note.event))).toEqual(new Set(['config-refused']));
  });

  it('fails with every problem when there is nothing to fall back on', async () => {
    const { configuration, state, accept } = site();
    configuration.put('config.json', text('{"format":1}'));
    const refused = await accept();
    expect(!refused.ok && refused.fault.problems.map((problem) => problem.path)).toEqual([
      'site',
      'lines',
      'devices',
      'utilities',
    ]);
    state.put('config.accepted.a', text('damaged'));
    expect((await accept()).ok).toBe(false);
  });

  it('holds the site without the utilities where only their part is wrong, in the file or in the accepted copy', async () => {
    const file = JSON.parse(GOOD.toString()) as { utilities: Record<string, unknown>[] };
    const two = JSON.stringify({ ...file, utilities: [file.utilities[0], { ...file.utilities[0], name: 'second' }] });
    const alone = {
      ok: true,
      value: {
        kind: 'site-alone',
        configuration: { siteId: 'example', utilities: [], isUtilityRefused: true },
        alarm:
          'no utility is served, what it last said binds: utilities: expected at most one utility server in this release, found 2 servers',
      },
    };
    const { configuration, accept, state, notes } = site();
    configuration.put('config.json', text(two));
    expect(await accept()).toMatchObject(alone);
    expect(notes).toMatchObject([{ event: 'config-refused', level: 'error' }]);
    // Nothing is kept of it, and where there is an accepted one that is whole, that runs.
    expect(state.steps).toBe(0);
    configuration.put('config.json', GOOD);
    expect(await accept()).toMatchObject({ ok: true, value: { kind: 'present', configuration: { isUtilityRefused: false } } });
    configuration.put('config.json', text(two));
    expect(await accept()).toMatchObject({
      ok: true,
      value: { kind: 'last-accepted', configuration: { isUtilityRefused: false } },
    });
  });

  it('holds it by an accepted copy that this release refuses for its utilities', async () => {
    const file = JSON.parse(GOOD.toString()) as { utilities: Record<string, unknown>[] };
    const two = JSON.stringify({ ...file, utilities: [file.utilities[0], { ...file.utilities[0], name: 'second' }] });
    const { configuration, accept, state } = site();
    const copies = new StateFile<string>({
      files: state,
      name: 'config.accepted',
      format: 1,
      decode: (value) => ok(String(value)),
      maxBytes: 100_000,
    });
    await copies.load();
    await copies.save(two);
    expect(await accept()).toMatchObject({ ok: true, value: { kind: 'site-alone', configuration: { siteId: 'example' } } });
    configuration.put('config.json', text('{"format":1}'));
    expect(await accept()).toMatchObject({ ok: true, value: { kind: 'site-alone', configuration: { siteId: 'example' } } });
  });

  it('writes the copy once, not at each start', async () => {
    const { configuration, state, accept } = site();
    configuration.put('config.json', GOOD);
    await accept();
    const steps = state.steps;
    await accept();
    expect(state.steps).toBe(steps);
  });
});

describe('secrets and directories', () => {
  it('gives a secret by its name and by nothing else', async () => {
    const files = new MemoryFiles();
    files.put('secrets/registration-pin', text('111115\n'));
    expect(await readSecret(files, 'registration-pin')).toEqual({ ok: true, value: '111115' });
    expect(await readSecret(files, 'other')).toMatchObject({ ok: false, fault: { kind: 'absent' } });
    expect(await readSecret(files, '../config')).toMatchObject({ ok: false, fault: { kind: 'denied' } });
  });

  it('names the variables that are missing', () => {
    expect(directoriesFrom({ STATE_DIRECTORY: '/s', RUNTIME_DIRECTORY: 'r' })).toEqual({
      ok: false,
      fault: ['CONFIGURATION_DIRECTORY', 'RUNTIME_DIRECTORY'],
    });
    expect(directoriesFrom({ CONFIGURATION_DIRECTORY: '/c', STATE_DIRECTORY: '/s:/t', RUNTIME_DIRECTORY: '/r' })).toEqual({
      ok: true,
      value: { configuration: '/c', state: '/s', runtime: '/r' },
    });
  });
});

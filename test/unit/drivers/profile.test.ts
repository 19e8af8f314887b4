import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inverterProfileNamed, meterProfileNamed, shippedProfiles } from '#drivers/profile/catalogue.ts';
import { decodeProfile } from '#drivers/profile/profile.ts';

const folder = new URL('../../../drivers/profile/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));

describe('device profiles', () => {
  it.each(files)('%s decodes and is named after its file', (file) => {
    expect(decodeProfile(read(file))).toMatchObject({ ok: true, value: { name: file.replace('.json', '') } });
  });

  it('are all shipped', () => {
    expect(shippedProfiles()).toHaveLength(files.length);
    expect(inverterProfileNamed('sunspec-123')?.minimumStableOutput).toBe(0.1);
    expect(meterProfileNamed('sunspec-meter')?.poll.slowSeconds).toBe(10_000);
    expect(meterProfileNamed('sunspec-123')).toBeNull();
  });

  it('lists every problem with its path', () => {
    const json = structuredClone(read('sunspec-123.json')) as {
      control: { writeBlock: { point: string }[] };
      onSilence: unknown;
    };
    json.control.writeBlock = [...json.control.writeBlock].reverse();
    json.onSilence = { kind: 'opens', afterSeconds: 5 };
    const decoded = decodeProfile(json);
    expect(decoded.ok ? [] : decoded.fault.map(({ path }) => path)).toEqual(['control.writeBlock', 'onSilence.afterSeconds']);
  });

  it.each([null, [], 1, 'x', {}, { kind: 'inverter' }])('refuses %j', (json) => {
    expect(decodeProfile(json).ok).toBe(false);
  });
});

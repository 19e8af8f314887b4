import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadProfile, SHIPPED_PROFILES } from '#app/config/profiles.ts';
import { decodeConfiguration } from '#app/config/configuration.ts';
import { decodeProfile, type UtilityProfile } from '#utility/translate/profile.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

const FOLDER = new URL('../../../config/utility/', import.meta.url);
const names = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));
const read = (name: string): UtilityProfile => {
  const profile = decodeProfile(JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')));
  if (!profile.ok) throw new Error(profile.fault.join('; '));
  return profile.value;
};

describe('the utility profiles', () => {
  test('are seven, each shipped with the release under the name of its file', () => {
    expect(names.toSorted()).toEqual([...SHIPPED_PROFILES.keys()].toSorted());
    expect(names).toHaveLength(7);
    for (const name of names) expect(read(name).name).toBe(name);
  });

  test('of Australian utilities take the five Responses alone; the baseline adds the rejections', () => {
    for (const name of names) {
      const { csipAus, responses } = read(name);
      expect(responses).toEqual(csipAus === 'none' ? [1, 2, 3, 6, 7, 252, 253, 254] : [1, 2, 3, 6, 7]);
    }
  });

  test('carry what differs', () => {
    expect(read('citipower-powercor-united')).toMatchObject({ prefix: 'ns2', inBandRegistration: false, connectionPoint: true });
    expect(read('energy-queensland')).toMatchObject({ prefix: 'ns2', connectionPoint: false });
    expect(read('jemena')).toMatchObject({ mirrors: { deleteFirst: true }, repeatRatings: true, rates: { min: 60 } });
    expect(read('jemena').accept).toContain('application/xml');
    expect(read('sa-power-networks')).toMatchObject({ inBandRegistration: true, mirrors: { grouping: 'quantity' } });
    expect(read('csip-aus-v1.3')).toMatchObject({ csipAus: '1.3', discovery: 'well-known' });
    expect(read('csip-aus-v1.3').contentType).toContain('csipaus=1.3');
    expect(read('csip-baseline')).toMatchObject({ connectionPoint: false, rates: { default: 600, post: 300 } });
  });

  test('are found by the name that the example configuration gives', async () => {
    const decoded = decodeConfiguration(readFileSync(new URL('../../../config/site/example.json', import.meta.url)));
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.fault));
    for (const { profile } of decoded.value.utilities) {
      expect(await loadProfile(profile, new MemoryFiles())).toMatchObject({ ok: true, value: { name: profile } });
    }
    for (const { profile } of decoded.value.devices) {
      const files = readdirSync(new URL('../../../drivers/profile/', import.meta.url));
      expect(files).toContain(`${profile}.json`);
    }
  });

  test('of the configuration directory go first; an unknown name says which there are', async () => {
    const files = new MemoryFiles();
    const own = { ...read('jemena'), name: 'own', pageLimit: 7 };
    await files.replace('utility/own.json', new TextEncoder().encode(JSON.stringify(own)));
    expect(await loadProfile('own', files)).toMatchObject({ ok: true, value: { pageLimit: 7 } });
    expect(await loadProfile('nobody', files)).toMatchObject({ ok: false, fault: expect.stringContaining('jemena') as string });
  });

  test('ask for site W, var, V and DER W, var (v1.3: stored energy) in Australia, for each phase and all statistics in the baseline', () => {
    for (const name of names) {
      const { csipAus, mirrors } = read(name);
      if (csipAus === 'none') continue;
      const der = csipAus === '1.3' ? ['W', 'var', 'Wh'] : ['W', 'var'];
      expect(mirrors.readings).toMatchObject({ der, statistics: ['mean'] });
      expect(mirrors.readings.site.slice(0, 3)).toEqual(['W', 'var', 'V']);
    }
    const all = ['W', 'var', 'Va', 'Vb', 'Vc', 'Hz'];
    const statistics = ['mean', 'max', 'min', 'last'];
    expect(read('csip-baseline').mirrors.readings).toEqual({ site: all, der: all, statistics });
  });

  test('without a list of readings say what is told as they used to', () => {
    const { grouping, intervals, deleteFirst } = read('jemena').mirrors;
    const mirrors = { grouping, intervals, deleteFirst, minMax: true, frequency: true };
    const decoded = decodeProfile({ ...read('jemena'), mirrors });
    const told = { site: ['W', 'var', 'V', 'Hz'], der: ['W', 'var'], statistics: ['mean', 'max', 'min'] };
    expect(decoded).toMatchObject({ ok: true, value: { mirrors: { readings: told } } });
  });

  test('with a mistake are refused with its path', () => {
    const mistaken = { ...read('jemena'), mirrors: { ...read('jemena').mirrors, intervals: [90] } };
    expect(decodeProfile(mistaken)).toMatchObject({ ok: false, fault: [expect.stringContaining('mirrors.intervals') as string] });
  });
});

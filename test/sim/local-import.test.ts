import { expect, test } from 'vitest';
import { watts } from '#base/units.ts';
import { programSetOf, startVirtualSite } from '../bench/virtual-site.ts';
import { siteOf, withLoads } from '../rig/site/site.ts';
import { RELAY_DEFAULTS } from '../rig/site/switched-load.ts';
import { RUNTIME_DIRECTORY } from '../support/virtual-gateway.ts';

const AGREEMENT = { maxExportW: 5000, maxImportW: 5000, kind: 'domestic' };

/** The most that is imported from `from` seconds on. */
const held = async (local: Readonly<Record<string, unknown>>, importW: number | null): Promise<number> => {
  const settings = withLoads(siteOf({ plant: { sun: () => 0, load: () => 1000 } }), [RELAY_DEFAULTS]);
  const site = await startVirtualSite({ settings, gateway: { local } });
  const set = programSetOf(10_000, []);
  const modes = { opModExpLimW: watts(10_000), ...(importW === null ? {} : { opModImpLimW: watts(importW) }) };
  const programs = set.programs.map((program) => ({ ...program, defaultControl: { mRID: 'default-1', modes, setGradW: null } }));
  site.utility.say({ ...set, programs });
  await site.runTo(50);
  return Math.max(...site.truth.filter(({ t }) => t > 30_000).map(({ netExport }) => 0 - netExport));
};

test('the import limit of the agreement sheds a load, whatever more the utility allows', async () => {
  expect(await held({}, null)).toBe(4000);
  expect(await held({ agreement: { maxExportW: 5000, maxImportW: 2500, kind: 'domestic' } }, 9000)).toBe(1000);
});

test('so does the import limit of a schedule, and the commissioned one, without any of the utility', async () => {
  const entries = [{ from: '00:00', until: '24:00', importW: 2500 }];
  expect(await held({ schedule: { offsetMinutes: 0, entries } }, null)).toBe(1000);
  expect(await held({ commissioned: { exportW: null, generationW: null, importW: 2500 } }, null)).toBe(1000);
});

test('an import beyond the agreement for a minute locks loads out until the installer lifts it', async () => {
  const load = (t: number): number => (t >= 100_000 && t < 180_000 ? 6000 : 500);
  const settings = withLoads(siteOf({ plant: { sun: () => 0, load } }), [RELAY_DEFAULTS]);
  const local = { agreement: AGREEMENT };
  const site = await startVirtualSite({ settings, gateway: { local } });
  const imported = (from: number, until: number): readonly number[] => [
    ...new Set(site.truth.filter(({ t }) => t > from * 1000 && t < until * 1000).map(({ netExport }) => 0 - netExport)),
  ];
  await site.runTo(370);
  // The relay's load goes at once, the lock-out comes after a minute of the rest, and outlasts it.
  expect(imported(95, 100)).toEqual([3500]);
  expect(imported(110, 180)).toEqual([6000]);
  expect(imported(185, 370)).toEqual([500]);
  site.time.touch();
  site.controld.link.dial(
    `${RUNTIME_DIRECTORY}/install.sock`,
    (stream) => {
      stream.send(JSON.stringify({ type: 'hello', protocol: 1, release: 'rig', planId: null }));
      stream.send(JSON.stringify({ type: 'lockout-reset' }));
    },
    { onLine: () => undefined, onClosed: () => undefined },
  );
  await site.runTo(500);
  expect(imported(490, 500)).toEqual([3500]);
});

test('without a meter nothing is drawn by command any more: loads are gone within the 5 s of G100', async () => {
  const settings = withLoads(siteOf({ plant: { sun: () => 0, load: () => 500 } }), [RELAY_DEFAULTS]);
  const site = await startVirtualSite({ settings, gateway: { local: { agreement: AGREEMENT } } });
  await site.runTo(120.6);
  const at = site.line.siteNow;
  expect(site.truth.at(-1)?.netExport).toBe(-3500);
  site.site.meter.fault(at, { silent: true });
  await site.runTo(130);
  const gone = site.truth.find(({ t, netExport }) => t > at && netExport === -500);
  expect(gone?.t).toBeLessThan(at + 5000);
});

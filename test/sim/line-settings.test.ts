/** The whole of controld on lines of every speed, parity and stop bit: the limit is held in the law's time, and frames keep their silence. */
import { describe, expect, it } from 'vitest';
import { steps } from '../rig/site/profile.ts';
import { siteOf } from '../rig/site/site.ts';
import { programSetOf, startVirtualSite } from '../bench/virtual-site.ts';

const LIMIT_W = 1500;
const BAND_W = 100;
const STEP_AT = 50;
const UNTIL = 70;
/** From a change to a flow inside the limit, seconds (design section 5). */
const LAW_SECONDS = 15;
/** From nothing to a cap that holds, at 1200 baud. */
const FOUND_SECONDS = 20;

/** Speed, parity, stop bits, and the time within which this line is to hold, seconds. */
const LINES = [
  [1200, 'even', 1, LAW_SECONDS],
  [2400, 'none', 2, 8],
  [4800, 'odd', 1, 6],
  [9600, 'even', 1, 5],
  [19_200, 'none', 1, 5],
  [38_400, 'odd', 2, 5],
  [57_600, 'even', 1, 5],
  [115_200, 'none', 2, 5],
] as const;

describe('an inverter and the meter on one line', () => {
  it.each(LINES)('at %i baud, parity %s, %i stop bits: inside again within %i s of a load that goes', async (...settings) => {
    const [baudRate, parity, stopBits, within] = settings;
    const load = steps([
      [0, 0],
      [20, 4000],
      [STEP_AT, 500],
    ]);
    const site = await startVirtualSite({ settings: siteOf({ plant: { load }, line: { baudRate, parity, stopBits } }) });
    site.utility.say(programSetOf(LIMIT_W, []));
    await site.runTo(UNTIL);
    const over = site.truth.findLast(({ t, netExport }) => t >= STEP_AT * 1000 && netExport > LIMIT_W + BAND_W);
    expect((over?.t ?? STEP_AT * 1000) / 1000 - STEP_AT).toBeLessThanOrEqual(within);
    const before = site.truth.findLast(({ t }) => t < STEP_AT * 1000);
    expect(before?.netExport).toBeGreaterThan(0.9 * LIMIT_W);
    expect(site.truth.at(-1)?.netExport).toBeGreaterThan(0.9 * LIMIT_W);
    // Found and capped while its meter is read: nothing on the line keeps the inverter waiting.
    const capped = site.truth.find(({ netExport }) => netExport <= LIMIT_W + BAND_W);
    expect(capped?.t).toBeLessThan(FOUND_SECONDS * 1000);
    const { requests, badFrames, collisions, shortGaps } = site.site.line.counts;
    expect(requests).toBeGreaterThan(50);
    expect([badFrames, collisions, shortGaps]).toEqual([0, 0, 0]);
    site.controld.kill();
  });
});

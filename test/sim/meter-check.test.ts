import { describe, expect, it } from 'vitest';
import { assert } from '#base/assert.ts';
import { watts } from '#base/units.ts';
import type { Done, MeterCheckReport } from '#link/message.ts';
import type { MeterFaults } from '../rig/site/meter.ts';
import { Gateway, RATED_W, says } from './modes/gateway.ts';

const FREE = { opModExpLimW: watts(RATED_W) };
type Options = ConstructorParameters<typeof Gateway>[2] & { readonly faults?: Partial<MeterFaults> };

/** What the installer is told at the end, and the site. */
const checked = async (
  options: Options = {},
  until = 75,
): Promise<{ readonly told: MeterCheckReport; readonly gateway: Gateway }> => {
  const gateway = await new Gateway(800, 1, options).until(3);
  gateway.meterFault(options.faults ?? {});
  gateway.say(says(FREE, null, []));
  await gateway.until(20);
  const { lines } = gateway.install({ type: 'meter-check-request' });
  await gateway.until(until);
  const reports = lines.map((line) => JSON.parse(line) as MeterCheckReport | Done).filter((one) => one.type === 'meter-check');
  const told = reports.at(-1);
  assert(told?.done === true, 'the check came to an end');
  expect(reports.length).toBeGreaterThan(1);
  return { told, gateway };
};

describe('the check of the meter', () => {
  it('finds sign and phases right, and gives the inverter back', async () => {
    const { told, gateway } = await checked();
    expect(told).toMatchObject({ text: '', site: { sign: 1 } });
    expect(told.inverters).toMatchObject([{ device: 'pv', relation: 'follows', confidence: 'certain', phases: 'abc' }]);
    expect(Math.min(...gateway.truth.filter(({ t }) => t > 20_000).map(({ generation }) => generation))).toBeLessThan(7500);
    expect(gateway.generationAt(74)).toBeGreaterThan(9900);
    // Two cycles of down and up, each with what goes with a write.
    expect(gateway.writes).toBeLessThanOrEqual(12);
  });

  it('is remembered, through a kill; a wrong sign as well as a right one', async () => {
    const shown = async (gateway: Gateway): Promise<string | undefined> => {
      const texts = gateway.watch('grid-meter');
      await gateway.until(Math.ceil(gateway.now) + 3);
      return texts.at(-1);
    };
    const fresh = await new Gateway(800, 1).until(10);
    expect(await shown(fresh)).toBe('sign and phases not checked: gridward meter-check');
    const { gateway } = await checked();
    expect(await shown(gateway)).toBe('sign and phases checked');
    gateway.kill().start();
    expect(await shown(gateway)).toBe('sign and phases checked');
    const { gateway: turned } = await checked({ faults: { signFlipped: true } });
    expect(await shown(turned)).toBe('sign or wiring wrong, the last check says: gridward meter-check');
    const { gateway: dark } = await checked({ sun: () => 250 });
    expect(await shown(dark)).toBe('sign and phases not checked: gridward meter-check');
  });

  it('finds a sign that is wrong', async () => {
    const { told } = await checked({ faults: { signFlipped: true } });
    expect(told.inverters).toMatchObject([{ relation: 'reversed' }]);
    expect(told.site).toMatchObject({ sign: -1 });
  });

  it('names the phase of a single-phase inverter', async () => {
    const { told } = await checked({ meter: { feeds: ['B'] } });
    expect(told.inverters).toMatchObject([{ relation: 'follows', confidence: 'certain', phases: 'b' }]);
  });

  it('names the current transformer that is turned round', async () => {
    const { told } = await checked({ faults: { turned: 'C' } });
    expect(told.site?.sign).toBe(null);
    expect(told.site?.text).toContain('phase c');
  });

  it.each([
    [['A', 'C'], undefined, 'phases a, c'],
    [['A', 'B', 'C'], undefined, 'phases a, b, c'],
    [['A', 'B'], 'B', 'phase a'],
  ] as const)(
    'names the current transformers %j that are exchanged, the inverter on phase %s',
    async (exchanged, feeds, name) => {
      const { told } = await checked({ faults: { exchanged }, ...(feeds === undefined ? {} : { meter: { feeds: [feeds] } }) });
      expect(told.inverters).toMatchObject([{ relation: 'unclear', confidence: 'likely' }]);
      expect(told.site).toMatchObject({ sign: null, text: expect.stringContaining(name) as string });
    },
  );

  it('finds a meter on another circuit', async () => {
    const { told } = await checked({ faults: { apart: true } });
    expect(told.inverters).toMatchObject([{ relation: 'unseen' }]);
    expect(told.site?.text).toContain('does not see pv');
  });

  it('says honestly that there is too little sun, and moves nothing', async () => {
    const { told, gateway } = await checked({ sun: () => 250 });
    expect(told.inverters).toMatchObject([{ relation: 'untested', text: expect.stringContaining('not enough power') as string }]);
    expect(gateway.generationAt(70)).toBeGreaterThan(240);
  });

  it('is not misled by a load that switches while it looks', async () => {
    const load = (t: number): number => (t % 47_000 < 9000 ? 2800 : 600);
    const { told } = await checked({ load }, 200);
    expect(['follows', 'unclear', 'untested']).toContain(told.inverters[0]?.relation);
    expect(told.site?.sign).not.toBe(-1);
  });
});

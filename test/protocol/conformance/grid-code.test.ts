import { expect } from 'vitest';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo, told } from './criteria.ts';
import { requirement } from './requirement.ts';

const FACTOR = { opModFixedPFInjectW: { displacement: 950, excitation: true, multiplier: -3 } };
/** DERControlType bit 5. */
const FIXED_FACTOR = 1 << 5;

const reactive = (gateway: VirtualGateway): number => {
  gateway.line.sync();
  return gateway.site.inverter.reactiveAt(gateway.line.siteNow);
};

const modesSupported = ({ body }: { readonly body: { readonly [name: string]: unknown } | null }): number => {
  const text = body?.['modesSupported'];
  return typeof text === 'string' ? Number.parseInt(text, 16) : 0;
};

requirement(['BASIC-008'], 'a fixed power factor is delivered, and given up with its event', async (evidence) => {
  const scenario = { programs: [{ name: 'site', primacy: 0, default: { opModExpLimW: 10_000 } }] };
  const gateway = await new VirtualGateway({ gridCodeWrites: true, scenario }).start().until(60);
  evidence.requests(
    gateway,
    'advertises it',
    (exchange) => told('DERCapability')(exchange) && (modesSupported(exchange) & FIXED_FACTOR) !== 0,
  );
  const event = gateway.publish({ program: 'site', startsIn: 60, durationSeconds: 180, modes: FACTOR });
  await gateway.until(200);
  // 0.95, absorbing: a third of the active power.
  evidence.site('reactive power of 10 kW at 0.95', reactive(gateway), { least: -3350, most: -3200 });
  gateway.killControl();
  await gateway.until(205);
  gateway.startControl();
  await gateway.until(280);
  evidence.site('and still after a restart of the control process', reactive(gateway), { least: -3350, most: -3200 });
  await gateway.until(420);
  expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'completes', answered(3));
  evidence.site('none afterwards', reactive(gateway), { least: 0, most: 0 });
});

requirement(
  ['BASIC-008'],
  'where the site does not allow it, it is neither advertised nor written, and refused',
  async (evidence) => {
    const scenario = { programs: [{ name: 'site', primacy: 0, default: { opModMaxLimW: 10_000 } }] };
    const gateway = await new VirtualGateway({ scenario, profileChange: { responses: [1, 2, 3, 6, 7, 252, 253, 254] } })
      .start()
      .until(60);
    const event = gateway.publish({ program: 'site', startsIn: 60, durationSeconds: 120, modes: FACTOR });
    await gateway.until(300);
    expect(answersTo(gateway, event)).toEqual([1, 252]);
    evidence.requests(gateway, 'refuses it', answered(252));
    evidence.never(
      gateway,
      'advertises it',
      (exchange) => told('DERCapability')(exchange) && (modesSupported(exchange) & FIXED_FACTOR) !== 0,
    );
    evidence.site('no reactive power', reactive(gateway), { least: 0, most: 0 });
  },
);

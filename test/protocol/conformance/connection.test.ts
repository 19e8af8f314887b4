import { expect } from 'vitest';
import { puts } from '../../rig/utility/journal.ts';
import type { Modes } from '../../rig/utility/options.ts';
import { VirtualGateway } from '../../support/gateway/gateway.ts';
import { answered, answersTo, secondOf, told } from './criteria.ts';
import { requirement, type Evidence } from './requirement.ts';

const CONNECTED = 1;
const ENERGISED = 4;
const TWO_SECONDS = 2;

const connectStatus = (body: { readonly [name: string]: unknown } | null): number => {
  const status = body?.['genConnectStatus'] as { readonly value?: unknown } | undefined;
  const { value } = status ?? {};
  return typeof value === 'string' ? Number.parseInt(value, 16) : Number(value);
};

/** genConnectStatus as last told at a second of the run. */
const statusAt = ({ state }: VirtualGateway, second: number): number => {
  const put = puts(state.journal).findLast(({ type, at }) => type === 'DERStatus' && secondOf({ at }) <= second);
  return connectStatus(put?.body ?? null);
};

interface Case {
  readonly modes: Modes;
  readonly bit: number;
  readonly from: number;
  readonly seconds: number;
}

/** The control stops the site within two seconds, the status says so, and afterwards both return. */
const stopsAndReturns = async (evidence: Evidence, { modes, bit, from, seconds }: Case): Promise<VirtualGateway> => {
  const scenario = { programs: [{ name: 'site', primacy: 0, default: { opModExpLimW: 8000 } }] };
  const gateway = await new VirtualGateway({ scenario }).start().until(120);
  expect(statusAt(gateway, 120) & bit).toBe(bit);
  evidence.site('generation before', gateway.truth.generationAt(119), { least: 5000 });
  const event = gateway.publish({ program: 'site', startsIn: from - 120, durationSeconds: seconds, modes });
  await gateway.until(from + seconds + 600);
  const { truth } = gateway;
  const until = from + seconds;
  evidence.site('generation meanwhile', truth.mostGeneration(from + TWO_SECONDS + 1, until - 1), { most: 50 });
  evidence.requests(
    gateway,
    'tells that it is off',
    (each) => told('DERStatus')(each) && (connectStatus(each.body) & bit) === 0,
    {
      from,
      until,
    },
  );
  evidence.requests(gateway, 'and on again', (each) => told('DERStatus')(each) && (connectStatus(each.body) & bit) === bit, {
    from: until,
  });
  expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
  evidence.requests(gateway, 'completes', answered(3));
  evidence.site('generation at last', truth.generationAt(gateway.now), { least: 7000 });
  return gateway;
};

requirement(['ALL-11', 'ALL-26'], 'opModEnergize false: no output, bit 2 clear; then back', async (evidence) => {
  const gateway = await stopsAndReturns(evidence, { modes: { opModEnergize: false }, bit: ENERGISED, from: 240, seconds: 300 });
  const event = gateway.publish({ program: 'site', startsIn: 80, durationSeconds: 120, modes: { opModEnergize: true } });
  await gateway.run(260);
  expect(answersTo(gateway, event)).toEqual([1, 2, 3]);
});

requirement(['ALL-12', 'ALL-27', 'BASIC-009'], 'opModConnect false for ten minutes: bit 0 clear; then back', async (evidence) => {
  await stopsAndReturns(evidence, { modes: { opModConnect: false }, bit: CONNECTED, from: 420, seconds: 600 });
});

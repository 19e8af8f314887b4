import { afterEach, expect, test } from 'vitest';
import csipAus13 from '../../../config/utility/csip-aus-v1.3.json' with { type: 'json' };
import { eventsIn, startBench, type Bench } from './bench.ts';

let bench: Bench | null = null;
afterEach(async () => {
  await bench?.close();
  bench = null;
});

const media = { discovery: 'well-known', accept: csipAus13.accept, contentType: csipAus13.contentType } as const;

test('the version is asked for first, and named in no request to a v1.2 server', async () => {
  const wellKnown = (dcap: string): unknown => ({ supportedSchemaVersions: { 'https://csipaus.org/ns': { dcap: [dcap] } } });
  const running = await startBench({ utility: { wellKnown }, profile: media });
  bench = running;
  running.start();
  await running.until('a program set', () =>
    running.received.some((message) => message.type === 'program-set' && eventsIn(message).length === 1),
  );
  const { exchanges } = running.server.state.journal;
  expect(exchanges[0]?.path).toBe('/.well-known/csipaus');
  expect(exchanges.filter(({ path }) => path === '/.well-known/csipaus')).toHaveLength(1);
  await running.until('capability told', () => exchanges.some(({ type, status }) => type === 'DERCapability' && status < 300));
});

test('every request to a v1.3 server names the version, and the extension is of that version', async () => {
  const wellKnown = (dcap: string): unknown => ({
    supportedSchemaVersions: { 'https://csipaus.org/ns/v1.3': { dcap: [dcap] }, 'https://csipaus.org/ns': { dcap: [] } },
  });
  const running = await startBench({ utility: { wellKnown, demandParameter: 'csipaus=1.3' }, profile: media });
  bench = running;
  running.start();
  await running.until('a clock anchor', () => running.received.some(({ type }) => type === 'clock-anchor'));
  await running.until('a capability sent', () => running.bodies.some(({ body }) => body.startsWith('<DERCapability')));
  const { exchanges } = running.server.state.journal;
  expect(exchanges.filter(({ status }) => status === 406 || status === 415)).toEqual([]);
  const capability = running.bodies.find(({ body }) => body.startsWith('<DERCapability'))?.body ?? '';
  expect(capability).toContain('="https://csipaus.org/ns/v1.3"');
});

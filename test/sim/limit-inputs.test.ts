import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { control, Gateway, RATED_W, says } from './modes/gateway.ts';

const FREE = { opModExpLimW: watts(RATED_W) };
const MQTT = { kind: 'mqtt', name: 'aggregator', topic: 'site/limits', expirySeconds: 60, fallback: { exportW: 2000 } };

interface Taped {
  readonly decided?: {
    readonly limits: { readonly exportLimit?: { readonly value: number; readonly source: { readonly name?: string } } };
    readonly records: readonly { readonly kind: string; readonly alarm?: string; readonly change?: string }[];
  };
}

const started = async (): Promise<{
  readonly gateway: Gateway;
  readonly binding: () => unknown;
  readonly alarms: () => string[];
}> => {
  const gateway = await new Gateway(500, 1, { local: { inputs: [MQTT] } }).until(3);
  const tape = gateway.record();
  gateway.say(says(FREE, null, [control('E', 200, 50, { opModExpLimW: watts(1500) })]));
  const lines = (): readonly Taped[] => tape.map((line) => JSON.parse(line) as Taped);
  return {
    gateway,
    binding: () => lines().at(-1)?.decided?.limits.exportLimit,
    alarms: () =>
      lines()
        .flatMap(({ decided }) => decided?.records ?? [])
        .filter(({ alarm }) => alarm === 'limit-source-silent')
        .map(({ change }) => change ?? ''),
  };
};

describe('limits of contacts', () => {
  it('bind by the combination that is closed; a cut wire is the fallback', async () => {
    const contacts = ['k100', 'k30', 'k0'].map((name) => ({ name, path: `/sys/class/gpio/${name}/value`, closed: 0 }));
    const states = [{ closed: ['k100'] }, { closed: ['k30'], generationW: 3000 }, { closed: ['k0'], generationW: 0 }];
    const receiver = { kind: 'contacts', name: 'receiver', contacts, states, fallback: { generationW: 1000 } };
    const levels = new Map<string, 0 | 1>(contacts.map(({ path }) => [path, 1]));
    const level = (name: string, value: 0 | 1): unknown => levels.set(`/sys/class/gpio/${name}/value`, value);
    const gateway = await new Gateway(500, 1, { local: { inputs: [receiver] }, levels }).until(3);
    gateway.say(says(FREE, null, []));
    await gateway.until(30);
    expect(gateway.generationAt(29)).toBeLessThanOrEqual(1000);
    expect(gateway.generationAt(29)).toBeGreaterThan(900);
    level('k100', 0);
    await gateway.until(60);
    expect(gateway.generationAt(59)).toBeGreaterThan(9900);
    level('k100', 1);
    level('k30', 0);
    await gateway.until(70);
    expect(gateway.generationAt(65)).toBeLessThanOrEqual(3000);
    expect(gateway.generationAt(69)).toBeGreaterThan(2900);
    level('k30', 1);
    await gateway.until(80);
    expect(gateway.generationAt(78)).toBeLessThanOrEqual(1000);
    level('k0', 0);
    await gateway.until(90);
    expect(gateway.generationAt(88)).toBeLessThan(10);
  });
});

describe('limits of a topic beside the utility', () => {
  it('bind while they are fresh, then the fallback does; the source is named', async () => {
    const { gateway, binding, alarms } = await started();
    await gateway.until(30);
    expect(gateway.exportAt(29)).toBeGreaterThan(1900);
    expect(gateway.exportAt(29)).toBeLessThanOrEqual(2000);
    expect(binding()).toEqual({ value: 2000, source: { kind: 'local', name: 'aggregator, silent' } });
    gateway.sayLimit('aggregator', { seconds: 600, exportW: 5000 });
    await gateway.until(88);
    expect(gateway.exportAt(87)).toBeGreaterThan(4800);
    expect(gateway.exportAt(87)).toBeLessThanOrEqual(5000);
    expect(binding()).toMatchObject({ value: 5000, source: { name: 'aggregator' } });
    // Its message is a minute old at 90 s.
    await gateway.until(100);
    expect(Math.max(...gateway.truth.filter(({ t }) => t > 94_000).map(({ netExport }) => netExport))).toBeLessThanOrEqual(2000);
    expect(alarms()).toEqual(['cleared', 'raised']);
  });

  it('never loosen what the utility allows', async () => {
    const { gateway, binding } = await started();
    for (let at = 30; at < 240; at += 30) {
      gateway.sayLimit('aggregator', { seconds: 60, exportW: 9000 });
      await gateway.until(at + 30);
    }
    expect(gateway.exportAt(199)).toBeGreaterThan(8700);
    expect(gateway.exportAt(210)).toBeLessThanOrEqual(1500);
    expect(gateway.exportAt(239)).toBeLessThanOrEqual(1500);
    expect(binding()).toMatchObject({ value: 1500, source: { kind: 'event' } });
  });

  it('are forgotten by a kill: the fallback binds until they are said again', async () => {
    const { gateway } = await started();
    await gateway.until(30);
    gateway.sayLimit('aggregator', { seconds: 60, exportW: 5000 });
    await gateway.until(50);
    expect(gateway.exportAt(49)).toBeGreaterThan(4800);
    gateway.kill().start();
    await gateway.until(62);
    expect(gateway.exportAt(61)).toBeLessThanOrEqual(2000);
  });
});

import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { LimitInputs } from '#app/controld/limit-inputs.ts';
import { inputLimits, type InputRule, silentInputs } from '#control/local/inputs.ts';
import { manualClock } from '../../support/manual-clock.ts';

const NONE = { exportW: null, generationW: null, importW: null };
const RULE: InputRule = { name: 'aggregator', fallback: { ...NONE, exportW: watts(1500) } };
const said = (exportW: number, until: number) =>
  new Map([['aggregator', { ...NONE, exportW: watts(exportW), until: monoMs(until) }]]);

describe('a source of limits', () => {
  it('binds with its fallback until something is heard, and again when that is too old', () => {
    expect(inputLimits([RULE], new Map(), monoMs(0))).toEqual([{ ...NONE, name: 'aggregator, silent', exportW: 1500 }]);
    expect(inputLimits([RULE], said(4000, 1000), monoMs(999))).toEqual([{ ...NONE, name: 'aggregator', exportW: 4000 }]);
    expect(inputLimits([RULE], said(4000, 1000), monoMs(1000))).toMatchObject([{ exportW: 1500 }]);
  });

  it('is told apart from those that are heard', () => {
    const other = { ...RULE, name: 'other' };
    expect(silentInputs([RULE, other], said(4000, 1000), monoMs(999))).toEqual(['other']);
    expect(silentInputs([RULE, other], said(4000, 1000), monoMs(1000))).toEqual(['aggregator', 'other']);
  });
});

describe('what the topics said', () => {
  const start = () => {
    const clock = manualClock(100_000);

    let changes = 0;
    const inputs = new LimitInputs(clock, [{ ...RULE, mqtt: { topic: 'site/limits', expirySeconds: 60 } }], () => (changes += 1));
    const base = clock.now();
    const take = (heard: number, span: number, exportW = 4000, source = 'aggregator'): void =>
      inputs.take({ type: 'local-limit', source, heard: monoMs(base + heard), seconds: span, ...NONE, exportW: watts(exportW) });
    return { inputs, take, base, changes: () => changes };
  };

  it('counts as long as it says, no longer than is configured, and never from the future', () => {
    const { inputs, take, base } = start();
    take(-1000, 20);
    expect(inputs.heard.get('aggregator')).toMatchObject({ until: base + 19_000, exportW: 4000 });
    take(-500, 3600);
    expect(inputs.heard.get('aggregator')?.until).toBe(base + 59_500);
    take(5_000, 60);
    expect(inputs.heard.get('aggregator')?.until).toBe(base + 60_000);
  });

  it('is neither replaced by something older nor taken from a source that nobody configured', () => {
    const { inputs, take, changes } = start();
    take(-1000, 20, 4000);
    take(-2000, 60, 9000);
    take(0, 60, 9000, 'stranger');
    expect(inputs.heard.size).toBe(1);
    expect(inputs.heard.get('aggregator')?.exportW).toBe(4000);
    expect(changes()).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import { assert } from '#base/assert.ts';
import { watts } from '#base/units.ts';
import { decodeTapeLine, type Difference, Replay } from '#control/tick/tape.ts';
import { control, Gateway, RATED_W, says } from './modes/gateway.ts';

/** A limit with a ramp, a blind spell and a restarted inverter, recorded from before the limit on. */
const tape = async (): Promise<readonly string[]> => {
  const gateway = await new Gateway().until(3);
  const lines = gateway.record();
  await gateway.until(5);
  gateway.say(
    says({ opModExpLimW: watts(RATED_W) }, 100, [control('half', 20, 60, { opModExpLimW: watts(1500), opModMaxLimW: 50 })]),
  );
  await gateway.until(50);
  gateway.unplugMeter();
  await gateway.until(70);
  gateway.restartInverter(4);
  await gateway.until(110);
  return lines;
};

const replayed = (lines: readonly string[]): { readonly ticks: number; readonly difference: Difference | null } => {
  const replay = new Replay();
  for (const text of lines) {
    const line = decodeTapeLine(text);
    assert(line.ok, 'a line of a tape');
    const taken = replay.take(line.value);
    assert(taken.ok, taken.ok ? '' : taken.fault);
    if (taken.value !== null) return { ticks: replay.ticks, difference: taken.value };
  }
  return { ticks: replay.ticks, difference: null };
};

describe('a recorded site', () => {
  it('decides the same again from its tape alone', async () => {
    const lines = await tape();
    expect(lines.length).toBeGreaterThan(500);
    expect(replayed(lines)).toEqual({ ticks: lines.length - 1, difference: null });
  });

  it('names the first tick that decides differently', async () => {
    const lines = [...(await tape())];
    const at = lines.findIndex((text, index) => index > 100 && text.includes('"cap":'));
    const command = /"cap":([0-9.]+)/.exec(lines[at] ?? '');
    assert(command?.[1] !== undefined, 'a cap was commanded');
    lines[at] = (lines[at] ?? '').replace(command[0], `"cap":${Number(command[1]) + 1}`);
    const { ticks, difference } = replayed(lines);
    expect(ticks).toBe(at - 1);
    expect(difference?.tick).toBe(at - 1);
    expect(difference?.where).toMatch(/cap$/);
  });

  it('refuses what is no tape', () => {
    expect(decodeTapeLine('{"kind":"other"}').ok).toBe(false);
    expect(decodeTapeLine('junk').ok).toBe(false);
    const tick = decodeTapeLine('{"kind":"tick","inputs":{},"decided":{}}');
    assert(tick.ok, 'a tick');
    expect(new Replay().take(tick.value)).toEqual({ ok: false, fault: 'a tick before the start' });
  });
});

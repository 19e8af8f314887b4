import { describe, expect, it } from 'vitest';
import { watts } from '#base/units.ts';
import { Contacts } from '#app/controld/contacts.ts';
import { LimitInputs } from '#app/controld/limit-inputs.ts';
import type { ContactInput } from '#app/config/inputs.ts';
import { manualClock } from '../../support/manual-clock.ts';

const limits = (exportW: number | null) => ({
  exportW: exportW === null ? null : watts(exportW),
  generationW: null,
  importW: null,
});
/** The first closes to ground, the second to plus. */
const INPUT: ContactInput = {
  name: 'receiver',
  fallback: limits(0),
  contacts: [
    { name: 'k1', path: '/k1', closed: 0 },
    { name: 'k2', path: '/k2', closed: 1 },
  ],
  states: [
    { closed: ['k1'], limits: limits(null) },
    { closed: ['k2'], limits: limits(3000) },
  ],
};
const BOTH_OPEN = { k1: 1, k2: 0 } as const;

const start = () => {
  const clock = manualClock();
  const levels = new Map<string, 0 | 1>();
  let changes = 0;
  const inputs = new LimitInputs(clock, [INPUT], () => (changes += 1));
  const contacts = new Contacts({
    clock,
    inputs: [INPUT],
    read: (path) => levels.get(path) ?? null,
    onLimits: (source, said, until) => inputs.hear(source, said, until),
  });
  contacts.start();
  const show = ({ k1, k2 }: { readonly k1: 0 | 1; readonly k2: 0 | 1 }): unknown => levels.set('/k1', k1).set('/k2', k2);
  /** What counts now; nothing: silence. */
  const counting = (): number | null | undefined => {
    const heard = inputs.heard.get('receiver');
    return heard === undefined || heard.until <= clock.now() ? undefined : heard.exportW;
  };
  return { clock, levels, show, counting, contacts, changes: () => changes };
};

describe('contacts', () => {
  it('say what their combination means, once it rests', async () => {
    const { clock, show, counting } = start();
    show({ k1: 0, k2: 0 });
    await clock.advance(200);
    expect(counting()).toBe(undefined);
    await clock.advance(200);
    expect(counting()).toBe(null);
    show({ k1: 1, k2: 1 });
    await clock.advance(400);
    expect(counting()).toBe(3000);
  });

  it('may be between two states for a moment, no longer: all open, as with a cut cable, and all closed mean nothing here', async () => {
    const { clock, show, counting } = start();
    for (const wrong of [BOTH_OPEN, { k1: 0, k2: 1 } as const]) {
      show({ k1: 1, k2: 1 });
      await clock.advance(600);
      show(wrong);
      await clock.advance(800);
      expect(counting()).toBe(3000);
      await clock.advance(400);
      expect(counting()).toBe(undefined);
    }
  });

  it('that cannot be read are silent', async () => {
    const { clock, show, levels, counting } = start();
    show({ k1: 0, k2: 0 });
    await clock.advance(600);
    levels.delete('/k2');
    await clock.advance(1200);
    expect(counting()).toBe(undefined);
  });

  it('that stand cause no change, and are looked at no more after the end', async () => {
    const { clock, show, contacts, changes, counting } = start();
    show({ k1: 0, k2: 0 });
    await clock.advance(60_000);
    expect(changes()).toBe(1);
    expect(counting()).toBe(null);
    contacts.stop();
    await clock.advance(2000);
    expect(counting()).toBe(undefined);
    expect(clock.waiting).toBe(0);
  });
});

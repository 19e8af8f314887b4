import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { localLimits, type LocalRules, withLocalLimits } from '#control/local/local.ts';
import { NOT_LOCKED } from '#control/local/lockout.ts';
import type { ActiveLimits } from '#control/limits.ts';

const RULES: LocalRules = {
  schedule: null,
  scheme: { maxExport: watts(3680), maxImport: watts(7360), kind: 'domestic' },
};
const MOMENT = { lockout: NOT_LOCKED, utility: null, now: monoMs(0) };
const utility = (importW: number): ActiveLimits => ({
  importLimit: { value: watts(importW), source: { kind: 'default', server: 'utility', program: 'P1' } },
});

describe('the rules of the site beside the utility', () => {
  it('tighten the import limit, and are named as its source', () => {
    const local = localLimits(RULES, MOMENT);
    const tight = withLocalLimits(utility(9000), local);
    expect(tight.importLimit).toEqual({ value: 7360, source: { kind: 'local', name: 'connection agreement' } });
    expect(withLocalLimits({}, local).importLimit?.value).toBe(7360);
  });

  it('stop what draws power by command while the import is locked out', () => {
    const lockout = { ...NOT_LOCKED, importing: { ...NOT_LOCKED, lockedAt: monoMs(0) } };
    const limits = withLocalLimits(utility(9000), localLimits(RULES, { ...MOMENT, lockout }));
    expect(limits.loadLimit).toEqual({ value: 0, source: { kind: 'local', name: 'lock-out of import' } });
    expect(limits.generationLimit).toBeUndefined();
  });

  it('never loosen it', () => {
    const local = localLimits(RULES, MOMENT);
    expect(withLocalLimits(utility(2000), local)).toMatchObject(utility(2000));
    const none = localLimits({ schedule: null, scheme: { maxExport: watts(3680), kind: 'domestic' } }, MOMENT);
    expect(withLocalLimits({}, none).importLimit).toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import { utilitySeconds, wallSeconds } from '#base/units.ts';
import { clockFinding, diskFinding, timeFinding } from '#app/cli/doctor-machine.ts';
import type { CliPorts } from '#app/cli/ports.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

const disk = async (files: MemoryFiles, free: number | null): Promise<string> => {
  const network = { free: async () => Promise.resolve(free) };
  const finding = await diskFinding({ filesIn: () => files, network }, '/var/lib/gridward');
  return finding.ok ? finding.value : `${finding.fault.wrong}: ${finding.fault.remedy}`;
};

describe('the doctor looks at the disk', () => {
  test('and leaves nothing behind on a good one', async () => {
    const files = new MemoryFiles();
    expect(await disk(files, 64 * 1024 * 1024)).toBe('/var/lib/gridward is writable, 64 MiB free');
    expect(files.paths()).toEqual([]);
    expect(await disk(files, null)).toBe('/var/lib/gridward is writable');
  });

  test('that is full, nearly full, or mounted read-only: each has its remedy', async () => {
    expect(await disk(new MemoryFiles({ capacity: 1 }), null)).toMatch(/cannot be written: full: free space/);
    expect(await disk(new MemoryFiles(), 1024 * 1024)).toMatch(/has 1024 KiB left: free space/);
    const denied = { kind: 'denied', path: 'doctor.probe', why: 'read-only file system' } as const;
    expect(await disk(new MemoryFiles({ faultOf: () => denied }), null)).toMatch(/read-only file system: .* writable/);
  });
});

describe('the doctor looks at the clock', () => {
  const at = (wall: number): Pick<CliPorts, 'clock'> => ({ clock: { ...manualClock(), wall: () => wallSeconds(wall) } });
  const utility = utilitySeconds(1_800_000_000);

  test.each([0, 1_767_225_599, 4_102_444_800])('%i s is no time for this release', (wall) => {
    expect(clockFinding(at(wall)).ok).toBe(false);
  });

  test('which stands beside the time of the utility', () => {
    expect(clockFinding(at(1_800_000_000))).toEqual({ ok: true, value: '2027-01-15 08:00 UTC' });
    for (const wall of [utility - 60, utility, utility + 60]) expect(timeFinding(at(wall), utility).ok).toBe(true);
    const behind = timeFinding(at(utility - 61), utility);
    expect(behind.ok ? '' : behind.fault.wrong).toBe("the clock is 61 s behind the utility's");
    expect(timeFinding(at(utility), null).ok).toBe(false);
  });
});

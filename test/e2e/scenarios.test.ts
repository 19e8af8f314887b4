import { describe, expect, test } from 'vitest';
import { startRunner } from './runner.ts';

/** The longest first: five run at a time. */
const SCENARIOS = [
  ...['steps', 'comms-loss', 'meter-loss', 'night', 'power-cut'],
  ...['wrong-hands', 'clock-steps', 'flash-fails', 'device-loss'],
] as const;

describe('every scenario that ends is held, end to end, by the truth of the rig', () => {
  test.concurrent.for(SCENARIOS)('%s', async (scenario, { expect: expected }) => {
    const runner = startRunner('--scenario', scenario, '--plain');
    const code = await runner.ended;
    const told = runner.lines.slice(-25).join('\n');
    expected(code, told).toBe(0);
    expected(told).toContain(`${scenario}: held`);
  });

  test('a scenario that does not exist is refused with the names of those that do', async () => {
    const runner = startRunner('--scenario', 'nowhere');
    expect(await runner.ended).toBe(64);
    expect(runner.lines.join('\n')).toContain(
      'clock-steps, comms-loss, day, device-loss, flash-fails, meter-loss, night, power-cut, steps, wrong-hands',
    );
  });
});

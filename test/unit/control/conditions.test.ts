import { describe, expect, test } from 'vitest';
import { alarmStatus, STANDARD_ALARMS, type StandardAlarm } from '#site/alarm.ts';
import { logEventCode } from '#utility/report/log-event.ts';
import { type Conditions, observeConditions, standingConditions } from '#control/tick/conditions.ts';
import { toDeviceId, type DeviceId } from '#site/device.ts';
import type { DeviceStanding } from '#site/sample.ts';
import { inverterSample, PV } from './site.ts';

const OTHER = toDeviceId('pv2');

/** Samples one after the other, each with these alarms; what stands after each. */
const after = (
  shown: readonly (readonly StandardAlarm[])[],
  { device = PV, before = new Map() as Conditions }: { device?: DeviceId; before?: Conditions } = {},
): { readonly conditions: Conditions; readonly standing: readonly (readonly string[])[] } => {
  let conditions = before;
  const standing = shown.map((alarms, index) => {
    conditions = observeConditions(conditions, [{ ...inverterSample(index, 1), device, alarms }], new Map());
    return [...standingConditions(conditions).keys()];
  });
  return { conditions, standing };
};

describe('a condition of a device', () => {
  test.each(STANDARD_ALARMS)('%s stands after two readings and is over after three', (alarm) => {
    const on = [alarm];
    expect(after([on, on, on, [], [], [], []]).standing).toEqual([[], on, on, on, on, [], []]);
  });

  test('that flaps is neither raised nor over', () => {
    const on: readonly StandardAlarm[] = ['over-voltage'];
    expect(after([on, [], on, [], on]).standing.flat()).toEqual([]);
    expect(after([on, on, [], [], on, [], [], on]).standing.slice(1)).toEqual(Array.from({ length: 7 }, () => on));
  });

  test('stays while the device is silent, and ends when it sleeps', () => {
    const { conditions } = after([['over-voltage'], ['over-voltage']]);
    const standing = (is: DeviceStanding) => [
      ...standingConditions(observeConditions(conditions, [], new Map([[PV, is]]))).keys(),
    ];
    expect(standing('silent')).toEqual(['over-voltage']);
    expect(standing('asleep')).toEqual([]);
  });

  test('of two devices stands once, until the last has it no more', () => {
    const on: readonly StandardAlarm[] = ['over-voltage'];
    const one = after([on, on]).conditions;
    const both = after([on, on], { device: OTHER, before: one }).conditions;
    expect([...standingConditions(both)]).toEqual([['over-voltage', [PV, OTHER]]]);
    const left = after([[], [], []], { before: both }).conditions;
    expect([...standingConditions(left)]).toEqual([['over-voltage', [OTHER]]]);
  });

  test('has its bit in alarmStatus and the codes of the standard', () => {
    STANDARD_ALARMS.forEach((alarm, bit) => {
      expect(alarmStatus([alarm])).toBe(1 << bit);
      expect([logEventCode(alarm, 'raised'), logEventCode(alarm, 'cleared')]).toEqual([2 * bit, 2 * bit + 1]);
    });
    expect(STANDARD_ALARMS).toHaveLength(11);
  });
});

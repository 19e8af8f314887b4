import { expect, test } from 'vitest';
import { alarmNames, ALARMS_MAX, clear, noAlarms, raise, setAlarm } from '#telemetry/alarms.ts';

test('an alarm is recorded when it is raised and when it is cleared, never in between', () => {
  const first = raise(noAlarms(), 'meter-silent', 'meter', 'no answer for 2 s');
  expect(first.record).toEqual({
    kind: 'alarm',
    alarm: 'meter-silent',
    change: 'raised',
    device: 'meter',
    text: 'no answer for 2 s',
  });
  expect(raise(first.state, 'meter-silent', 'meter', 'no answer for 3 s')).toEqual({ state: first.state, record: null });
  expect(alarmNames(first.state)).toEqual(['meter-silent (meter)']);
  const cleared = clear(first.state, 'meter-silent', 'meter', 'answers again');
  expect(cleared.record?.change).toBe('cleared');
  expect(clear(cleared.state, 'meter-silent', 'meter', '')).toEqual({ state: cleared.state, record: null });
});

test('the same alarm of two devices is two alarms', () => {
  const one = setAlarm(noAlarms(), true, 'silent', 'a', '');
  const two = setAlarm(one.state, true, 'silent', 'b', '');
  expect(alarmNames(setAlarm(two.state, false, 'silent', 'a', '').state)).toEqual(['silent (b)']);
  expect(alarmNames(setAlarm(noAlarms(), true, 'clock', null, '').state)).toEqual(['clock']);
});

test('standing alarms are bounded', () => {
  let state = noAlarms();
  for (let i = 0; i < ALARMS_MAX + 5; i += 1) state = raise(state, 'a', String(i), '').state;
  expect(state.size).toBe(ALARMS_MAX);
});

import { describe, expect, it } from 'vitest';
import { after, durationMs, monoMs } from '#base/units.ts';
import { monotonicClock } from '#platform/clock/monotonic-clock.ts';
import { jsonLog } from '#platform/console/json-log.ts';
import { systemEntropy } from '#platform/entropy/system-entropy.ts';
import { serviceManager } from '#platform/systemd/notify.ts';

describe('the clock', () => {
  it('calls once, not before the deadline, and never what was cancelled', async () => {
    const calls: string[] = [];
    const deadline = after(monotonicClock.now(), durationMs(5));
    await new Promise<void>((resolve) => {
      const cancel = monotonicClock.at(deadline, () => calls.push('cancelled'));
      cancel();
      cancel();
      monotonicClock.at(monoMs(0), () => calls.push('past'));
      expect(calls).toEqual([]);
      monotonicClock.at(deadline, () => {
        expect(monotonicClock.now()).toBeGreaterThanOrEqual(deadline);
        resolve();
      });
    });
    expect(calls).toEqual(['past']);
  });
});

describe('entropy', () => {
  it('gives fractions in [0, 1) and as many bytes as asked', () => {
    expect(systemEntropy.bytes(16)).toHaveLength(16);
    const fraction = systemEntropy.fraction();
    expect(fraction >= 0 && fraction < 1).toBe(true);
  });
});

describe('the log on the console', () => {
  const lines: string[] = [];
  const log = jsonLog({ level: 'info', now: () => monoMs(12.6), write: (line) => lines.push(line), prefix: true });

  it('writes one JSON object a line behind its priority', () => {
    log.of('plan')({ event: 'event-started', level: 'warn', text: 'a "quoted"\ntext', detail: { mRID: 'X', level: 'hidden' } });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.slice(0, 3)).toBe('<4>');
    expect(lines[0]?.match(/\n/g)).toHaveLength(1);
    expect(JSON.parse(lines[0]!.slice(3))).toEqual({
      at: 13,
      level: 'warn',
      module: 'plan',
      event: 'event-started',
      text: 'a "quoted"\ntext',
      mRID: 'X',
    });
  });

  it('makes nothing of what is filtered', () => {
    const detail = new Proxy({}, { ownKeys: () => expect.unreachable('a filtered note is not looked into') });
    log.of('plan')({ event: 'poll', level: 'debug', text: '', detail });
    expect(lines).toHaveLength(1);
    expect([log.isWritten('debug'), log.isWritten('info')]).toEqual([false, true]);
  });
});

describe('the service manager', () => {
  it('is absent and silent without NOTIFY_SOCKET', () => {
    const manager = serviceManager(undefined);
    manager.ready();
    manager.watchdog();
    manager.stopping();
    expect(manager).toMatchObject({ isPresent: false, why: 'NOTIFY_SOCKET is not set' });
  });
});

/** What of a line's settings reaches the device. A pseudo-terminal has no parity, but keeps whether it would be odd or even. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SerialLinePort } from '#drivers/line/serial-port.ts';
import { openPtyPair, type PtyPair } from './pty-pair.ts';
import { realClock, waitUntil } from './real-clock.ts';

let ptys: PtyPair;

beforeEach(async () => {
  ptys = await openPtyPair();
});

afterEach(async () => {
  await ptys.remove();
});

test.each([
  [1200, 'odd', 1],
  [2400, 'none', 2],
  [4800, 'even', 1],
  [9600, 'odd', 2],
  [19_200, 'none', 1],
  [38_400, 'even', 2],
  [57_600, 'odd', 1],
  [115_200, 'none', 2],
] as const)('%i baud, parity %s, %i stop bits', async (baudRate, parity, stopBits) => {
  // As whoever had it before may have left it.
  execFileSync('stty', ['-F', ptys.left, parity === 'odd' ? '-parodd' : 'parodd', stopBits === 2 ? '-cstopb' : 'cstopb']);
  let is = '';
  const port = new SerialLinePort(ptys.left, { baudRate, parity, stopBits }, realClock);
  port.open({
    onUp: () => {
      is = 'up';
    },
    onBytes: () => 0,
    onDown: (why) => {
      is = why;
    },
  });
  await waitUntil('the port is open or not', () => is !== '');
  const shown = execFileSync('stty', ['-F', ptys.left, '-a'], { encoding: 'utf8' });
  port.close();
  expect(is).toBe('up');
  const flag = (name: string): boolean => new RegExp(`(^|\\s)${name}(\\s|$)`).test(shown);
  expect(shown).toContain(`speed ${baudRate} baud`);
  expect([flag('cs8'), flag('cstopb')]).toEqual([true, stopBits === 2]);
  if (parity !== 'none') expect(flag('parodd')).toBe(parity === 'odd');
});

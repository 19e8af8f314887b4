/** `make replay FILE=`: a tape of `gridward record` through the present code. Ends with 0 where every tick decides the same. */
import { createReadStream } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { decodeTapeLine, Replay } from '#control/tick/tape.ts';

const path = process.argv[2];
if (path === undefined) throw new Error('usage: make replay FILE=tape');

const replay = new Replay();
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Null: the same so far. */
const judge = (text: string): string | null => {
  const line = decodeTapeLine(text);
  if (!line.ok) return `line ${text.slice(0, 40)}: ${line.fault}`;
  if (line.value.kind === 'start') say(`decided by release ${line.value.release}`);
  const taken = replay.take(line.value);
  if (!taken.ok) return taken.fault;
  if (taken.value === null) return null;
  const { tick, now, where, taped, present } = taken.value;
  return `tick ${tick + 1} (monotonic ${now.toFixed(1)} ms) decides differently: ${where} was ${taped}, is ${present}`;
};

for await (const text of createInterface({ input: createReadStream(path) })) {
  const verdict = text === '' ? null : judge(text);
  if (verdict === null) continue;
  say(verdict);
  process.exitCode = 1;
  break;
}
say(`${replay.ticks} ticks decide the same`);

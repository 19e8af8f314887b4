/**
 * The simulated site as a process of its own, so that nothing else delays a byte on its line:
 *   node test/rig/run/site-process.ts SCENARIO_FILE SEED LINE_PATH [now]
 * Says {"type":"ready"}; begins at the line {"startedAt": UNIX_SECONDS} on stdin, which is second 0 of the scenario, or at once with
 * `now`; then says {"type":"began"}, {"type":"truth",...} ten times a second and {"type":"turn",...} at each fault. Ends when stdin does.
 */
import { readFile } from 'node:fs/promises';
import { decodeScenario } from '../scenario/decode.ts';
import { applyToRealSite, siteSettings, turnsOf, type Turn } from '../scenario/play.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { monotonicMs, startRealSite, type RealSite } from '../site/real.ts';
import { objectOf, readLines } from './lines.ts';

const TURN_EVERY_MS = 20;

const say = (message: { readonly type: string }): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};

const scenarioOf = async (path: string): Promise<Scenario> => {
  const decoded = decodeScenario(await readFile(path, 'utf8'));
  if (!decoded.ok) throw new Error(decoded.fault.join('\n'));
  return decoded.value;
};

/** Does what the scenario has due; a looping one begins again. */
const turner = (real: RealSite, scenario: Scenario): (() => Promise<void>) => {
  let round = 0;
  let due: Turn[] = [...turnsOf(scenario)];
  return async () => {
    const at = real.now() / 1000;
    for (let turn = due[0]; turn !== undefined && turn.at <= at; turn = due[0]) {
      due.shift();
      say({ type: 'turn', ...turn });
      await applyToRealSite(real, turn);
    }
    if (!scenario.loop || due.length > 0 || at < (round + 1) * scenario.durationSeconds) return;
    round += 1;
    due = [...turnsOf(scenario, round)];
  };
};

const begin = async (scenario: Scenario, seed: number, path: string, startedAt: number): Promise<RealSite> => {
  const origin = monotonicMs() - (Date.now() - startedAt * 1000);
  const settings = siteSettings(scenario, seed);
  return await startRealSite({ settings, path, origin, onTruth: (truth) => say({ type: 'truth', ...truth }) });
};

const [file = '', seedText = '1', path = '', when = ''] = process.argv.slice(2);
const scenario = await scenarioOf(file);
let real: RealSite | null = null;
let timer: NodeJS.Timeout | null = null;

const stop = async (): Promise<void> => {
  if (timer !== null) clearInterval(timer);
  timer = null;
  await real?.stop();
  real = null;
  process.stdin.destroy();
};

const broken = (thrown: unknown): void => {
  console.error(thrown);
  process.exitCode = 70;
  process.stdin.destroy();
};

const onBegin = async (startedAt: number): Promise<void> => {
  const site = await begin(scenario, Number(seedText), path, startedAt);
  real = site;
  const turn = turner(site, scenario);
  let busy = false;
  timer = setInterval(() => {
    if (busy) return;
    busy = true;
    turn()
      .catch(broken)
      .finally(() => {
        busy = false;
      });
  }, TURN_EVERY_MS);
  say({ type: 'began' });
};

readLines(process.stdin, (line) => {
  const startedAt = objectOf(line)?.['startedAt'];
  if (typeof startedAt === 'number' && real === null) onBegin(startedAt).catch(broken);
});
const onStop = (): void => {
  stop().catch(broken);
};
process.stdin.once('end', onStop);
process.once('SIGTERM', onStop);
process.once('SIGINT', onStop);
say({ type: 'ready' });
if (when === 'now') onBegin(Date.now() / 1000).catch(broken);

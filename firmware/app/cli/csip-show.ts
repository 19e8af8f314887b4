import { fail, ok, type Result } from '#base/result.ts';
import { emptyPlan, type Plan } from '#control/plan/plan.ts';
import { decodePlan } from '#control/plan/store.ts';
import { StateFile } from '#log/state-file.ts';
import { foldProgramSet } from '#control/plan/fold.ts';
import { chainProblem } from '#utility/identity/chain.ts';
import { translate } from '#utility/translate/translate.ts';
import type { WalkedTree } from '#utility/walk/tree.ts';
import { locatedSite } from '../config/locate.ts';
import { loadUtility, type OwnIdentity, type UtilitySite } from '../config/utility.ts';
import { servedSite } from '../config/version.ts';
import { type Identified, standingOf } from '../identity/proven.ts';
import { explainPlan } from './explain.ts';
import { type CliPorts, EXIT } from './ports.ts';
import { readUtilities } from './site-utility.ts';
import { type Walked, walkOnce } from './utility-walk.ts';

const PLAN_FILE_FORMAT = 1;

const treeLines = (tree: WalkedTree): readonly string[] => {
  const { endDevice, connectionPoint, logEvents, ders, derRate, mirrors } = tree;
  return [
    `  EndDevice ${endDevice.url ?? 'without href'}, LFDI ${endDevice.device.lFDI ?? 'not stated'}, changed ${endDevice.device.changedTime}`,
    `  ConnectionPoint ${connectionPoint ?? 'not offered'}`,
    `  LogEventList ${logEvents ?? 'not offered'}`,
    ...ders.map(({ capability, settings, status }) => {
      const places = [`capability ${capability ?? 'none'}`, `settings ${settings ?? 'none'}`, `status ${status ?? 'none'}`];
      return `  DER ${places.join(', ')}, every ${derRate} s`;
    }),
    ...(mirrors === null
      ? ['  MirrorUsagePointList not offered']
      : mirrors.points.map(
          ({ url, point }) => `  MirrorUsagePoint ${point.mRID}, role ${point.roleFlags}, ${url ?? 'without href'}`,
        )),
    ...tree.programs.map(({ url, program, read, defaultControl, controls }) => {
      const what = `${controls.length} controls, default ${defaultControl === null ? 'none' : defaultControl.mRID}`;
      return `  DERProgram ${program.mRID}, primacy ${program.primacy}, ${what}${read ? '' : ', NOT READ this time'}, ${url}`;
    }),
    ...(tree.complete ? [] : ['  a list of programs was not readable: there may be more']),
  ];
};

/** The event memory as controld last saved it; empty where there is none that can be read. */
const storedPlan = async (ports: CliPorts, directory: string): Promise<Plan> => {
  const decode = (value: unknown): Result<Plan, string> => {
    const stored = typeof value === 'object' && value !== null && 'plan' in value ? value.plan : null;
    const plan = decodePlan(stored);
    return plan.ok ? plan : fail(plan.fault.kind);
  };
  // Only read here: controld alone writes it (design D17).
  const file = new StateFile<Plan>({ files: ports.filesIn(directory), name: 'plan', format: PLAN_FILE_FORMAT, decode });
  return (await file.load()).value ?? emptyPlan();
};

interface Directories {
  readonly configuration: string;
  readonly state: string;
  readonly own: OwnIdentity;
}

interface Met {
  readonly walked: Walked;
  /** With the address and the version that were found. */
  readonly config: UtilitySite;
}

/** One walk as this identity; the fault is for a person. */
const walkedAs = async (
  ports: CliPorts,
  { tls, config }: Identified,
  serverLFDI: string | null,
): Promise<Result<Met, string>> => {
  const located = await locatedSite(ports.network.dns, config);
  if (!located.ok) return located;
  const http = ports.network.client(tls, { serverLFDI, chainRule: chainProblem });
  const served = await servedSite(http, located.value);
  const met: Result<Met, string> = served.ok
    ? ok({ walked: await walkOnce(ports, http, served.value.walk, served.value.profile), config: served.value })
    : fail(served.fault.why);
  await http.close();
  return met;
};

const trialLines = ({ config }: Identified, met: Result<Met, string>): readonly string[] => {
  const title = `on trial: LFDI ${config.lfdi} takes over once it has completed a walk`;
  if (!met.ok) return [title, `  ${met.fault}`];
  const { tree, notes } = met.value.walked;
  return [
    title,
    ...notes.map(({ text }) => `  ${text}`),
    ...(tree === null ? ['  nothing is served to it yet'] : treeLines(tree)),
  ];
};

/**
 * `gridward csip show`: what the utility server says now, what controld remembers of it, and why each mode's winner wins. Without a
 * stored plan what was walked is explained as if it came now.
 */
export const showCsip = async (ports: CliPorts, { configuration, state, own }: Directories): Promise<number> => {
  const utilities = await readUtilities(ports, configuration);
  const [utility] = utilities.ok ? utilities.value : [];
  if (!utilities.ok || utility === undefined) {
    ports.error(`${utilities.ok ? 'no utility is configured' : utilities.fault}\n`);
    return EXIT.noInput;
  }
  const loaded = await loadUtility(utility, configuration, ports.filesIn(configuration), own);
  if (!loaded.ok) {
    ports.error(`${loaded.fault}\n`);
    return EXIT.noInput;
  }
  const { serving, trial } = await standingOf(loaded.value, ports.filesIn(state));
  const { serverLFDI } = loaded.value;
  const met = await walkedAs(ports, serving, serverLFDI);
  if (!met.ok) {
    ports.error(`${met.fault}\n`);
    return EXIT.negative;
  }
  const { walked, config } = met.value;
  const say = (lines: readonly string[]): void => ports.out(lines.map((line) => `${line}\n`).join(''));
  say([`${utility.name} at ${utility.url}, as LFDI ${config.lfdi}: ${walked.requests} requests`]);
  for (const { text } of walked.notes) say([`  ${text}`]);
  if (walked.tree !== null) say(treeLines(walked.tree));
  if (trial !== null) say(trialLines(trial, await walkedAs(ports, trial, serverLFDI)));
  const plan = await storedPlan(ports, state);
  const hasPlan = plan.programs.length > 0 || plan.events.length > 0;
  const now = walked.utility;
  if (now === null) {
    say(['utility time is not known: what binds now cannot be said']);
    return EXIT.negative;
  }
  if (hasPlan) say([`remembered in ${state}`, ...explainPlan(plan, now)]);
  else if (walked.tree !== null) {
    const { set } = translate(walked.tree, utility.name, config.profile);
    say(['nothing is remembered; as it would be taken now', ...explainPlan(foldProgramSet(emptyPlan(), set, now, '').plan, now)]);
  }
  return walked.tree === null ? EXIT.negative : EXIT.ok;
};

import { fail, type Result } from '#base/result.ts';
import { emptyPlan, type Plan } from '#control/plan/plan.ts';
import { decodePlan } from '#control/plan/store.ts';
import { StateFile } from '#log/state-file.ts';
import { foldProgramSet } from '#control/plan/fold.ts';
import { chainProblem } from '#utility/identity/chain.ts';
import { translate } from '#utility/translate/translate.ts';
import type { WalkedTree } from '#utility/walk/tree.ts';
import { locatedSite } from '../config/locate.ts';
import { loadUtility, type OwnIdentity } from '../config/utility.ts';
import { explainPlan } from './explain.ts';
import { type CliPorts, EXIT } from './ports.ts';
import { readUtilities } from './site-utility.ts';
import { walkOnce } from './utility-walk.ts';

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
  const { tls, serverLFDI } = loaded.value;
  const located = await locatedSite(ports.network.dns, loaded.value.config);
  if (!located.ok) {
    ports.error(`${located.fault}\n`);
    return EXIT.negative;
  }
  const config = located.value;
  const http = ports.network.client(tls, { serverLFDI, chainRule: chainProblem });
  const walked = await walkOnce(ports, http, config.walk, config.profile);
  await http.close();
  const say = (lines: readonly string[]): void => ports.out(lines.map((line) => `${line}\n`).join(''));
  say([`${utility.name} at ${utility.url}: ${walked.requests} requests`]);
  for (const { text } of walked.notes) say([`  ${text}`]);
  if (walked.tree !== null) say(treeLines(walked.tree));
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

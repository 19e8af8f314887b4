import type { Watts } from '#base/units.ts';
import type { OtherLimit } from '#control/record.ts';
import type { ViewSnapshot } from '#link/message.ts';
import { type CliPorts, EXIT } from './ports.ts';
import { learnedText } from './learned.ts';
import { viewSession } from './view-session.ts';

/** `gridward status`: what the site does now, as controld sees it. */
export const showStatus = async (ports: CliPorts, directory: string, release: string, json: boolean): Promise<number> =>
  await viewSession(ports, {
    directory,
    release,
    onUp: () => undefined,
    onMessage: (message) => {
      if (message.type !== 'view') return null;
      ports.out(json ? `${JSON.stringify(message)}\n` : formatStatus(message));
      return EXIT.ok;
    },
  });

const power = (value: Watts | null): string => (value === null ? 'unknown' : `${Math.round(value)} W`);

const flow = (netImport: Watts | null): string => {
  if (netImport === null) return 'unknown';
  return netImport < 0 ? `export ${Math.round(Math.abs(netImport))} W` : `import ${Math.round(netImport)} W`;
};

const PERCENT = 100;
const LIMIT_NAMES: Readonly<Record<OtherLimit, string>> = {
  importLimit: 'import limit',
  generationLimit: 'generation limit',
  loadLimit: 'load limit',
};

export const formatStatus = (view: ViewSnapshot): string => {
  const rows: [string, string][] = [
    [
      'export limit',
      view.exportLimit === null ? `none (${view.limitSource})` : `${power(view.exportLimit)} (${view.limitSource})`,
    ],
    ...(view.otherLimits ?? []).map(({ limit, value, source }): [string, string] => [
      LIMIT_NAMES[limit],
      `${power(value)} (${source})`,
    ]),
    ['connection point', view.seeing === 'seen' ? flow(view.netImport) : `blind: ${view.missing.join(', ')}`],
    ['generation', power(view.generation)],
    ['load', power(view.load)],
    ['cap', view.cap === null ? 'none' : power(view.cap)],
    ['utility time', view.utilityTime === null ? 'unknown' : `${Math.round(view.utilityTime)} s`],
    ...(view.lateMs === undefined
      ? []
      : [['control', `ticks at most ${Math.round(view.lateMs)} ms late`] satisfies [string, string]]),
    ...view.devices.flatMap(({ device, standing, state, text, learned }): [string, string][] => [
      [device, [standing, state, text].filter((part) => part !== '').join(', ')],
      ...(learned === undefined ? [] : [['', learnedText(learned)] satisfies [string, string]]),
    ]),
    ...view.lines.map(({ line, use, faults }): [string, string] => [
      line,
      `${Math.round(use * PERCENT)} % of the wire time, ${faults} faults`,
    ]),
    ...view.events.map(({ mRID, state, start, until }): [string, string] => [
      `event ${mRID}`,
      `${state}, ${start} s to ${until} s`,
    ]),
    ...view.alarms.map((alarm): [string, string] => ['alarm', alarm]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
};

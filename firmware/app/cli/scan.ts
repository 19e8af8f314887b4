import type { ScanReport } from '#link/message.ts';
import { type CliPorts, EXIT } from './ports.ts';
import { viewSession } from './view-session.ts';

export interface ScanOptions {
  readonly line: string;
  readonly json: boolean;
}

/** `gridward scan LINE`: who answers on a line, with a proposal for the configuration. Progress goes to standard error. */
export const scanLine = async (ports: CliPorts, directory: string, release: string, options: ScanOptions): Promise<number> =>
  await viewSession(ports, {
    directory,
    release,
    onUp: (link) => {
      link.send({ type: 'scan-request', line: options.line });
    },
    onMessage: (message) => {
      if (message.type !== 'scan' || message.line !== options.line) return null;
      if (!message.known) {
        ports.error(`there is no line ${options.line}\n`);
        return EXIT.negative;
      }
      if (!message.done) {
        ports.error(`${message.tried} of ${message.total} unit ids, ${message.units.length} found\n`);
        return null;
      }
      ports.out(options.json ? `${JSON.stringify(proposalOf(message), null, 2)}\n` : tableOf(message));
      return EXIT.ok;
    },
  });

const tableOf = ({ units }: ScanReport): string => {
  if (units.length === 0) return 'no unit answers: wrong speed or parity, A and B swapped, or no power\n';
  const rows = units.map(
    ({ unitId, role, profile, serialNumber, text }) =>
      `unit ${unitId}: ${text}${role === null ? '' : `; ${role}, profile ${profile}, serial number ${serialNumber}`}\n`,
  );
  return rows.join('');
};

/** Devices as the configuration file has them; the installer gives them their names. */
const proposalOf = ({ line, units }: ScanReport): unknown => ({
  devices: units.flatMap(({ unitId, role, profile, serialNumber }) =>
    role === null
      ? []
      : [{ id: `${role}-${unitId}`, role, line, unitId, profile, ...(serialNumber === '' ? {} : { serialNumber }) }],
  ),
});

import type { ScanReport, ScanRequest } from '#link/message.ts';
import { CONFIGURATION_FILE } from '../config/accept.ts';
import { CONFIGURATION_BYTES_MAX } from '../config/schema.ts';
import { handOver } from './config-store.ts';
import { type CliPorts, EXIT } from './ports.ts';
import { proposedConfiguration } from './proposal.ts';
import { viewSession } from './view-session.ts';

export interface ScanOptions {
  /** Directory of controld's sockets, and of the configuration. */
  readonly runtime: string;
  readonly config: string;
  readonly release: string;
  /** A configured line, or the path of a serial device while the site is not commissioned. */
  readonly line: string;
  /** Of such a device. */
  readonly serial: NonNullable<ScanRequest['serial']>;
  /** Prints the whole configuration with what was found. */
  readonly json: boolean;
  /** Hands it to controld. */
  readonly store: boolean;
}

/** `gridward scan LINE`: who answers on a line, with a proposal for the configuration. Progress goes to standard error. */
export const scanLine = async (ports: CliPorts, options: ScanOptions): Promise<number> => {
  const { runtime, release, line, serial, json, store } = options;
  const reports: ScanReport[] = [];
  const code = await viewSession(ports, {
    directory: runtime,
    release,
    onUp: (link) => {
      link.send({ type: 'scan-request', line, serial });
    },
    onMessage: (message) => {
      if (message.type !== 'scan' || message.line !== line) return null;
      if (!message.known) {
        ports.error(`there is no line ${line}, or it does not open; gridward status lists them\n`);
        return EXIT.negative;
      }
      if (!message.done) {
        ports.error(`${message.tried} of ${message.total} unit ids, ${message.units.length} found\n`);
        return null;
      }
      reports.push(message);
      return EXIT.ok;
    },
  });
  const [found] = reports;
  return found === undefined ? code : await tell(ports, options, found, json || store);
};

const tell = async (ports: CliPorts, options: ScanOptions, found: ScanReport, whole: boolean): Promise<number> => {
  if (!whole) {
    ports.out(tableOf(found));
    return EXIT.ok;
  }
  const bytes = await ports.filesIn(options.config).read(CONFIGURATION_FILE, CONFIGURATION_BYTES_MAX);
  if (!bytes.ok && bytes.fault.kind !== 'absent') {
    ports.error(`the present configuration: ${'why' in bytes.fault ? bytes.fault.why : bytes.fault.kind}\n`);
    return EXIT.noInput;
  }
  const proposed = proposedConfiguration(bytes.ok ? new TextDecoder().decode(bytes.value) : null, options.serial, found);
  if (proposed === null) {
    ports.error('the present configuration cannot be read: gridward config check\n');
    return EXIT.negative;
  }
  const text = `${JSON.stringify(proposed, null, 2)}\n`;
  if (!options.store) {
    ports.out(text);
    return EXIT.ok;
  }
  ports.out(tableOf(found));
  return await handOver(ports, options.runtime, options.release, text);
};

const tableOf = ({ units }: ScanReport): string => {
  if (units.length === 0) return 'no unit answers: wrong speed or parity, A and B swapped, or no power\n';
  const rows = units.map(
    ({ unitId, role, profile, serialNumber, text }) =>
      `unit ${unitId}: ${text}${role === null ? '' : `; ${role}, profile ${profile}, serial number ${serialNumber}`}\n`,
  );
  return rows.join('');
};

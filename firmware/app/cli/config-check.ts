import { basename, dirname } from 'node:path';
import { problemText } from '../config/accept.ts';
import { decodeConfiguration } from '../config/configuration.ts';
import { CONFIGURATION_BYTES_MAX } from '../config/schema.ts';
import { type CliPorts, EXIT } from './ports.ts';

/** `gridward config check FILE`: every problem of a configuration file, or that there is none. */
export const checkConfiguration = async (ports: CliPorts, file: string, json: boolean): Promise<number> => {
  const bytes = await ports.filesIn(dirname(file)).read(basename(file), CONFIGURATION_BYTES_MAX);
  if (!bytes.ok) {
    ports.error(`${file}: ${'why' in bytes.fault ? bytes.fault.why : bytes.fault.kind}\n`);
    return EXIT.noInput;
  }
  const decoded = decodeConfiguration(bytes.value);
  const problems = decoded.ok ? [] : decoded.fault;
  if (json) ports.out(`${JSON.stringify({ file, ok: decoded.ok, problems })}\n`);
  else if (decoded.ok) ports.out(`${file}: no problem\n`);
  else for (const problem of problems) ports.out(`${file}: ${problemText(problem)}\n`);
  return decoded.ok ? EXIT.ok : EXIT.negative;
};

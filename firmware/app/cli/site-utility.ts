import { fail, ok, type Result } from '#base/result.ts';
import { CONFIGURATION_FILE, problemText } from '../config/accept.ts';
import { decodeConfiguration, type UtilityConfiguration } from '../config/configuration.ts';
import { CONFIGURATION_BYTES_MAX } from '../config/schema.ts';
import type { CliPorts } from './ports.ts';

/** The utilities of the configuration in `directory`; the fault lists what is wrong with it. */
export const readUtilities = async (
  ports: Pick<CliPorts, 'filesIn'>,
  directory: string,
): Promise<Result<readonly UtilityConfiguration[], string>> => {
  const bytes = await ports.filesIn(directory).read(CONFIGURATION_FILE, CONFIGURATION_BYTES_MAX);
  if (!bytes.ok) return fail(`${directory}/${CONFIGURATION_FILE}: ${'why' in bytes.fault ? bytes.fault.why : bytes.fault.kind}`);
  const decoded = decodeConfiguration(bytes.value);
  return decoded.ok ? ok(decoded.value.utilities) : fail(decoded.fault.map(problemText).join('; '));
};

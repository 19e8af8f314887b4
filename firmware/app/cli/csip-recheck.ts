import { RECHECK_FILE } from '../config/recheck.ts';
import { type CliPorts, EXIT } from './ports.ts';

/** `gridward csip recheck`: asks northd to look at a registration whose PIN was not ours; northd sees it within seconds. */
export const wantRecheck = async (ports: CliPorts, state: string): Promise<number> => {
  const left = await ports.filesIn(state).replace(RECHECK_FILE, new TextEncoder().encode('recheck\n'));
  if (!left.ok) {
    ports.error(`${state} cannot be written: ${'why' in left.fault ? left.fault.why : left.fault.kind}\n`);
    return EXIT.noInput;
  }
  ports.out(
    'northd looks at the registration within 10 s, where it stopped for another PIN; gridward doctor says how it stands\n',
  );
  return EXIT.ok;
};

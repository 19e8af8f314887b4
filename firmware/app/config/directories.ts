import { fail, ok, type Result } from '#base/result.ts';

/** Where the process keeps its things; systemd sets all three (design D18). */
export interface Directories {
  /** Configuration file, `secrets/`, certificates. Written by controld alone, when the installer stores a configuration. */
  readonly configuration: string;
  /** What must survive a restart: log, plan, devices, last accepted configuration. */
  readonly state: string;
  /** Sockets. */
  readonly runtime: string;
}

/** Reads the three directories from the environment. The failure names the variables that are missing or not absolute. */
export const directoriesFrom = (env: Readonly<Record<string, string | undefined>>): Result<Directories, readonly string[]> => {
  const wrong: string[] = [];
  const read = (variable: string): string => {
    // systemd joins several directories with colons; ours is the first.
    const path = env[variable]?.split(':')[0] ?? '';
    if (!path.startsWith('/')) wrong.push(variable);
    return path;
  };
  const directories: Directories = {
    configuration: read('CONFIGURATION_DIRECTORY'),
    state: read('STATE_DIRECTORY'),
    runtime: read('RUNTIME_DIRECTORY'),
  };
  return wrong.length > 0 ? fail(wrong) : ok(directories);
};

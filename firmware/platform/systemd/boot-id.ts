import { readFile } from 'node:fs/promises';
import { fail, ok, type Result } from '#base/result.ts';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

/** The kernel's id of this boot: two instants on CLOCK_MONOTONIC compare only within one. */
export const readBootId = async (path = BOOT_ID_FILE): Promise<Result<string, string>> => {
  try {
    const id = (await readFile(path, 'utf8')).trim();
    return /^[0-9a-f-]{36}$/.test(id) ? ok(id) : fail(`${path} holds no boot id`);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

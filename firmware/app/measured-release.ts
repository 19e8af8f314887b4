import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, ok, type Result } from '#base/result.ts';
import { releaseMeasurement } from '#platform/tpm/measure.ts';

/** Of one release; more is none. */
const FILES_MAX = 5_000;
const BYTES_MAX = 128 * 1024 * 1024;
/** Of a checkout, which runs without bundles; a release is one folder. */
const SOURCES = ['firmware', 'drivers', 'config'];
const IS_CHECKOUT = import.meta.url.endsWith('/app/measured-release.ts');

/** Folders that make up the running release: that of the bundles, or the sources of a checkout. */
const ownFolders = (): readonly string[] =>
  IS_CHECKOUT
    ? SOURCES.map((name) => fileURLToPath(new URL(`../../${name}`, import.meta.url)))
    : [fileURLToPath(new URL('.', import.meta.url))];

/**
 * SHA-256 measurement of a release: every file below its folders, by its path within them. Without folders that of the release this
 * code is part of. The fault is for a person.
 */
export const measurementOf = async (folders: readonly string[] = ownFolders()): Promise<Result<Uint8Array, string>> => {
  const files = new Map<string, Uint8Array>();
  let bytes = 0;
  try {
    for (const folder of folders) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        bytes += (await stat(path)).size;
        if (files.size >= FILES_MAX || bytes > BYTES_MAX) return fail(`${folder} is too large for a release`);
        files.set(folders.length === 1 ? relative(folder, path) : path.slice(folder.lastIndexOf('/') + 1), await readFile(path));
      }
    }
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  return files.size > 0 ? ok(releaseMeasurement(files)) : fail('a release without files');
};

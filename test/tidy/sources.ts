/** The sources as text, for the tests that read them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A file by its path below the root. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Every file below `folders` whose name matches, sorted by path. */
export const filesOf = (folders: readonly string[], name: RegExp): readonly Source[] =>
  folders
    .filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile() && name.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length)),
    )
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

/** One file of the root, or null. */
export const fileAt = (path: string): string | null => {
  const file = join(ROOT, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
};

/** What runs on the device. */
export const PRODUCT = filesOf(['firmware', 'drivers'], /\.ts$/);
/** Product, tests and settings: every line somebody wrote in TypeScript. */
export const CODE = [...PRODUCT, ...filesOf(['test', 'config'], /\.ts$/)];

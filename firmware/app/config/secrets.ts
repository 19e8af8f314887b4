import type { FileFault, Files } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';

const SECRET_BYTES_MAX = 4096;
const SECRET_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** Also the name of a file: nothing of it leads elsewhere. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

/**
 * The text of `secrets/NAME` below the configuration directory, without the newline at its end.
 * The value goes to the one who asked and into no log, note or snapshot.
 */
export const readSecret = async (configuration: Files, name: string): Promise<Result<string, FileFault>> => {
  const path = `secrets/${name}`;
  if (!isSecretName(name)) return fail({ kind: 'denied', path, why: 'not the name of a secret' });
  const bytes = await configuration.read(path, SECRET_BYTES_MAX);
  if (!bytes.ok) return bytes;
  return ok(new TextDecoder().decode(bytes.value).replace(/\r?\n$/, ''));
};

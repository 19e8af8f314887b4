import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const EXTENSIONS = `basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,keyAgreement
certificatePolicies=critical,1.3.6.1.4.1.40732.1.1,1.3.6.1.4.1.40732.2.1
authorityKeyIdentifier=keyid
`;

/**
 * What the MICA in `pki` does with a request (PEM): takes key and subjectAltName from it, adds the rest. Resolves with the chain
 * below the root, PEM. `days` below 0: ended already.
 */
export const issueFor = async (pki: string, request: string, days = 3650): Promise<string> => {
  const name = randomBytes(4).toString('hex');
  const path = (ending: string): string => join(pki, `issued-${name}.${ending}`);
  await writeFile(path('csr'), request);
  await writeFile(path('ext'), EXTENSIONS);
  const authority = ['-CA', join(pki, 'mica.pem'), '-CAkey', join(pki, 'mica.key.pem'), '-set_serial', `0x${name}`];
  const take = ['-req', '-in', path('csr'), '-copy_extensions', 'copyall', '-extfile', path('ext'), '-days', String(days)];
  await run('openssl', ['x509', ...take, ...authority, '-sha256', '-out', path('pem')]);
  return `${await readFile(path('pem'), 'utf8')}${await readFile(join(pki, 'mica.pem'), 'utf8')}`;
};

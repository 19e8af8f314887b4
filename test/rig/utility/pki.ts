/**
 * A SERCA > MICA > device chain on P-256, made on the spot with the openssl command line, and the wrong certificates that tests need.
 * Profile: IEEE 2030.5 6.11 (empty subject, hardwareModuleName, critical policies, no end of validity).
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from '#base/assert.ts';
import { firstDer, lfdiOf, sfdiOf } from './identity.ts';

const run = promisify(execFile);

/** Paths of one certificate. `cert` holds the leaf and its issuers below the root. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface IssuedDevice extends Issued {
  readonly lfdi: string;
  readonly sfdi: number;
}

export interface Pki {
  /** Root certificate, the only trust anchor. */
  readonly serca: string;
  readonly mica: string;
  readonly server: Issued;
  readonly device: IssuedDevice;
}

const NO_END = '99991231235959Z';
const TEST_POLICIES = '1.3.6.1.4.1.40732.1.1,1.3.6.1.4.1.40732.2.1';

const extensions = (serverNames: string, serial: string): string => `
[serca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
certificatePolicies=critical,2.5.29.32.0
subjectKeyIdentifier=hash
[mica]
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
certificatePolicies=critical,${TEST_POLICIES}
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
[mca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
certificatePolicies=critical,2.5.29.32.0
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
[usage]
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
extendedKeyUsage=critical,serverAuth,clientAuth
[names]
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
nameConstraints=permitted;DNS:localhost
[mappings]
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
certificatePolicies=${TEST_POLICIES}
policyMappings=1.3.6.1.4.1.40732.1.1:1.3.6.1.4.1.40732.1.2
[device]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,keyAgreement
certificatePolicies=critical,${TEST_POLICIES}
subjectAltName=critical,otherName:1.3.6.1.5.5.7.8.4;SEQUENCE:hardware_module_name
authorityKeyIdentifier=keyid
[server]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,keyAgreement
certificatePolicies=critical,${TEST_POLICIES}
subjectAltName=critical,${serverNames}
authorityKeyIdentifier=keyid
[hardware_module_name]
hwType=OID:1.3.6.1.4.1.32473.1
hwSerialNum=FORMAT:ASCII,OCT:${serial}
`;

const authority = (directory: string): string => `
[ca]
default_ca=rig
[rig]
dir=${directory}
database=${directory}/index.txt
serial=${directory}/serial
new_certs_dir=${directory}
default_md=sha256
policy=any
unique_subject=no
copy_extensions=none
[any]
commonName=optional
[req]
distinguished_name=nothing
prompt=no
string_mask=utf8only
[nothing]
`;

type Section = 'serca' | 'mca' | 'mica' | 'usage' | 'names' | 'mappings' | 'device' | 'server';

interface Request {
  readonly name: string;
  readonly section: Section;
  readonly subject: string;
  /** Name of the issuer among those made in this directory; null: self-signed. */
  readonly issuer: string | null;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly serverNames?: string;
  readonly serial?: string;
}

const RIG_NAMES = 'DNS:localhost,IP:127.0.0.1,IP:::1';

const stamp = (at: Date): string =>
  at
    .toISOString()
    .replace(/[-:T]/g, '')
    .replace(/\.\d+Z$/, 'Z');

/** Makes one key and certificate: `NAME.key.pem`, `NAME.pem`. The caller makes one at a time in a directory. */
const issue = async (directory: string, request: Request): Promise<void> => {
  const path = (file: string): string => join(directory, file);
  const openssl = async (...args: string[]): Promise<void> => {
    await run('openssl', args, { cwd: directory });
  };
  const config = path(`${request.name}.cnf`);
  await writeFile(config, authority(directory) + extensions(request.serverNames ?? RIG_NAMES, request.serial ?? 'RIG-0001'));
  await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path(`${request.name}.sec1.pem`));
  await openssl('pkcs8', '-topk8', '-nocrypt', '-in', path(`${request.name}.sec1.pem`), '-out', path(`${request.name}.key.pem`));
  await openssl(
    'req',
    '-new',
    '-config',
    config,
    '-key',
    path(`${request.name}.key.pem`),
    '-subj',
    request.subject,
    '-out',
    path(`${request.name}.csr`),
  );
  const signer =
    request.issuer === null
      ? ['-selfsign', '-keyfile', path(`${request.name}.key.pem`)]
      : ['-cert', path(`${request.issuer}.pem`), '-keyfile', path(`${request.issuer}.key.pem`)];
  const span = [
    '-startdate',
    request.notBefore ?? stamp(new Date(Date.now() - 3_600_000)),
    '-enddate',
    request.notAfter ?? NO_END,
  ];
  const out = ['-in', path(`${request.name}.csr`), '-out', path(`${request.name}.pem`)];
  await openssl('ca', '-batch', '-notext', '-config', config, '-extensions', request.section, ...signer, ...span, ...out);
};

const chain = async (directory: string, names: readonly string[], file: string): Promise<string> => {
  const parts = await Promise.all(names.map((name) => readFile(join(directory, `${name}.pem`), 'utf8')));
  const path = join(directory, file);
  await writeFile(path, parts.map((part) => `${part.trim()}\n`).join(''));
  return path;
};

const prepare = async (directory: string): Promise<void> => {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'index.txt'), '');
  await writeFile(join(directory, 'serial'), '1000\n');
};

const identify = async (issued: Issued): Promise<IssuedDevice> => {
  const der = firstDer(await readFile(issued.cert, 'utf8'));
  assert(der !== null, `a certificate in ${issued.cert}`);
  const lfdi = lfdiOf(der);
  return { ...issued, lfdi, sfdi: sfdiOf(lfdi) };
};

const leaf = async (directory: string, name: string, request: Partial<Request> & Pick<Request, 'section'>): Promise<Issued> => {
  await issue(directory, { name, subject: '/', issuer: 'mica', ...request });
  return { cert: await chain(directory, [name, 'mica'], `${name}-chain.pem`), key: join(directory, `${name}.key.pem`) };
};

/** Makes roots, server and one device in `directory`. `serial` is the device's hardware serial number. */
export const makePki = async (directory: string, serial = 'RIG-0001'): Promise<Pki> => {
  await prepare(directory);
  await issue(directory, { name: 'serca', section: 'serca', subject: '/CN=Rig SERCA', issuer: null });
  await issue(directory, { name: 'mica', section: 'mica', subject: '/CN=Rig MICA', issuer: 'serca' });
  const server = await leaf(directory, 'server', { section: 'server', subject: '/CN=Rig utility server' });
  const device = await identify(await leaf(directory, 'device', { section: 'device', serial }));
  return { serca: join(directory, 'serca.pem'), mica: join(directory, 'mica.pem'), server, device };
};

/** Another device below the same issuers, with a key of its own. `name`: of its files in `directory`. */
export const makeDevice = async (directory: string, name: string, serial: string): Promise<IssuedDevice> =>
  identify(await leaf(directory, name, { section: 'device', serial }));

export interface WrongPki {
  readonly expiredServer: Issued;
  readonly wrongNameServer: Issued;
  readonly expiredDevice: IssuedDevice;
  /** Everything under a root of its own. */
  readonly otherRoot: Pki;
}

/** Certificates that must be refused: expired, of another name, of another root. `directory` holds a PKI of `makePki`. */
export const makeWrongPki = async (directory: string): Promise<WrongPki> => {
  const expired = { notBefore: '20200101000000Z', notAfter: '20210101000000Z' };
  return {
    expiredServer: await leaf(directory, 'expired-server', { section: 'server', subject: '/CN=Expired', ...expired }),
    wrongNameServer: await leaf(directory, 'wrong-name-server', {
      section: 'server',
      subject: '/CN=Elsewhere',
      serverNames: 'DNS:elsewhere.example',
    }),
    expiredDevice: await identify(await leaf(directory, 'expired-device', { section: 'device', ...expired })),
    otherRoot: await makePki(join(directory, 'other-root')),
  };
};

/** Servers by their path to the root, outermost first; the rules of the standard allow the first three. */
export interface PathPki {
  /** SERCA > server, SERCA > MICA > server, SERCA > MCA > MICA > server. */
  readonly good: readonly Issued[];
  /** What OpenSSL takes and a 2030.5 client refuses, by what is wrong. */
  readonly refused: Readonly<Record<'usage' | 'names' | 'mappings' | 'long', Issued>>;
  /** Signed itself; it is its own trust anchor. */
  readonly selfSigned: Issued;
}

/** Servers below other paths than the usual one. `directory` holds a PKI of `makePki`. */
export const makePathPki = async (directory: string): Promise<PathPki> => {
  const server = async (name: string, issuer: string | null, path: readonly string[]): Promise<Issued> => {
    await issue(directory, { name, section: 'server', subject: '/CN=Rig utility server', issuer });
    return { cert: await chain(directory, [name, ...path], `${name}-chain.pem`), key: join(directory, `${name}.key.pem`) };
  };
  const below = async (section: 'usage' | 'names' | 'mappings'): Promise<Issued> => {
    await issue(directory, { name: section, section, subject: `/CN=Rig ${section}`, issuer: 'serca' });
    return server(`${section}-server`, section, [section]);
  };
  await issue(directory, { name: 'mca', section: 'mca', subject: '/CN=Rig MCA', issuer: 'serca' });
  await issue(directory, { name: 'mica-3', section: 'mica', subject: '/CN=Rig MICA 3', issuer: 'mca' });
  await issue(directory, { name: 'mca-2', section: 'mca', subject: '/CN=Rig MCA 2', issuer: 'mca' });
  await issue(directory, { name: 'mica-4', section: 'mica', subject: '/CN=Rig MICA 4', issuer: 'mca-2' });
  return {
    good: [
      await server('depth-2', 'serca', []),
      await server('depth-3', 'mica', ['mica']),
      await server('depth-4', 'mica-3', ['mica-3', 'mca']),
    ],
    refused: {
      usage: await below('usage'),
      names: await below('names'),
      mappings: await below('mappings'),
      long: await server('depth-5', 'mica-4', ['mica-4', 'mca-2', 'mca']),
    },
    selfSigned: await server('self-signed', null, []),
  };
};

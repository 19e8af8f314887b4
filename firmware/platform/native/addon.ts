import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { fail, ok, type Result } from '#base/result.ts';

/** What native/src exports. A rejection is an Error with `fault`, one of the names in native/src/fault.h. */
export interface Addon {
  /** Empty: the service manager has it. `full`: its queue has no room. Otherwise what failed. */
  notify(address: string, text: string): string;
  /** Where the TPM is, and how long one signature of a TLS handshake may take, milliseconds. */
  configure(signLimit: number, tcti: string): void;
  setAuth(handle: number, auth: Uint8Array): void;
  /** Throws where OpenSSL refuses. */
  installProvider(): void;
  /** TPM2_Sign commands that succeeded since the process began. */
  signCount(): number;
  /** What the last of them took, milliseconds. */
  lastSign(): number;
  createKey(limit: number, handle: number, auth: Uint8Array, owner: Uint8Array, restricted: boolean): Promise<AddonKey>;
  readKey(limit: number, handle: number): Promise<AddonKey>;
  sign(limit: number, handle: number, digest: Uint8Array): Promise<Uint8Array>;
  evict(limit: number, handle: number, owner: Uint8Array): Promise<void>;
  persistentHandles(limit: number): Promise<readonly number[]>;
  random(limit: number, size: number): Promise<Uint8Array>;
  readPcrs(limit: number, pcrs: readonly number[]): Promise<readonly Uint8Array[]>;
  extendPcr(limit: number, pcr: number, digest: Uint8Array): Promise<void>;
  seal(limit: number, secret: Uint8Array, pcrs: readonly number[], expected: Uint8Array, owner: Uint8Array): Promise<Uint8Array>;
  unseal(limit: number, blob: Uint8Array, pcrs: readonly number[], owner: Uint8Array): Promise<Uint8Array>;
  quote(limit: number, handle: number, pcrs: readonly number[], nonce: Uint8Array): Promise<AddonQuote>;
  defineCounter(limit: number, index: number, owner: Uint8Array): Promise<void>;
  readCounter(limit: number, index: number): Promise<bigint>;
  raiseCounter(limit: number, index: number): Promise<void>;
}

export interface AddonKey {
  /** Uncompressed point, 65 bytes. */
  readonly point: Uint8Array;
  /** TPMA_OBJECT. */
  readonly attributes: number;
  readonly name: Uint8Array;
}

export interface AddonQuote {
  /** TPMS_ATTEST. */
  readonly statement: Uint8Array;
  /** DER. */
  readonly signature: Uint8Array;
}

/** A checkout runs this file itself; a gateway runs a bundle of it. */
const IS_CHECKOUT = import.meta.url.endsWith('/native/addon.ts');
/** Beside the bundles on a gateway, and nowhere else: what is loaded here becomes the process. */
const PLACE = IS_CHECKOUT ? '../../../build/native/gridward.node' : './gridward.node';

/**
 * Loads the addon; the same one each time. In a checkout GRIDWARD_ADDON names another build of it, for tests. Needs `--allow-addons`
 * under Node's permission model.
 */
export const loadAddon = (env: Readonly<Record<string, string | undefined>> = process.env): Result<Addon, string> => {
  const named = IS_CHECKOUT ? env['GRIDWARD_ADDON'] : undefined;
  const path = named ?? fileURLToPath(new URL(PLACE, import.meta.url));
  try {
    return ok(createRequire(import.meta.url)(path) as Addon);
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    return fail(absent ? `there is no addon at ${path}` : String(error));
  }
};

import { fail, ok, type Result } from '#base/result.ts';
import { type Addon, type AddonKey, type AddonQuote, loadAddon } from '../native/addon.ts';
import { type TpmFault, tpmFaultOf } from './fault.ts';

/** Persistent handles and NV indices of this product, in the owner's part of the TCG's registry. */
export const TPM_HANDLES = {
  /** The two slots of the device's identity. */
  a: 0x8101_0001,
  b: 0x8101_0002,
  attestation: 0x8101_0010,
  /** Of NV: the number of the newest release that was ever confirmed. */
  counter: 0x0101_0010,
} as const;

/** Milliseconds. A hardware TPM signs in 50 to 400, makes a key in up to 15 000, and self-tests in between. */
export interface TpmLimits {
  /** One signature of a handshake: northd stands still meanwhile. */
  readonly sign: number;
  /** Everything but the making of keys. */
  readonly command: number;
  readonly create: number;
}

export const TPM_LIMITS: TpmLimits = { sign: 4_000, command: 10_000, create: 60_000 };

/** Owner hierarchy without an auth value, as the TPM leaves the factory. */
const NO_AUTH = new Uint8Array();

type Outcome<T> = Promise<Result<T, TpmFault>>;

/** The TPM of this machine. Nothing rejects; every call ends within its limit. */
export interface Tpm {
  /** Tells the auth value of a key or counter to this process; forgets it with the process. */
  know(handle: number, auth: Uint8Array): void;
  /** A P-256 signing key at a free persistent handle. Restricted: signs only what the TPM itself states. */
  createKey(handle: number, auth: Uint8Array, options?: { readonly restricted: boolean }): Outcome<AddonKey>;
  readKey(handle: number): Outcome<AddonKey>;
  /** DER of an ECDSA signature over a SHA-256 digest. */
  sign(handle: number, digest: Uint8Array): Outcome<Uint8Array>;
  /** Destroys a key for ever. */
  evict(handle: number): Outcome<void>;
  handles(): Outcome<readonly number[]>;
  random(size: number): Outcome<Uint8Array>;
  /** SHA-256 bank, in the order asked for. */
  readPcrs(pcrs: readonly number[]): Outcome<readonly Uint8Array[]>;
  extendPcr(pcr: number, digest: Uint8Array): Outcome<void>;
  /** At most 128 bytes; `expected`: pcrDigest of the values under which it may be unsealed. */
  seal(secret: Uint8Array, pcrs: readonly number[], expected: Uint8Array): Outcome<Uint8Array>;
  unseal(blob: Uint8Array, pcrs: readonly number[]): Outcome<Uint8Array>;
  quote(handle: number, pcrs: readonly number[], nonce: Uint8Array): Outcome<AddonQuote>;
  defineCounter(index: number): Outcome<void>;
  readCounter(index: number): Outcome<bigint>;
  raiseCounter(index: number): Outcome<void>;
  /** Lets `key:` of TLS be a tpmKeyPem. The fault is for a person. */
  serveTls(): Result<void, string>;
  /** TPM2_Sign commands that succeeded since this process began. */
  signCount(): number;
  /** What the last of them took, milliseconds; 0: there was none. */
  lastSignMs(): number;
}

/**
 * The TPM at `tcti` (`device:/dev/tpmrm0`, `swtpm:host=127.0.0.1,port=2321`). Opens nothing yet: the first command does, and
 * each after a fault opens anew. One TPM a process.
 */
export const openTpm = (tcti: string, limits: TpmLimits = TPM_LIMITS): Result<Tpm, TpmFault> => {
  const addon = loadAddon();
  if (!addon.ok) return fail({ kind: 'no-addon', text: addon.fault });
  addon.value.configure(limits.sign, tcti);
  return ok(tpmOf(addon.value, limits));
};

const settled = async <T>(work: Promise<T>): Outcome<T> => {
  try {
    return ok(await work);
  } catch (error) {
    return fail(tpmFaultOf(error));
  }
};

const tpmOf = (addon: Addon, { command, create, sign }: TpmLimits): Tpm => ({
  know: (handle, auth) => addon.setAuth(handle, auth),
  createKey: async (handle, auth, options) =>
    await settled(addon.createKey(create, handle, auth, NO_AUTH, options?.restricted ?? false)),
  readKey: async (handle) => await settled(addon.readKey(command, handle)),
  sign: async (handle, digest) => await settled(addon.sign(sign, handle, digest)),
  evict: async (handle) => await settled(addon.evict(command, handle, NO_AUTH)),
  handles: async () => await settled(addon.persistentHandles(command)),
  random: async (size) => await settled(addon.random(command, size)),
  readPcrs: async (pcrs) => await settled(addon.readPcrs(command, pcrs)),
  extendPcr: async (pcr, digest) => await settled(addon.extendPcr(command, pcr, digest)),
  seal: async (secret, pcrs, expected) => await settled(addon.seal(create, secret, pcrs, expected, NO_AUTH)),
  unseal: async (blob, pcrs) => await settled(addon.unseal(create, blob, pcrs, NO_AUTH)),
  quote: async (handle, pcrs, nonce) => await settled(addon.quote(command, handle, pcrs, nonce)),
  defineCounter: async (index) => await settled(addon.defineCounter(command, index, NO_AUTH)),
  readCounter: async (index) => await settled(addon.readCounter(command, index)),
  raiseCounter: async (index) => await settled(addon.raiseCounter(command, index)),
  serveTls: () => {
    try {
      addon.installProvider();
      return ok(undefined);
    } catch (error) {
      return fail(error instanceof Error ? error.message : String(error));
    }
  },
  signCount: () => addon.signCount(),
  lastSignMs: () => addon.lastSign(),
});

/** What TLS takes as `key:`; names the key and holds nothing secret. Hand it to TLS alone: no KeyObject can be made of it safely. */
export const tpmKeyPem = (handle: number): string =>
  `-----BEGIN GRIDWARD TPM KEY-----\n${handle.toString(16).padStart(8, '0')}\n-----END GRIDWARD TPM KEY-----\n`;

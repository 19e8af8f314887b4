import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Result } from '#base/result.ts';
import { publicKeyInfo } from '#platform/tpm/csr.ts';
import { pcrDigest } from '#platform/tpm/measure.ts';
import { openTpm, type Tpm, TPM_HANDLES } from '#platform/tpm/tpm.ts';
import { COMMAND, onlySimulated, startTpm, type TpmMachine } from './machine.ts';

let machine: TpmMachine;
let tpm: Tpm;
const AUTH = randomBytes(32);
const DATA = Buffer.from('what is signed');
const digest = createHash('sha256').update(DATA).digest();

const value = <T>(result: Result<T, { readonly text: string }>): T => {
  if (!result.ok) throw new Error(result.fault.text);
  return result.value;
};
const kind = (result: Result<unknown, { readonly kind: string }>): string => (result.ok ? 'done' : result.fault.kind);

beforeAll(async () => {
  machine = await startTpm();
  tpm = value(openTpm(machine.tcti, { sign: 1000, command: 3000, create: 20_000 }));
  tpm.know(TPM_HANDLES.a, AUTH);
  value(await tpm.createKey(TPM_HANDLES.a, AUTH));
});
afterAll(async () => await machine.end());

const signs = async (): Promise<boolean> => {
  const { point } = value(await tpm.readKey(TPM_HANDLES.a));
  const key = createPublicKey({ key: Buffer.from(publicKeyInfo(point)), format: 'der', type: 'spki' });
  return verify('sha256', DATA, key, value(await tpm.sign(TPM_HANDLES.a, digest)));
};

test('the key is made in the TPM, stays there, and signs what openssl verifies', async () => {
  const key = value(await tpm.readKey(TPM_HANDLES.a));
  // fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, sign
  expect(key.attributes).toBe(0x40472);
  expect(await signs()).toBe(true);
  expect(await machine.tool('tpm2_getcap', 'handles-persistent')).toContain('0x81010001');
});

test('a handle that is taken is not written over', async () => {
  expect(kind(await tpm.createKey(TPM_HANDLES.a, AUTH))).toBe('occupied');
  expect(await signs()).toBe(true);
});

test('it cannot be duplicated, neither with its auth value nor by a policy for duplication', async () => {
  const files = ['-C', 'null', '-c', '0x81010001', '-G', 'null', '-r', 'dup.priv', '-s', 'dup.seed'];
  await expect(machine.tool('tpm2_duplicate', ...files, '-p', `hex:${AUTH.toString('hex')}`)).rejects.toThrow(
    'authorization handle is not correct for command',
  );
  await machine.tool('tpm2_startauthsession', '-S', 'session.ctx', '--policy-session');
  await machine.tool('tpm2_policycommandcode', '-S', 'session.ctx', 'TPM2_CC_Duplicate');
  await expect(machine.tool('tpm2_duplicate', ...files, '-p', 'session:session.ctx')).rejects.toThrow('a policy check failed');
  await machine.tool('tpm2_flushcontext', 'session.ctx');
});

test('a wrong auth value is refused, however often, and never locks the key', async () => {
  tpm.know(TPM_HANDLES.a, randomBytes(32));
  for (let times = 0; times < 5; times += 1) expect(kind(await tpm.sign(TPM_HANDLES.a, digest))).toBe('auth');
  tpm.know(TPM_HANDLES.a, AUTH);
  expect(await signs()).toBe(true);
});

test('no key at a handle: no-key', async () => {
  expect(kind(await tpm.readKey(TPM_HANDLES.b))).toBe('no-key');
  expect(kind(await tpm.sign(TPM_HANDLES.b, digest))).toBe('no-key');
});

// Lock-out would stay behind in a TPM of somebody else.
onlySimulated(() => {
  test('after ten power cuts, and in lock-out, it signs', async () => {
    for (let times = 0; times < 10; times += 1) {
      expect(await signs()).toBe(true);
      await machine.cut();
      await machine.power();
    }
    await machine.tool('tpm2_dictionarylockout', '-s', '-n', '1', '-t', '100', '-l', '100');
    await machine.tool('tpm2_createprimary', '-C', 'o', '-G', 'ecc', '-p', 'secret', '-c', 'locked.ctx');
    const wrong = ['-c', 'locked.ctx', '-p', 'wrong', '-o', 'made.sig', '-g', 'sha256', 'no.file'];
    await expect(machine.tool('tpm2_sign', ...wrong)).rejects.toThrow();
    expect(await signs()).toBe(true);
  });

  test('in lock-out a key is made and a secret opened', async () => {
    // What the tools of the test before have left loaded: there is no resource manager.
    await machine.tool('tpm2_flushcontext', '-t');
    value(await tpm.createKey(TPM_HANDLES.b, AUTH));
    value(await tpm.evict(TPM_HANDLES.b));
    const pcrs = value(await tpm.readPcrs([7]));
    const sealed = value(await tpm.seal(DATA, [7], pcrDigest(pcrs)));
    expect(Buffer.from(value(await tpm.unseal(sealed, [7])))).toEqual(DATA);
  });
});

onlySimulated(() => {
  test('an owner auth that somebody else has set: no new key and no secret, said as such; the identity signs on', async () => {
    const values = value(await tpm.readPcrs([7]));
    const sealed = value(await tpm.seal(DATA, [7], pcrDigest(values)));
    await machine.tool('tpm2_changeauth', '-c', 'owner', 'somebody');
    expect(kind(await tpm.createKey(TPM_HANDLES.b, AUTH))).toBe('auth');
    expect(kind(await tpm.unseal(sealed, [7]))).toBe('auth');
    expect(kind(await tpm.evict(TPM_HANDLES.a))).toBe('auth');
    expect(await signs()).toBe(true);
    await machine.tool('tpm2_changeauth', '-c', 'owner', '-p', 'somebody');
    expect(Buffer.from(value(await tpm.unseal(sealed, [7])))).toEqual(DATA);
  });
});

test('each kind of silence has its name, and none lasts', async () => {
  await machine.cut();
  expect(kind(await tpm.sign(TPM_HANDLES.a, digest))).toBe('absent');
  await machine.power();
  expect(await signs()).toBe(true);
  for (const [answer, name] of [
    [0x922, 'busy'],
    [0x921, 'lockout'],
    [0x100, 'not-started'],
  ] as const) {
    await machine.disturb({ code: COMMAND.sign, answer });
    expect(kind(await tpm.sign(TPM_HANDLES.a, digest))).toBe(name);
    await machine.disturb(null);
    expect(await signs()).toBe(true);
  }
});

test('a connection that was found dead is opened again within the same call', async () => {
  expect(await signs()).toBe(true);
  await machine.disturb({ code: COMMAND.sign, cut: true, once: true });
  expect(await signs()).toBe(true);
  expect(value(await tpm.handles())).toEqual([TPM_HANDLES.a]);
});

test('a hung TPM: the first call fails in time, the next at once, and it works when the TPM does', async () => {
  process.kill(machine.pid(), 'SIGSTOP');
  expect(kind(await tpm.sign(TPM_HANDLES.a, digest))).toBe('hung');
  const again = await tpm.sign(TPM_HANDLES.a, digest);
  expect(again.ok ? '' : again.fault.text).toContain('still owes an answer');
  process.kill(machine.pid(), 'SIGCONT');
  const deadline = Date.now() + 10_000;
  while (kind(await tpm.sign(TPM_HANDLES.a, digest)) === 'hung' && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await signs()).toBe(true);
});

test('a key is destroyed for ever', async () => {
  value(await tpm.createKey(TPM_HANDLES.b, AUTH));
  expect(value(await tpm.handles())).toEqual([TPM_HANDLES.a, TPM_HANDLES.b]);
  value(await tpm.evict(TPM_HANDLES.b));
  expect(kind(await tpm.readKey(TPM_HANDLES.b))).toBe('no-key');
});

test('random bytes are many and differ', async () => {
  const [one, two] = [value(await tpm.random(64)), value(await tpm.random(64))];
  expect(one).toHaveLength(64);
  expect(Buffer.from(one).equals(two)).toBe(false);
});

import type { Clock, Entropy, Note } from '#base/ports.ts';
import { sleepFor } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { seconds } from '#base/units.ts';
import type { LinkPort } from '#link/port.ts';
import { directoryFiles } from '#platform/files/directory-files.ts';
import { measureRelease } from '#platform/tpm/measure.ts';
import { openTpm, type Tpm } from '#platform/tpm/tpm.ts';
import type { Directories } from '../config/directories.ts';
import type { GatewayProfile } from '../config/gateway-profile.ts';
import type { OwnIdentity } from '../config/utility.ts';
import { tpmText } from '../identity/create.ts';
import { openSecret } from '../identity/secrets-vault.ts';
import { measurementOf } from '../measured-release.ts';
import { chooseIdentity, type Wanted } from './identity.ts';
import type { Signing } from './key-watch.ts';
import { WaitingRoom } from './waiting-room.ts';

export interface OwnKeysOptions {
  /** Where the TPM is; nothing is opened before it is asked for something. */
  readonly tcti: string;
  readonly directories: Directories;
  readonly profile: GatewayProfile;
  readonly server: Omit<Wanted, 'trust'>;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly link: LinkPort;
  readonly release: string;
  readonly note: (note: Note) => void;
  /** Nothing can go north yet; called at each attempt. */
  readonly onWait: (text: string) => void;
}

export interface OwnKeys {
  readonly identity: OwnIdentity;
  /** Absent: this build cannot talk to a TPM. */
  readonly signing: Signing | undefined;
}

/** Between two attempts at a secret that the TPM does not open now. */
const AGAIN = seconds(10);

/** What northd has of the TPM: identity and secrets. Waiting for a TPM is a state of its own, told to controld, not a start that hangs. */
export const ownKeys = (options: OwnKeysOptions): OwnKeys => {
  const { directories, server, clock, note } = options;
  const tpm = openTpm(options.tcti);
  const state = directoryFiles(directories.state);
  const room = new WaitingRoom({ ...options, port: options.link, directory: directories.runtime });
  const onWait = (text: string): void => {
    options.onWait(text);
    room.tell(text);
  };
  const identity = async (trust: string): ReturnType<typeof chooseIdentity> => {
    if (!tpm.ok) return fail(`the TPM cannot be used: ${tpm.fault.text}`);
    const chosen = await chooseIdentity({ clock, note, state, tpm: tpm.value, onWait }, { ...server, trust });
    if (chosen.ok && !server.stop.aborted) await measured(tpm.value, note);
    room.leave();
    return chosen;
  };
  const secret = async (name: string): Promise<Result<string | null, string>> => {
    if (!tpm.ok) return ok(null);
    for (;;) {
      const measurement = await measurementOf();
      if (!measurement.ok) return measurement;
      const opened = await openSecret({ state, tpm: tpm.value, measurement: measurement.value }, name);
      const isLater = !opened.ok && opened.fault.startsWith('TPM ') && !server.stop.aborted;
      if (!isLater) {
        room.leave();
        return opened.ok ? ok(opened.value === null ? null : new TextDecoder().decode(opened.value)) : opened;
      }
      onWait(`the secret ${name} cannot be opened: ${opened.fault}`);
      await sleepFor(clock, AGAIN, server.stop);
    }
  };
  return {
    identity: { tpm: identity, secret, production: options.profile === 'production' },
    signing: tpm.ok ? { count: () => tpm.value.signCount(), lastMs: () => tpm.value.lastSignMs() } : undefined,
  };
};

/** Measures the running release into its PCR, once a boot. What fails here closes secrets and attestation, never the identity. */
const measured = async (tpm: Tpm, note: (note: Note) => void): Promise<void> => {
  const measurement = await measurementOf();
  const done = measurement.ok ? await measureRelease(tpm, measurement.value) : measurement;
  if (done.ok) return;
  const text = typeof done.fault === 'string' ? done.fault : tpmText(done.fault);
  note({ event: 'release-unmeasured', level: 'warn', text });
};

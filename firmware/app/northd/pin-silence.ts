import { createHash } from 'node:crypto';
import type { Clock, Files, Note } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { after, monoMs, seconds } from '#base/units.ts';
import { StateFile } from '#log/state-file.ts';
import type { PinStop } from '#utility/walk/machine.ts';
import { PIN_RECHECK, type WalkSettings } from '#utility/walk/settings.ts';
import { RECHECK_FILE } from '../config/recheck.ts';
import type { Patience } from './patience.ts';

/** Base name of the state file that northd alone writes (design D17). */
const STATE_NAME = 'north-pin';
const STATE_FORMAT = 1;

/** What is kept of a registration whose PIN is not ours. */
interface Kept {
  /** Digest of the registration that was meant: another PIN, certificate or server is another one. */
  readonly of: string;
  readonly url: string;
  readonly bootId: string;
  readonly mono: number;
  /** Seconds of the device's own clock, which may be wrong. */
  readonly wall: number;
}

const decode = (value: unknown): Result<Kept | null, string> => {
  if (value === null) return ok(null);
  if (typeof value !== 'object') return fail('no registration');
  const { of, url, bootId, mono, wall } = value as Partial<Record<keyof Kept, unknown>>;
  if (typeof of !== 'string' || typeof url !== 'string' || typeof bootId !== 'string') return fail('no registration');
  if (typeof mono !== 'number' || typeof wall !== 'number') return fail('no time');
  return ok({ of, url, bootId, mono, wall });
};

interface PinSilenceOptions {
  /** The state directory. */
  readonly files: Files;
  readonly clock: Clock;
  readonly bootId: string;
  readonly walk: Pick<WalkSettings, 'dcap' | 'lfdi' | 'pin'>;
  readonly note: (note: Note) => void;
}

/** Keeps on disk that a server is not to be spoken to, so that a restart does not ask it again; and sees when a person wants it asked. */
export class PinSilence {
  readonly #options: PinSilenceOptions;
  readonly #file: StateFile<Kept | null>;
  readonly #of: string;
  #kept: string | null = null;

  constructor(options: PinSilenceOptions) {
    const { dcap, lfdi, pin } = options.walk;
    this.#options = options;
    this.#file = new StateFile({ files: options.files, name: STATE_NAME, format: STATE_FORMAT, decode });
    this.#of = createHash('sha256')
      .update(`${dcap}\n${lfdi}\n${String(pin)}`)
      .digest('hex');
  }

  /** Null: the server may be spoken to. The day goes on over a restart; over a reboot as far as the device's clock can be believed. */
  async load(): Promise<PinStop | null> {
    const { clock, bootId } = this.#options;
    const { value } = await this.#file.load();
    if (value === null || value.of !== this.#of) return null;
    this.#kept = `${value.url} ${value.mono}`;
    if (value.bootId === bootId) return { url: value.url, at: monoMs(value.mono) };
    const passed = clock.wall() - value.wall;
    const rest = passed >= 0 ? Math.max(0, PIN_RECHECK - passed) : PIN_RECHECK;
    return { url: value.url, at: after(clock.now(), seconds(rest)) };
  }

  /** What the walk says now; written where it is news. */
  async keep(stop: PinStop | null): Promise<void> {
    const key = stop === null ? null : `${stop.url} ${stop.at}`;
    if (key === this.#kept) return;
    this.#kept = key;
    const { clock, bootId, note } = this.#options;
    const kept = stop === null ? null : { of: this.#of, url: stop.url, bootId, mono: stop.at, wall: clock.wall() };
    const saved = await this.#file.save(kept);
    if (!saved.ok)
      note({ event: 'pin-stop-unsaved', level: 'error', text: `a restart will ask the server again: ${saved.fault.kind}` });
  }

  /** A person asked for a look (`gridward csip recheck`); true once for each time. */
  async isWanted(): Promise<boolean> {
    const { files } = this.#options;
    const found = await files.read(RECHECK_FILE, 64);
    if (!found.ok) return false;
    await files.remove(RECHECK_FILE);
    return true;
  }
}

/** Waits out the silence that an earlier life left; gives the stop to begin with. Discovery comes after it: that asks the server, too. */
export const waitOutSilence = async (silence: PinSilence, clock: Clock, patience: Patience): Promise<PinStop | null> => {
  const stop = await silence.load();
  while (stop !== null && !patience.isStopping && clock.now() < stop.at && !(await silence.isWanted()))
    await patience.until(monoMs(Math.min(stop.at, after(clock.now(), LOOK_FOR_WISH))));
  return stop === null ? null : { url: stop.url, at: clock.now() };
};

/** Between two looks whether a person wants the server asked. */
const LOOK_FOR_WISH = seconds(5);

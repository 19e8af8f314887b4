import * as v from 'valibot';
import type { Entropy, Files, Note } from '#base/ports.ts';
import { fail, ok, type Result } from '#base/result.ts';
import { type ClockState, unknownClock } from '#control/clock/clock.ts';
import { decodeClock, encodeClock } from '#control/clock/store.ts';
import type { StoredLockout } from '#control/local/lockout.ts';
import { emptyPlan, type Plan } from '#control/plan/plan.ts';
import { decodePlan, encodePlan } from '#control/plan/store.ts';
import { REFUSALS } from '#control/program.ts';
import type { Transition } from '#control/record.ts';
import { StateFile } from '#log/state-file.ts';
import type { DeviceId, DeviceRecord } from '#site/device.ts';
import { deviceRecordSchema } from './device-record.ts';

const NEVER_LOCKED: StoredLockout = { excursions: [], locked: null, lockouts: [] };
const PLAN_FILE_FORMAT = 1;
/** A plan that cannot be saved is tried each second: five minutes. */
const PLAN_PATIENCE = 300;
const DEVICES_FORMAT = 1;
const SEED_BYTES = 16;
/** Far more excursions or lock-outs than the rules let happen in their spans. */
const AGES_MAX = 4096;

/**
 * What controld remembers over a restart. `outbox`: transitions that the plan already contains and that may not have reached the
 * log when the process died; `logHead`: the newest record when they were made. Saved as one, so that a kill between plan and log
 * neither loses nor doubles a Response.
 */
export interface Memory {
  readonly seed: string;
  readonly plan: Plan;
  readonly clock: ClockState;
  /** Digest of the newest ProgramSet folded, per server. */
  readonly planId: string | null;
  /** The export limitation scheme, as ages (control/local/lockout.ts). */
  readonly lockout: StoredLockout;
  readonly outbox: readonly Transition[];
  readonly logHead: number;
}

const transition = v.object({
  kind: v.literal('transition'),
  server: v.string(),
  mRID: v.string(),
  status: v.picklist(['received', 'started', 'completed', 'cancelled', 'superseded', ...REFUSALS]),
  at: v.number(),
  replyTo: v.nullable(v.string()),
  responseRequired: v.number(),
  modes: v.array(v.string()),
  taker: v.exactOptional(v.picklist(['same-program', 'other-program', 'other-server'])),
});

const ages = v.pipe(v.array(v.pipe(v.number(), v.finite(), v.minValue(0))), v.maxLength(AGES_MAX));
const side = { excursions: ages, locked: v.nullable(v.pipe(v.number(), v.finite(), v.minValue(0))), lockouts: ages };
const lockout = v.object({ ...side, importing: v.exactOptional(v.object(side)) });

const memory = v.object({
  seed: v.pipe(v.string(), v.minLength(8)),
  plan: v.unknown(),
  clock: v.unknown(),
  planId: v.nullable(v.string()),
  lockout: v.optional(lockout, { excursions: [], locked: null, lockouts: [] }),
  outbox: v.pipe(v.array(transition), v.maxLength(20_000)),
  logHead: v.number(),
});

const decodeMemory = (value: unknown): Result<Memory, string> => {
  const parsed = v.safeParse(memory, value);
  if (!parsed.success) return fail(`not a plan file: ${parsed.issues[0].message}`);
  const plan = decodePlan(parsed.output.plan);
  if (!plan.ok) return fail(`plan: ${JSON.stringify(plan.fault)}`);
  const clock = decodeClock(parsed.output.clock);
  const outbox = parsed.output.outbox as unknown as readonly Transition[];
  return ok({ ...parsed.output, plan: plan.value, clock: clock.ok ? clock.value : unknownClock(), outbox });
};

/** Loads and saves the plan file; a missing or damaged one gives a fresh memory with a new seed and a note (never a failed start). */
export class MemoryStore {
  readonly #file: StateFile<unknown>;

  constructor(files: Files) {
    // A copy that is whole but does not make sense is as good as damaged: the other one is taken.
    const decode = (value: unknown): Result<unknown, string> => {
      const decoded = decodeMemory(value);
      return decoded.ok ? ok(value) : decoded;
    };
    this.#file = new StateFile<unknown>({ files, name: 'plan', format: PLAN_FILE_FORMAT, decode, patience: PLAN_PATIENCE });
  }

  /** A plan is there that could not be read at the start, and cannot be yet: nothing is saved over it. */
  get isUnread(): boolean {
    return this.#file.isUnread;
  }

  /** It can be read by now: only a new start knows what it says. */
  get isBehind(): boolean {
    return this.#file.isBehind;
  }

  async load(entropy: Entropy, note: (note: Note) => void): Promise<Memory> {
    const loaded = await this.#file.load();
    for (const text of loaded.problems) note({ event: 'plan-copy-damaged', level: 'error', text });
    const known = loaded.value === null ? null : decodeMemory(loaded.value);
    if (known?.ok === true) return known.value;
    const seed = Buffer.from(entropy.bytes(SEED_BYTES)).toString('hex');
    return { seed, plan: emptyPlan(), clock: unknownClock(), planId: null, lockout: NEVER_LOCKED, outbox: [], logHead: 0 };
  }

  /** True when it is durable. */
  async save(value: Memory): Promise<boolean> {
    const saved = await this.#file.save({ ...value, plan: encodePlan(value.plan), clock: encodeClock(value.clock) });
    return saved.ok;
  }
}

/** The devices met so far, by the site's own name of each (design D17 `devices`). */
export class DeviceStore {
  readonly #file: StateFile<readonly DeviceRecord[]>;
  readonly #note: (note: Note) => void;
  #records: ReadonlyMap<DeviceId, DeviceRecord> = new Map();

  constructor(files: Files, note: (note: Note) => void) {
    this.#note = note;
    this.#file = new StateFile({
      files,
      name: 'devices',
      format: DEVICES_FORMAT,
      decode: (value) => {
        const parsed = v.safeParse(v.pipe(v.array(deviceRecordSchema), v.maxLength(64)), value);
        return parsed.success ? ok(parsed.output as unknown as readonly DeviceRecord[]) : fail(parsed.issues[0].message);
      },
    });
  }

  async load(): Promise<void> {
    const loaded = await this.#file.load();
    for (const text of loaded.problems) this.#note({ event: 'devices-copy-damaged', level: 'warn', text });
    this.#records = new Map((loaded.value ?? []).map((record) => [record.device, record]));
  }

  of(device: DeviceId): DeviceRecord | null {
    return this.#records.get(device) ?? null;
  }

  /** Kept at once in memory, on flash soon after. */
  async keep(record: DeviceRecord): Promise<void> {
    if (JSON.stringify(this.#records.get(record.device)) === JSON.stringify(record)) return;
    this.#records = new Map(this.#records).set(record.device, record);
    const saved = await this.#file.save([...this.#records.values()]);
    if (!saved.ok) this.#note({ event: 'devices-not-saved', level: 'warn', text: saved.fault.kind });
  }
}

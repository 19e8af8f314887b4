import * as v from 'valibot';
import type { Files, Note } from '#base/ports.ts';
import { fail, ok } from '#base/result.ts';
import { StateFile } from '#log/state-file.ts';
import type { DeviceId, FoundCurve } from '#site/device.ts';

const FORMAT = 1;
/** Devices times models of each. */
const CURVES_MAX = 256;
const WORDS_MAX = 512;

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff));
const words = v.pipe(v.array(count), v.maxLength(WORDS_MAX));
const schema = v.pipe(
  v.array(
    v.object({
      device: v.string(),
      serialNumber: v.string(),
      model: count,
      slot: count,
      head: words,
      active: words,
      stored: words,
    }),
  ),
  v.maxLength(CURVES_MAX),
);

const isOf = (device: DeviceId, model: number) => (one: FoundCurve) => one.device === device && one.model === model;

/** The curves that were found in devices before we wrote to them, until they are given back (state file `curves`). */
export class CurveStore {
  readonly #file: StateFile<readonly FoundCurve[]>;
  readonly #note: (note: Note) => void;
  #found: readonly FoundCurve[] = [];

  constructor(files: Files, note: (note: Note) => void) {
    this.#note = note;
    this.#file = new StateFile({
      files,
      name: 'curves',
      format: FORMAT,
      decode: (value) => {
        const parsed = v.safeParse(schema, value);
        return parsed.success ? ok(parsed.output as unknown as readonly FoundCurve[]) : fail(parsed.issues[0].message);
      },
    });
  }

  async load(): Promise<void> {
    const loaded = await this.#file.load();
    for (const text of loaded.problems) this.#note({ event: 'curves-copy-damaged', level: 'error', text });
    this.#found = loaded.value ?? [];
  }

  /** One a model. */
  of(device: DeviceId): readonly FoundCurve[] {
    return this.#found.filter((one) => one.device === device);
  }

  /** Keeps what was found in a model of a device, or forgets it; true when that is durable. One too many or too long is not kept. */
  async keep(device: DeviceId, model: number, found: FoundCurve | null): Promise<boolean> {
    const others = this.#found.filter((one) => !isOf(device, model)(one));
    const next = found === null ? others : [...others, found];
    const tooMuch = next.length > CURVES_MAX || [found?.active, found?.stored].some((list) => (list?.length ?? 0) > WORDS_MAX);
    if (tooMuch) return false;
    this.#found = next;
    const saved = await this.#file.save([...next]);
    if (!saved.ok) this.#note({ event: 'curves-not-saved', level: 'error', text: saved.fault.kind });
    return saved.ok;
  }
}

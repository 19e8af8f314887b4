import * as v from 'valibot';
import type { Files, Note } from '#base/ports.ts';
import { fail, ok } from '#base/result.ts';
import { StateFile } from '#log/state-file.ts';
import type { DeviceId, FoundReactive } from '#site/device.ts';

const FORMAT = 1;
const DEVICES_MAX = 64;
const WORDS_MAX = 64;

const schema = v.pipe(
  v.array(
    v.object({
      device: v.string(),
      serialNumber: v.string(),
      words: v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff))), v.maxLength(WORDS_MAX)),
    }),
  ),
  v.maxLength(DEVICES_MAX),
);

/** The grid-code settings that were found in devices before we wrote to them, until they are given back (state file `found`). */
export class FoundStore {
  readonly #file: StateFile<readonly FoundReactive[]>;
  readonly #note: (note: Note) => void;
  #found: ReadonlyMap<DeviceId, FoundReactive> = new Map();

  constructor(files: Files, note: (note: Note) => void) {
    this.#note = note;
    this.#file = new StateFile({
      files,
      name: 'found',
      format: FORMAT,
      decode: (value) => {
        const parsed = v.safeParse(schema, value);
        return parsed.success ? ok(parsed.output as unknown as readonly FoundReactive[]) : fail(parsed.issues[0].message);
      },
    });
  }

  async load(): Promise<void> {
    const loaded = await this.#file.load();
    for (const text of loaded.problems) this.#note({ event: 'found-copy-damaged', level: 'error', text });
    this.#found = new Map((loaded.value ?? []).map((one) => [one.device, one]));
  }

  of(device: DeviceId): FoundReactive | null {
    return this.#found.get(device) ?? null;
  }

  /** Keeps what was found in a device, or forgets it; true when that is durable. */
  async keep(device: DeviceId, found: FoundReactive | null): Promise<boolean> {
    const next = new Map(this.#found);
    if (found === null) next.delete(device);
    else next.set(device, found);
    this.#found = next;
    const saved = await this.#file.save([...next.values()]);
    if (!saved.ok) this.#note({ event: 'found-not-saved', level: 'error', text: saved.fault.kind });
    return saved.ok;
  }
}

import * as v from 'valibot';
import type { Files, Note } from '#base/ports.ts';
import { fail, ok } from '#base/result.ts';
import { StateFile } from '#log/state-file.ts';
import type { CheckReport } from '#commission/meter-check.ts';

const FORMAT = 1;

const schema = v.nullable(v.object({ serialNumber: v.string(), sign: v.picklist([1, -1]), right: v.boolean() }));

interface Checked {
  readonly serialNumber: string;
  /** As configured when it was checked. */
  readonly sign: 1 | -1;
  readonly right: boolean;
}

/** What a check says of the configured sign; null: nothing. */
const judgementOf = ({ text, inverters, site }: CheckReport, sign: 1 | -1): boolean | null => {
  const wrong = inverters.some(
    ({ relation, turned, exchanged }) =>
      relation === 'reversed' || relation === 'unseen' || turned.length > 0 || exchanged.length > 0,
  );
  if (wrong) return false;
  return text === '' && site?.sign === sign ? true : null;
};

/** Whether sign and phases of the meter were checked, of which meter and with which sign (state file `meter-check`). */
export class CheckedStore {
  readonly #file: StateFile<Checked | null>;
  readonly #note: (note: Note) => void;
  #checked: Checked | null = null;

  constructor(files: Files, note: (note: Note) => void) {
    this.#note = note;
    this.#file = new StateFile({
      files,
      name: 'meter-check',
      format: FORMAT,
      decode: (value) => {
        const parsed = v.safeParse(schema, value);
        return parsed.success ? ok(parsed.output) : fail(parsed.issues[0].message);
      },
    });
  }

  async load(): Promise<void> {
    const loaded = await this.#file.load();
    for (const text of loaded.problems) this.#note({ event: 'meter-check-copy-damaged', level: 'warn', text });
    this.#checked = loaded.value;
  }

  /** For people; a meter that was replaced, or another sign in the configuration, is to be checked again. */
  textOf(serialNumber: string | null, sign: 1 | -1): string {
    const checked = this.#checked;
    if (checked === null || checked.serialNumber !== serialNumber || checked.sign !== sign)
      return 'sign and phases not checked: gridward meter-check';
    return checked.right ? 'sign and phases checked' : 'sign or wiring wrong, the last check says: gridward meter-check';
  }

  /** Keeps what a check found; one that could tell nothing leaves what was known. */
  async keep(report: CheckReport, serialNumber: string, sign: 1 | -1): Promise<void> {
    const right = judgementOf(report, sign);
    if (right === null) return;
    this.#checked = { serialNumber, sign, right };
    const saved = await this.#file.save(this.#checked);
    if (!saved.ok) this.#note({ event: 'meter-check-not-saved', level: 'warn', text: saved.fault.kind });
  }
}

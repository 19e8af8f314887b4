import { CURVE_FUNCTIONS, type CurveFunction, type CurveSetting } from '#site/curve.ts';
import type { DeviceRecord, FoundCurve } from '#site/device.ts';
import { CURVE_MODELS, curvePlaces } from '../sunspec/curve-tables.ts';
import type { CurveBase } from './curve-encode.ts';
import { CurveWriter, type CurveWriterOptions } from './curve-writer.ts';

export interface InverterCurvesOptions extends Omit<CurveWriterOptions, 'found'> {
  readonly found: readonly FoundCurve[];
  readonly sign: CurveBase['sign'];
}

/** What an inverter with this map can be told to follow. */
export const followable = ({ models }: Pick<DeviceRecord, 'models'>): readonly CurveFunction[] =>
  curvePlaces(models).flatMap(({ functions }) => functions);

/** The curve models of one inverter: each function goes to the model that has it. */
export class InverterCurves {
  readonly #options: InverterCurvesOptions;
  readonly #writers: ReadonlyMap<number, CurveWriter>;
  readonly #wanted = new Map<CurveFunction, CurveSetting>();
  #writerOf: ReadonlyMap<CurveFunction, CurveWriter> = new Map();

  constructor(options: InverterCurvesOptions) {
    this.#options = options;
    const foundIn = (id: number): FoundCurve | null => options.found.find(({ model }) => model === id) ?? null;
    this.#writers = new Map(CURVE_MODELS.map(({ id }) => [id, new CurveWriter({ ...options, found: foundIn(id) })]));
  }

  /** The device is verified, with this map. */
  open(record: DeviceRecord, maxPower: number): void {
    const places = curvePlaces(record.models);
    const writers = new Map<CurveFunction, CurveWriter>();
    for (const { table, functions } of places) {
      const writer = this.#writers.get(table.id);
      if (writer !== undefined) for (const one of functions) writers.set(one, writer);
    }
    this.#writerOf = writers;
    for (const [follows, writer] of writers) writer.want(follows, this.#wanted.get(follows) ?? null);
    for (const one of places)
      this.#writers.get(one.table.id)?.open(one, record.serialNumber, { maxPower, sign: this.#options.sign });
  }

  /** Contact is lost: nothing is sent any more. */
  close(): void {
    for (const writer of this.#writers.values()) writer.close();
  }

  /** Null: as it was found. */
  want(follows: CurveFunction, curve: CurveSetting | null): void {
    if (curve === null) this.#wanted.delete(follows);
    else this.#wanted.set(follows, curve);
    this.#writerOf.get(follows)?.want(follows, curve);
  }

  /** The functions that the inverter provably follows as it was asked to. */
  followed(): readonly CurveFunction[] {
    return CURVE_FUNCTIONS.filter((one) => this.#wanted.has(one) && this.#writerOf.get(one)?.settled() === true);
  }
}

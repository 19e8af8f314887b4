import { assert } from '#base/assert.ts';
import { curveTables } from './curve-models.ts';
import derTables from './models-der.json' with { type: 'json' };
import legacyTables from './models.json' with { type: 'json' };
import storageTables from './models-storage.json' with { type: 'json' };

const tables: Readonly<Record<string, readonly (readonly string[])[]>> = {
  ...legacyTables,
  ...derTables,
  ...curveTables,
  ...storageTables,
};

/** Where the SunSpec map starts, wire address. */
export const BASE = 40000;
const MARKER = [0x5375, 0x6e53];
const END_MODEL = [0xffff, 0];
/** Registers by point type; strings carry their length in the name. */
const SIZES: Readonly<Record<string, number>> = {
  uint16: 1,
  int16: 1,
  sunssf: 1,
  pad: 1,
  uint32: 2,
  int32: 2,
  float32: 2,
  acc32: 2,
  acc64: 4,
  uint64: 4,
};
/** What a point that the device does not have reads as, per register. */
const ABSENT: Readonly<Record<string, readonly number[]>> = {
  uint16: [0xffff],
  int16: [0x8000],
  sunssf: [0x8000],
  pad: [0x8000],
  uint32: [0xffff, 0xffff],
  acc32: [0, 0],
  acc64: [0, 0, 0, 0],
  int32: [0x8000, 0],
  float32: [0x7fc0, 0],
  uint64: [0xffff, 0xffff, 0xffff, 0xffff],
};
const ACC32_WRAP = 2 ** 32;
/** 10^-10 to 10^10: what scale factors may be. */
const POWERS = Array.from({ length: 21 }, (_, index) => Number(`1e${index - 10}`));

interface Place {
  readonly address: number;
  readonly size: number;
  readonly type: string;
  /** Name of the scale factor, empty for none. */
  readonly scale: string;
  readonly writable: boolean;
}

const sizeOf = (type: string): number => {
  const size = type.startsWith('string') ? Number(type.slice('string'.length)) : SIZES[type];
  assert(size !== undefined && size > 0, `register type ${type} has a size`);
  return size;
};

const rowsOf = (model: number): readonly (readonly string[])[] => {
  const rows = tables[String(model)];
  assert(rows !== undefined, `model ${model} has a table`);
  return rows;
};

/**
 * A SunSpec register map: marker, models in order, end model. Points are put by name in engineering units and
 * scaled by the model's own scale factors (SunSpec Device Information Model; tables in models.json).
 */
export class RegisterImage {
  readonly #words: Uint16Array;
  readonly #places = new Map<number, Map<string, Place>>();
  readonly #models = new Map<number, number>();
  readonly #writable = new Set<number>();

  readonly #base: number;

  /** `ends`: with the end model, with a zero, or with nothing (exception 2). */
  constructor(models: readonly number[], base = BASE, ends: 'model' | 'zero' | 'nothing' = 'model') {
    this.#base = base;
    let address = base + MARKER.length;
    for (const model of models) address = this.#place(model, address);
    this.#words = new Uint16Array(address + (ends === 'nothing' ? 0 : END_MODEL.length) - base);
    this.#words.set(MARKER, 0);
    if (ends === 'model') this.#words.set(END_MODEL, address - base);
    for (const [model, start] of this.#models) {
      this.#words[start - base] = model;
      this.#words[start - base + 1] = this.#lengthOf(model);
    }
    for (const places of this.#places.values()) {
      for (const place of places.values()) this.#words.set(ABSENT[place.type] ?? [], place.address - base);
    }
  }

  /** First register (its id) of a model. */
  addressOf(model: number): number {
    const address = this.#models.get(model);
    assert(address !== undefined, `model ${model} is in the map`);
    return address;
  }

  /** Puts a value in engineering units; null: not implemented. */
  put(model: number, point: string, value: number | null): void {
    const place = this.#placeOf(model, point);
    const index = place.address - this.#base;
    if (value === null) {
      this.#words.set(ABSENT[place.type] ?? [], index);
      return;
    }
    const exponent = this.#exponentOf(model, place);
    const raw = Math.round(exponent === 0 ? value : value * (POWERS[10 - exponent] ?? 1));
    if (place.size === 1) {
      // the sentinel is no value
      const least = place.type === 'uint16' ? 0 : -0x7fff;
      const most = place.type === 'uint16' ? 0xfffe : 0x7fff;
      this.#words[index] = raw < least ? least : raw > most ? most : raw;
      return;
    }
    if (place.type === 'float32') {
      const view = new DataView(new ArrayBuffer(4));
      view.setFloat32(0, value);
      this.#words.set([view.getUint16(0), view.getUint16(2)], index);
      return;
    }
    let rest = place.type === 'acc32' ? raw % ACC32_WRAP : raw;
    for (let word = place.size - 1; word >= 0; word -= 1) {
      this.#words[index + word] = rest % 0x10000;
      rest = Math.floor(rest / 0x10000);
    }
  }

  putText(model: number, point: string, text: string): void {
    const place = this.#placeOf(model, point);
    for (let i = 0; i < place.size; i += 1) {
      const high = text.charCodeAt(2 * i);
      const low = text.charCodeAt(2 * i + 1);
      this.#words[place.address - this.#base + i] = (Number.isNaN(high) ? 0 : high << 8) | (Number.isNaN(low) ? 0 : low);
    }
  }

  /** Value of an integer point in engineering units. */
  get(model: number, point: string): number {
    const place = this.#placeOf(model, point);
    const index = place.address - this.#base;
    const raw = this.#words.subarray(index, index + place.size).reduce((high, word) => high * 0x10000 + word, 0);
    const isShort = place.type === 'int16' || place.type === 'sunssf';
    const isLong = place.type === 'int32';
    const signed = isShort && raw > 0x7fff ? raw - 0x10000 : isLong && raw > 0x7fffffff ? raw - ACC32_WRAP : raw;
    const exponent = this.#exponentOf(model, place);
    return signed * (POWERS[10 + exponent] ?? 1);
  }

  /** Registers of a read; null: some lie outside the map. */
  read(address: number, count: number): Uint16Array | null {
    const start = address - this.#base;
    if (start < 0 || start + count > this.#words.length) return null;
    return this.#words.subarray(start, start + count);
  }

  /** Writes registers as they come from the line; false, and nothing is written, when one of them is not writable. */
  write(address: number, words: readonly number[]): boolean {
    if (!words.every((_, index) => this.#writable.has(address + index))) return false;
    this.#words.set(words, address - this.#base);
    return true;
  }

  /** Names of a model's points that lie, if only in part, in these registers. */
  pointsAt(model: number, address: number, count: number): readonly string[] {
    const places = [...(this.#places.get(model) ?? [])];
    return places.filter(([, at]) => at.address < address + count && at.address + at.size > address).map(([name]) => name);
  }

  /** Names of all points of a model. */
  pointsOf(model: number): readonly string[] {
    return [...(this.#places.get(model)?.keys() ?? [])];
  }

  /** Registers of one point as they are to another of the same type. */
  copy(model: number, from: string, to: string): void {
    const { address, size } = this.#placeOf(model, from);
    const start = address - this.#base;
    this.#words.set(this.#words.slice(start, start + size), this.#placeOf(model, to).address - this.#base);
  }

  #place(model: number, start: number): number {
    this.#models.set(model, start);
    const places = new Map<string, Place>();
    this.#places.set(model, places);
    let address = start + 2;
    for (const row of rowsOf(model)) {
      const [name = '', type = '', scale = '', access = ''] = row;
      const size = sizeOf(type);
      places.set(name, { address, size, type, scale, writable: access === 'RW' });
      if (access === 'RW') for (let i = 0; i < size; i += 1) this.#writable.add(address + i);
      address += size;
    }
    return address;
  }

  #lengthOf(model: number): number {
    return rowsOf(model).reduce((sum, row) => sum + sizeOf(row[1] ?? ''), 0);
  }

  #placeOf(model: number, point: string): Place {
    const place = this.#places.get(model)?.get(point);
    assert(place !== undefined, 'a point put or got is in its model');
    return place;
  }

  #exponentOf(model: number, place: Place): number {
    if (place.scale === '') return 0;
    const raw = this.#words[this.#placeOf(model, place.scale).address - this.#base] ?? 0;
    assert(raw !== 0x8000, 'a scale factor is set before what it scales');
    return raw > 0x7fff ? raw - 0x10000 : raw;
  }
}

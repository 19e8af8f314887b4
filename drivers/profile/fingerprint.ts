import { isExpected, ratingOf, registersOf } from '../inverter/map-reading.ts';
import { mapSerial, mapValue, type Registers } from '../meter/map-reading.ts';
import type { MapInverterProfile } from './inverter-map.ts';
import type { MeterProfile, Profile } from './profile.ts';
import { isWithin, type MapPoint, type MeterMap, sizeOf } from './register-map.ts';

interface Place {
  readonly function: 3 | 4;
  readonly address: number;
  readonly count: number;
}

/** A profile whose register map a unit has, as far as it shows. */
export interface Fit {
  readonly profile: string;
  readonly role: 'inverter' | 'meter';
  readonly serialNumber: string;
  /** Values that were looked at and fit: of two maps that overlap, the one that explains more. */
  readonly matches: number;
  /** What the installer must know beside the role; may be empty. */
  readonly remark: string;
}

/** How a unit shows that it has the map of one profile: what is read, and what that says. */
export interface Fingerprint {
  readonly places: readonly Place[];
  readonly fit: (seen: (of: Place) => Registers) => Fit | null;
}

/** What a grid's voltage against neutral and its frequency lie within. */
const VOLTS = [80, 300] as const;
const HERTZ = [45, 65] as const;
/** A shorter text is no serial number of anybody. */
const SERIAL_LEAST = 4;

/** The serial number where the registers hold one and nothing else; empty: they do not. */
const serialIn = (registers: Registers, { address, count, type }: Place & { readonly type: 'uint32' | 'string' }): string => {
  const words = Uint16Array.from({ length: count }, (_, index) => registers.get(address + index) ?? 0);
  const isText = [...words]
    .flatMap((word) => [word >> 8, word & 0xff])
    .every((byte) => byte === 0 || (byte >= 0x20 && byte <= 0x7e));
  const serial = type === 'string' && !isText ? '' : mapSerial(words, type);
  return type === 'string' && serial.length < SERIAL_LEAST ? '' : serial;
};

/** Points that tell a grid from anything else that may stand in their registers. */
const telling = ({ points }: MeterMap): readonly (readonly [MapPoint, readonly [number, number]])[] =>
  [
    [points.PhVphA, VOLTS] as const,
    [points.PhVphB, VOLTS] as const,
    [points.PhVphC, VOLTS] as const,
    [points.Hz, HERTZ] as const,
  ].flatMap(([point, range]) => (point === undefined ? [] : [[point, range] as const]));

const ofMeter = ({ name, map }: MeterProfile & { readonly map: MeterMap }): readonly Fingerprint[] => {
  const { serial } = map;
  if (serial === null) return [];
  const points = telling(map);
  const blocks = [map.fast, ...map.slow.filter((block) => points.some(([point]) => isWithin(point.at, sizeOf(point), block)))];
  const places = blocks.map((block) => ({ ...block, function: map.function }));
  return [
    {
      places: [serial, ...places],
      fit: (seen) => {
        const serialNumber = serialIn(seen(serial), serial);
        const registers: Registers = new Map(places.flatMap((place) => [...seen(place)]));
        const isGrid = points.every(([point, [least, most]]) => {
          const value = mapValue(registers, point, map.wordOrder);
          return value !== null && value >= least && value <= most;
        });
        const fits = serialNumber !== '' && points.length > 0 && isGrid;
        return fits ? { profile: name, role: 'meter', serialNumber, matches: points.length, remark: '' } : null;
      },
    },
  ];
};

const ofInverter = ({ name, map, neverWritten }: MapInverterProfile): Fingerprint => {
  const { serial, fast, expects, state } = map;
  const rated = { function: map.rating.function, address: map.rating.at, count: sizeOf(map.rating) };
  const polled = { ...fast, function: map.function };
  return {
    places: [serial, rated, polled],
    fit: (seen) => {
      const serialNumber = serialIn(seen(serial), serial);
      const registers = seen(polled);
      const isKnown = state.values.some(({ value }) => value === registers.get(state.at));
      const fits = serialNumber !== '' && ratingOf(seen(rated), map.rating) !== null && isKnown && isExpected(registers, expects);
      const remark = neverWritten === undefined ? '' : `never written: ${neverWritten}`;
      return fits ? { profile: name, role: 'inverter', serialNumber, matches: 2 + expects.length, remark } : null;
    },
  };
};

/** The fingerprints of the profiles that are told by registers of their own. */
export const fingerprintsOf = (profiles: readonly Profile[]): readonly Fingerprint[] =>
  profiles.flatMap((profile) => {
    if (profile.kind === 'map-inverter') return [ofInverter(profile)];
    return profile.kind === 'meter' && profile.map !== null ? ofMeter({ ...profile, map: profile.map }) : [];
  });

const keyOf = ({ function: code, address, count }: Place): string => `${code}:${address}:${count}`;

/** Reads what the fingerprints want of one unit, each place once; a map of which a place is not answered is out. Sans I/O. */
export class Fingerprinting {
  readonly #waiting: Fingerprint[];
  readonly #seen = new Map<string, Registers | null>();
  readonly #fits: Fit[] = [];
  #asked: Place | null = null;

  constructor(fingerprints: readonly Fingerprint[]) {
    this.#waiting = [...fingerprints];
  }

  /** Takes the words of the place asked for last (null: it was not answered); says what to read next, null when all is read. */
  next(words: Uint16Array | null): Place | null {
    if (this.#asked !== null) this.#seen.set(keyOf(this.#asked), words === null ? null : registersOf(this.#asked.address, words));
    for (let one = this.#waiting[0]; one !== undefined; one = this.#waiting[0]) {
      const place = one.places.find((wanted) => this.#seen.get(keyOf(wanted)) === undefined);
      const isOut = one.places.some((wanted) => this.#seen.get(keyOf(wanted)) === null);
      if (!isOut && place !== undefined) {
        this.#asked = place;
        return place;
      }
      this.#waiting.shift();
      const fit = isOut ? null : one.fit((of) => this.#seen.get(keyOf(of)) ?? new Map());
      if (fit !== null) this.#fits.push(fit);
    }
    this.#asked = null;
    return null;
  }

  /** The maps that fit, the one that explains most first. */
  fits(): readonly Fit[] {
    return [...this.#fits].sort((a, b) => b.matches - a.matches);
  }
}

import type { MeterMap, MapPoint } from '../profile/register-map.ts';
import { decodeFloat } from '../sunspec/codec.ts';
import type { About, MeterValues } from './reading.ts';
import { meterSample, slowValues } from './reading.ts';
import type { MeterSample } from '#site/sample.ts';

/** Registers as last read, by address. */
export type Registers = ReadonlyMap<number, number>;

const SIGN_16 = 0x8000;
const SIGN_32 = 0x8000_0000;

/** One value of a register map; null: not read yet, or no number. */
export const mapValue = (registers: Registers, point: MapPoint | undefined, wordOrder: MeterMap['wordOrder']): number | null => {
  if (point === undefined) return null;
  const first = registers.get(point.at);
  if (first === undefined) return null;
  if (point.type === 'int16') return (first >= SIGN_16 ? first - 2 * SIGN_16 : first) * point.factor;
  if (point.type === 'uint16') return first * point.factor;
  const second = registers.get(point.at + 1);
  if (second === undefined) return null;
  const [high, low] = wordOrder === 'high-first' ? [first, second] : [second, first];
  if (point.type === 'float32') {
    const value = decodeFloat(Uint16Array.of(high, low));
    return value === null ? null : value * point.factor;
  }
  const raw = high * 0x10000 + low;
  return (point.type === 'int32' && raw >= SIGN_32 ? raw - 2 * SIGN_32 : raw) * point.factor;
};

/** What the map's registers say, in the words of SunSpec 203. */
const mapValues = (registers: Registers, map: MeterMap): MeterValues => {
  const value = (name: keyof MeterMap['points']): number | null => mapValue(registers, map.points[name], map.wordOrder);
  return {
    W: value('W'),
    WphA: value('WphA'),
    WphB: value('WphB'),
    WphC: value('WphC'),
    VAR: value('VAR'),
    PhV: null,
    PhVphA: value('PhVphA'),
    PhVphB: value('PhVphB'),
    PhVphC: value('PhVphC'),
    Hz: value('Hz'),
    TotWhImp: value('TotWhImp'),
    TotWhExp: value('TotWhExp'),
  };
};

/** Makes a sample of a meter without SunSpec. Its refresh, and whether it is frozen, is told by the fast block. */
export const readMap = (registers: Registers, map: MeterMap, about: About): MeterSample => {
  const values = mapValues(registers, map);
  const moving = Uint16Array.from({ length: map.fast.count }, (_, i) => registers.get(map.fast.address + i) ?? 0);
  return meterSample(values, about, slowValues(values, about.fitting.sign), moving);
};

/** The serial number of a meter without SunSpec; empty where it has none. */
export const mapSerial = (words: Uint16Array, type: 'uint32' | 'string'): string => {
  if (type === 'uint32') {
    const number = (words[0] ?? 0) * 0x10000 + (words[1] ?? 0);
    return number === 0 || number === 0xffff_ffff ? '' : String(number);
  }
  const text = [...words].map((word) => String.fromCharCode(word >> 8, word & 0xff)).join('');
  return text.replace(/[^\x20-\x7e]/gu, '').trim();
};

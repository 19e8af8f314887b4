import { watts } from '#base/units.ts';
import type { Watts } from '#base/units.ts';
import type { Order } from '../line/order-writer.ts';
import type { Request } from '../line/transaction.ts';
import type { Registers } from '../meter/map-reading.ts';
import type { InverterControl, MapInverterProfile } from '../profile/inverter-map.ts';
import { registersOf } from './map-reading.ts';

type Write = InverterControl['writes'][number];
type Silence = MapInverterProfile['onSilence'];

const FULL_PERCENT = 100;
const WORD = 0x1_0000;
const LONG = 0x1_0000_0000;

/** Watts that so many steps of the limit stand for. */
export const capOfSteps = (steps: number, { unit, stepsPerUnit }: InverterControl, rating: Watts): Watts =>
  watts(unit === 'watts' ? steps / stepsPerUnit : (steps * rating) / (stepsPerUnit * FULL_PERCENT));

/** The most steps worth at most `cap`, from none to the whole rating; a cap that is no number closes the inverter. */
const stepsAtMost = (cap: Watts, control: InverterControl, rating: Watts): number => {
  const exact = (value: number): number =>
    control.unit === 'watts' ? value * control.stepsPerUnit : (value * control.stepsPerUnit * FULL_PERCENT) / rating;
  const bounded = cap > 0 ? Math.min(cap, rating) : 0;
  const nearest = Math.round(exact(bounded));
  const steps = capOfSteps(nearest, control, rating) <= bounded ? nearest : Math.floor(exact(bounded));
  return Math.max(control.zeroMeans === 'unlimited' ? 1 : 0, steps);
};

/** Number in the register: of the limit in the profile's unit, of the timer in seconds. */
const numberOf = ({ value, type }: Write, steps: number, control: InverterControl, silence: Silence): number => {
  switch (value) {
    case 'limit':
      return type === 'float32' ? steps / control.stepsPerUnit : steps;
    case 'timeout':
      return silence.kind === 'holds' ? 0 : Math.floor(silence.after / 1000);
    case 'fallback':
      return 0;
    default:
      return value;
  }
};

const wordsOf = (number: number, type: Write['type'], wordOrder: InverterControl['wordOrder']): readonly number[] => {
  if (type === 'int16' || type === 'uint16') return [((number % WORD) + WORD) % WORD];
  let raw = ((number % LONG) + LONG) % LONG;
  if (type === 'float32') {
    const view = new DataView(new ArrayBuffer(4));
    view.setFloat32(0, number);
    raw = view.getUint32(0);
  }
  const [high, low] = [Math.floor(raw / WORD), raw % WORD];
  return wordOrder === 'high-first' ? [high, low] : [low, high];
};

/** What an inverter of a register map is limited by: its profile, its unit id and its rating. */
export interface MapTarget {
  readonly unitId: number;
  readonly control: InverterControl;
  readonly onSilence: Silence;
  readonly rating: Watts;
}

/** The order that holds the inverter at or below `cap`. `found`: its control registers as last read; settings that stand there are not written. */
export const capOrder = (
  cap: Watts,
  { unitId, control, onSilence, rating }: MapTarget,
  found: Registers | null,
): Order<Watts> => {
  const steps = stepsAtMost(cap, control, rating);
  const parts = control.writes.map((write) => ({
    at: write.at,
    when: write.when,
    words: wordsOf(numberOf(write, steps, control, onSilence), write.type, control.wordOrder),
  }));
  const standsIn = (registers: Registers, { at, words }: (typeof parts)[number]): boolean =>
    words.every((word, index) => registers.get(at + index) === word);
  const { address, count } = control.readBack;
  const writes = parts
    .filter((part) => part.when === 'always' || found === null || !standsIn(found, part))
    .map(
      ({ at, words }): Request => ({
        ...{ kind: 'write', unitId, address: at, words },
        ...(control.function === 6 ? { single: true } : {}),
      }),
    );
  const isTimed = control.writes.some(({ value }) => value === 'timeout') || onSilence.kind === 'opens';
  return {
    meaning: capOfSteps(steps, control, rating),
    key: String(steps),
    writes,
    read: { kind: 'read', unitId, address, count, table: 'holding' },
    stands: (words) => parts.every((part) => standsIn(registersOf(address, words), part)),
    lapses: isTimed && onSilence.kind !== 'holds' ? onSilence.after : null,
  };
};

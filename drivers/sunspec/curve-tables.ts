import type { CurveFunction } from '#site/curve.ts';
import type { ModelPlace } from '#site/device.ts';
import { HEADER_REGISTERS } from './points.ts';

/** One value of a curve. */
export interface CurveField {
  readonly name: string;
  readonly type: 'uint16' | 'int16' | 'uint32' | 'text';
  /** Absent: read only. */
  readonly access?: 'RW';
  /** Register of its scale factor, counted from the model's ID; absent: none. */
  readonly sf?: number;
}

/** An array of points, NPt long; `count` names the field that says how many of them count. */
export interface CurvePoints {
  /** Null: the standard has no use for it. */
  readonly follows: CurveFunction | null;
  readonly count: string;
  /** One of the two names is x and one y; the order on the wire differs between models. */
  readonly columns: readonly (CurveField & { readonly axis: 'x' | 'y' })[];
}

/** Fields and points of one stored curve, in their order on the wire. */
export type CurveBody = readonly (CurveField | CurvePoints)[];

/**
 * A model that holds several curves. `adopt` (705-712): curve 1 is what is in force, another is written and adopted; `select` (126-136):
 * each is written in place and one of them selected.
 */
export interface CurveModel {
  readonly id: number;
  readonly way: 'adopt' | 'select';
  /** What it can follow. */
  readonly functions: readonly CurveFunction[];
  /** Registers before the first curve, ID and L included. */
  readonly head: number;
  /** Register of NPt; null: it has no points. Legacy models lay out 20 whatever it says. */
  readonly points: number | null;
  readonly laidOut: number | null;
  /** Register of the number of stored curves. */
  readonly curves: number;
  /** First register and registers of the timer after which the device leaves the curve by itself; null: it has none. */
  readonly reversion: readonly [at: number, size: number] | null;
  /** DeptRef by what y refers to; absent: any. */
  readonly references: Readonly<Record<string, number>> | null;
  readonly body: CurveBody;
}

/** Registers of the heads. */
export const ADOPT_HEAD = { enabled: 2, request: 3, result: 4 } as const;
export const SELECT_HEAD = { active: 2, enabled: 3, window: 4, reversion: 5 } as const;

const LEGACY_POINTS = 20;
const W_SHARE = { setMaxW: 0, statWAvail: 1 } as const;
const VAR_SHARE = { setMaxW: 0, setMaxVar: 1, statVarAvail: 2 } as const;
const LEGACY_W_SHARE = { setMaxW: 1, statWAvail: 2 } as const;
const LEGACY_VAR_SHARE = { setMaxW: 1, setMaxVar: 2, statVarAvail: 3 } as const;

const rw = (name: string, type: CurveField['type'], sf?: number): CurveField =>
  sf === undefined ? { name, type, access: 'RW' } : { name, type, access: 'RW', sf };
const readOnly: CurveField = { name: 'ReadOnly', type: 'uint16' };
const pair = (x: CurveField, y: CurveField): CurvePoints['columns'] => [
  { ...x, axis: 'x' },
  { ...y, axis: 'y' },
];
const single = (follows: CurveFunction, x: CurveField, y: CurveField): CurvePoints => ({
  follows,
  count: 'ActPt',
  columns: pair(x, y),
});
const actPt = rw('ActPt', 'uint16');
const deptRef = rw('DeptRef', 'uint16');

const ADOPT = { way: 'adopt', head: 15, points: 5, laidOut: null, curves: 6, reversion: [7, 2] } as const;
const SELECT = { way: 'select', head: 12, points: 8, laidOut: LEGACY_POINTS, curves: 7, reversion: [5, 1] } as const;

/** 126 and 132: what follows the points. */
const legacyTail = (first: string): readonly CurveField[] => [
  rw('CrvNam', 'text'),
  rw(first, 'uint16'),
  rw('RmpDecTmm', 'uint16'),
  rw('RmpIncTmm', 'uint16'),
];

/** 707-710: must trip, may trip and momentary cessation are one stored curve. Voltage or frequency comes before the time. */
const trips = (id: number, [must, may, cease]: readonly (CurveFunction | null)[], y: CurveField): CurveModel => {
  const part = (name: string, follows: CurveFunction | null | undefined): CurveBody => [
    rw(`${name}.ActPt`, 'uint16'),
    {
      follows: follows ?? null,
      count: `${name}.ActPt`,
      columns: [
        { ...y, axis: 'y' },
        { ...rw('Tms', 'uint32', 8), axis: 'x' },
      ],
    },
  ];
  const all = [must, may, cease].flatMap((one) => one ?? []);
  const body = [readOnly, ...part('MustTrip', must), ...part('MayTrip', may), ...part('MomCess', cease)];
  return { ...ADOPT, id, head: 9, functions: all, reversion: null, references: null, body };
};

/** 129, 130, 135, 136: the time comes first. */
const legacyTrip = (id: number, follows: CurveFunction, y: string): CurveModel => ({
  ...SELECT,
  id,
  functions: [follows],
  references: null,
  body: [actPt, single(follows, rw('Tms', 'uint16', 9), rw(y, 'uint16', 10)), rw('CrvNam', 'text'), readOnly],
});

/** Best first: where a device has two models for one function, the DER family counts (SunSpec Device Information Model; sunspec.md 3, 4.2). */
export const CURVE_MODELS: readonly CurveModel[] = [
  {
    ...ADOPT,
    id: 705,
    functions: ['volt-var'],
    references: VAR_SHARE,
    body: [
      actPt,
      deptRef,
      rw('Pri', 'uint16'),
      rw('VRef', 'uint16', 12),
      { name: 'VRefAuto', type: 'uint16', sf: 12 },
      rw('VRefAutoEna', 'uint16'),
      rw('VRefAutoTms', 'uint16'),
      rw('RspTms', 'uint32', 14),
      readOnly,
      single('volt-var', rw('V', 'uint16', 12), rw('Var', 'int16', 13)),
    ],
  },
  {
    ...ADOPT,
    id: 706,
    functions: ['volt-watt'],
    references: W_SHARE,
    body: [
      actPt,
      deptRef,
      rw('RspTms', 'uint32', 14),
      readOnly,
      single('volt-watt', rw('V', 'uint16', 12), rw('W', 'int16', 13)),
    ],
  },
  {
    ...ADOPT,
    id: 712,
    head: 14,
    functions: ['watt-var'],
    references: VAR_SHARE,
    body: [actPt, deptRef, rw('Pri', 'uint16'), readOnly, single('watt-var', rw('W', 'int16', 12), rw('Var', 'int16', 13))],
  },
  {
    ...ADOPT,
    id: 711,
    head: 14,
    points: null,
    curves: 5,
    reversion: [6, 2],
    functions: ['freq-droop'],
    references: null,
    body: [
      rw('DbOf', 'uint32', 11),
      rw('DbUf', 'uint32', 11),
      rw('KOf', 'uint16', 12),
      rw('KUf', 'uint16', 12),
      rw('RspTms', 'uint32', 13),
      rw('PMin', 'int16'),
      readOnly,
    ],
  },
  trips(707, ['lv-must-trip', 'lv-may-trip', 'lv-cease'], rw('V', 'uint16', 7)),
  trips(708, ['hv-must-trip', 'hv-may-trip', 'hv-cease'], rw('V', 'uint16', 7)),
  trips(709, ['lf-must-trip', 'lf-may-trip', null], rw('Hz', 'uint32', 7)),
  trips(710, ['hf-must-trip', 'hf-may-trip', null], rw('Hz', 'uint32', 7)),
  {
    ...SELECT,
    id: 126,
    functions: ['volt-var'],
    references: LEGACY_VAR_SHARE,
    body: [actPt, deptRef, single('volt-var', rw('V', 'uint16', 9), rw('VAr', 'int16', 10)), ...legacyTail('RmpTms'), readOnly],
  },
  {
    ...SELECT,
    id: 132,
    functions: ['volt-watt'],
    references: LEGACY_W_SHARE,
    body: [actPt, deptRef, single('volt-watt', rw('V', 'uint16', 9), rw('W', 'int16', 10)), ...legacyTail('RmpPT1Tms'), readOnly],
  },
  {
    ...SELECT,
    id: 131,
    functions: ['watt-pf'],
    references: null,
    body: [
      actPt,
      single('watt-pf', rw('W', 'int16', 9), rw('PF', 'int16', 10)),
      ...legacyTail('RmpPT1Tms'),
      readOnly,
      { name: 'Pad', type: 'uint16' },
    ],
  },
  {
    ...SELECT,
    id: 134,
    functions: ['freq-watt'],
    references: null,
    body: [
      actPt,
      single('freq-watt', rw('Hz', 'uint16', 9), rw('W', 'int16', 10)),
      ...legacyTail('RmpPT1Tms'),
      rw('RmpRsUp', 'uint16'),
      rw('SnptW', 'uint16'),
      rw('WRef', 'uint16', 10),
      rw('WRefStrHz', 'uint16', 9),
      rw('WRefStopHz', 'uint16', 9),
      readOnly,
    ],
  },
  legacyTrip(129, 'lv-must-trip', 'V'),
  legacyTrip(130, 'hv-must-trip', 'V'),
  legacyTrip(135, 'lf-must-trip', 'Hz'),
  legacyTrip(136, 'hf-must-trip', 'Hz'),
];

/** A curve model of a device, and where it is. */
export interface CurvePlace {
  readonly table: CurveModel;
  readonly place: ModelPlace;
  /** What is done through it; of a function that several models have the first alone has it. */
  readonly functions: readonly CurveFunction[];
}

/** The curve models of a device's map that are of use, each for what no better one does. */
export const curvePlaces = (models: readonly ModelPlace[]): readonly CurvePlace[] => {
  const taken = new Set<CurveFunction>();
  return CURVE_MODELS.flatMap((table) => {
    const place = models.find(({ id, length }) => id === table.id && length + HEADER_REGISTERS > table.head);
    const functions = table.functions.filter((one) => !taken.has(one));
    if (place === undefined || functions.length === 0) return [];
    for (const one of functions) taken.add(one);
    return [{ table, place, functions }];
  });
};

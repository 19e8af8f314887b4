/** Register tables of the models that hold curves, laid out as this inverter has them: 3 curves a model, 10 points a curve (129-136: 20). */

type Row = readonly string[];

export const STORED = 3;
const POINTS = 10;
const LEGACY_POINTS = 20;
const RW = 'RW';

const repeat = (count: number, rows: (index: number) => readonly Row[]): readonly Row[] =>
  Array.from({ length: count }, (_, index) => rows(index + 1)).flat();

/** 705-712: the first curve is what is in force, and read only. */
const access = (curve: number): string => (curve === 1 ? 'R' : RW);

const derHead = (repeats: boolean, counts: readonly string[], request: string, scales: readonly string[]): readonly Row[] => [
  ['Ena', 'uint16', '', RW],
  [request, 'uint16', '', RW],
  ['Rslt', 'uint16'],
  ...counts.map((name) => [name, 'uint16']),
  ...(repeats
    ? [
        ['RvrtTms', 'uint32', '', RW],
        ['RvrtRem', 'uint32'],
        ['RvrtCrv', 'uint16', '', RW],
      ]
    : []),
  ...scales.map((name) => [name, 'sunssf']),
];

interface DerCurve {
  readonly scales: readonly string[];
  /** Fields before the points: name, type, scale; a name in capitals at the end of the line is read only. */
  readonly fields: readonly Row[];
  readonly x: Row;
  readonly y: Row;
}

const derCurves = ({ scales, fields, x, y }: DerCurve): readonly Row[] => [
  ...derHead(true, ['NPt', 'NCrv'], 'AdptCrvReq', scales),
  ...repeat(STORED, (curve) => [
    ...fields.map(([name = '', type = '', scale = '', own]) => [`${curve}.${name}`, type, scale, own ?? access(curve)]),
    ...repeat(POINTS, (point) =>
      [x, y].map(([name = '', type = '', scale = '']) => [`${curve}.${name}${point}`, type, scale, access(curve)]),
    ),
  ]),
];

const derTrip = (name: string, type: string): readonly Row[] => [
  ...derHead(false, ['NPt', 'NCrvSet'], 'AdptCrvReq', [`${name}_SF`, 'Tms_SF']),
  ...repeat(STORED, (curve) => [
    [`${curve}.ReadOnly`, 'uint16'],
    ...['MustTrip', 'MayTrip', 'MomCess'].flatMap((part) => [
      [`${curve}.${part}.ActPt`, 'uint16', '', access(curve)],
      ...repeat(POINTS, (point) => [
        [`${curve}.${part}.${name}${point}`, type, `${name}_SF`, access(curve)],
        [`${curve}.${part}.Tms${point}`, 'uint32', 'Tms_SF', access(curve)],
      ]),
    ]),
  ]),
];

const legacy = (
  scales: readonly string[],
  first: readonly string[],
  pair: readonly Row[],
  last: readonly string[],
): readonly Row[] => [
  ...['ActCrv', 'ModEna', 'WinTms', 'RvrtTms', 'RmpTms'].map((name) => [name, 'uint16', '', RW]),
  ['NCrv', 'uint16'],
  ['NPt', 'uint16'],
  ...scales.map((name) => [name, name === 'Pad' ? 'pad' : 'sunssf']),
  ...repeat(STORED, (curve) => [
    ...first.map((name) => [`${curve}.${name}`, 'uint16', '', RW]),
    ...repeat(LEGACY_POINTS, (point) =>
      pair.map(([name = '', type = '', scale = '']) => [`${curve}.${name}${point}`, type, scale, RW]),
    ),
    [`${curve}.CrvNam`, 'string8', '', RW],
    ...last.map((name) => [`${curve}.${name}`, 'uint16', '', RW]),
    [`${curve}.ReadOnly`, 'uint16'],
  ]),
];

const RAMPS = ['RmpPT1Tms', 'RmpDecTmm', 'RmpIncTmm'];

export const curveTables: Readonly<Record<string, readonly Row[]>> = {
  705: derCurves({
    scales: ['V_SF', 'DeptRef_SF', 'RspTms_SF'],
    fields: [
      ['ActPt', 'uint16'],
      ['DeptRef', 'uint16'],
      ['Pri', 'uint16'],
      ['VRef', 'uint16', 'V_SF'],
      ['VRefAuto', 'uint16', 'V_SF', 'R'],
      ['VRefAutoEna', 'uint16'],
      ['VRefAutoTms', 'uint16'],
      ['RspTms', 'uint32', 'RspTms_SF'],
      ['ReadOnly', 'uint16', '', 'R'],
    ],
    x: ['V', 'uint16', 'V_SF'],
    y: ['Var', 'int16', 'DeptRef_SF'],
  }),
  706: derCurves({
    scales: ['V_SF', 'DeptRef_SF', 'RspTms_SF'],
    fields: [
      ['ActPt', 'uint16'],
      ['DeptRef', 'uint16'],
      ['RspTms', 'uint32', 'RspTms_SF'],
      ['ReadOnly', 'uint16', '', 'R'],
    ],
    x: ['V', 'uint16', 'V_SF'],
    y: ['W', 'int16', 'DeptRef_SF'],
  }),
  712: derCurves({
    scales: ['W_SF', 'DeptRef_SF'],
    fields: [
      ['ActPt', 'uint16'],
      ['DeptRef', 'uint16'],
      ['Pri', 'uint16'],
      ['ReadOnly', 'uint16', '', 'R'],
    ],
    x: ['W', 'int16', 'W_SF'],
    y: ['Var', 'int16', 'DeptRef_SF'],
  }),
  711: [
    ...derHead(true, ['NCtl'], 'AdptCtlReq', ['Db_SF', 'K_SF', 'RspTms_SF']),
    ...repeat(STORED, (curve) => [
      [`${curve}.DbOf`, 'uint32', 'Db_SF', access(curve)],
      [`${curve}.DbUf`, 'uint32', 'Db_SF', access(curve)],
      [`${curve}.KOf`, 'uint16', 'K_SF', access(curve)],
      [`${curve}.KUf`, 'uint16', 'K_SF', access(curve)],
      [`${curve}.RspTms`, 'uint32', 'RspTms_SF', access(curve)],
      [`${curve}.PMin`, 'int16', '', access(curve)],
      [`${curve}.ReadOnly`, 'uint16'],
    ]),
  ],
  707: derTrip('V', 'uint16'),
  708: derTrip('V', 'uint16'),
  709: derTrip('Hz', 'uint32'),
  710: derTrip('Hz', 'uint32'),
  126: legacy(
    ['V_SF', 'DeptRef_SF', 'RmpIncDec_SF'],
    ['ActPt', 'DeptRef'],
    [
      ['V', 'uint16', 'V_SF'],
      ['VAr', 'int16', 'DeptRef_SF'],
    ],
    ['RmpTms', 'RmpDecTmm', 'RmpIncTmm'],
  ),
  132: legacy(
    ['V_SF', 'DeptRef_SF', 'RmpIncDec_SF'],
    ['ActPt', 'DeptRef'],
    [
      ['V', 'uint16', 'V_SF'],
      ['W', 'int16', 'DeptRef_SF'],
    ],
    RAMPS,
  ),
  // The pad at the end of each curve.
  131: legacy(
    ['W_SF', 'PF_SF', 'RmpIncDec_SF'],
    ['ActPt'],
    [
      ['W', 'int16', 'W_SF'],
      ['PF', 'int16', 'PF_SF'],
    ],
    RAMPS,
  ).flatMap((row) => (row[0]?.endsWith('.ReadOnly') === true ? [row, [row[0].replace('ReadOnly', 'Pad'), 'pad']] : [row])),
  134: legacy(
    ['Hz_SF', 'W_SF', 'RmpIncDec_SF'],
    ['ActPt'],
    [
      ['Hz', 'uint16', 'Hz_SF'],
      ['W', 'int16', 'W_SF'],
    ],
    [...RAMPS, 'RmpRsUp', 'SnptW', 'WRef', 'WRefStrHz', 'WRefStopHz'],
  ),
  129: legacy(
    ['Tms_SF', 'V_SF', 'Pad'],
    ['ActPt'],
    [
      ['Tms', 'uint16', 'Tms_SF'],
      ['V', 'uint16', 'V_SF'],
    ],
    [],
  ),
  130: legacy(
    ['Tms_SF', 'V_SF', 'Pad'],
    ['ActPt'],
    [
      ['Tms', 'uint16', 'Tms_SF'],
      ['V', 'uint16', 'V_SF'],
    ],
    [],
  ),
  135: legacy(
    ['Tms_SF', 'Hz_SF', 'Pad'],
    ['ActPt'],
    [
      ['Tms', 'uint16', 'Tms_SF'],
      ['Hz', 'uint16', 'Hz_SF'],
    ],
    [],
  ),
  136: legacy(
    ['Tms_SF', 'Hz_SF', 'Pad'],
    ['ActPt'],
    [
      ['Tms', 'uint16', 'Tms_SF'],
      ['Hz', 'uint16', 'Hz_SF'],
    ],
    [],
  ),
};

import { STORED } from './curve-models.ts';
import type { RegisterImage } from './image.ts';

/** What the inverter's instruments say. */
export interface GridNow {
  /** Per cent of nominal voltage. */
  readonly volts: number;
  readonly hertz: number;
}

type Line = readonly (readonly [x: number, y: number])[];

const NOMINAL_HZ = 50;
const FULL = 100;
/** Between the request to adopt a curve and its end. */
const ADOPTS_MS = 300;
/** Back in service after so long inside the must-trip curves. */
const RETURNS_MS = 10_000;
const POINTS = 10;
const LEGACY_POINTS = 20;

const DER = [705, 706, 711, 712, 707, 708, 709, 710];
const TRIPS = [
  { model: 707, legacy: 129, axis: 'V', low: true },
  { model: 708, legacy: 130, axis: 'V', low: false },
  { model: 709, legacy: 135, axis: 'Hz', low: true },
  { model: 710, legacy: 136, axis: 'Hz', low: false },
] as const;

type Trip = (typeof TRIPS)[number];

/** Outside all that a trip curve leaves in peace. */
const isBeyond = (line: Line, low: boolean, value: number): boolean => {
  const levels = line.map(([, y]) => y);
  if (levels.length === 0) return false;
  return low ? value < Math.max(...levels) : value > Math.min(...levels);
};

/** y at x on straight lines between the points, level beyond them. */
const along = (line: Line, x: number): number => {
  const after = line.findIndex(([at]) => at > x);
  const [x1, y1] = line[after - 1] ?? line[after < 0 ? line.length - 1 : 0] ?? [0, 0];
  const [x2, y2] = line[after] ?? [x1, y1];
  return after <= 0 || x2 === x1 ? y1 : y1 + ((y2 - y1) * (x - x1)) / (x2 - x1);
};

/** The functions of an inverter that follow its stored curves: var and watts by voltage, frequency and power, and trips. */
export class CurveFunctions {
  readonly #image: RegisterImage;
  readonly #models: ReadonlySet<number>;
  #adoptions: readonly { readonly model: number; readonly curve: number; readonly at: number }[] = [];
  readonly #outside = new Map<number, number>();
  #insideSince: number | null = null;
  #tripped = false;
  /** Power when the frequency left its dead band. */
  #powerBefore = 0;

  constructor(image: RegisterImage, models: readonly number[]) {
    this.#image = image;
    this.#models = new Set(models);
  }

  /** As the factory leaves it: nothing in force, curves of two points. */
  begin(ratedW: number): void {
    for (const model of this.#models) {
      const put = (point: string, value: number): void => this.#image.put(model, point, value);
      for (const name of this.#image.pointsOf(model)) if (name.endsWith('_SF')) put(name, SCALES[name] ?? 0);
      for (const name of this.#image.pointsOf(model)) {
        if (
          /\.(RmpTms|RmpPT1Tms|SnptW|DeptRef|Pri|VRefAutoEna|VRefAutoTms|RspTms|ReadOnly)$|^(Ena|Adpt.*|ModEna|ActCrv|\w\w\w?\wTms)$/.test(
            name,
          )
        )
          put(name, name.endsWith('DeptRef') ? 1 : 0);
      }
      this.#factoryCurves(model, ratedW);
    }
  }

  /** Registers were written. */
  written(at: number, address: number, count: number): void {
    for (const model of this.#models) {
      const request = model === 711 ? 'AdptCtlReq' : 'AdptCrvReq';
      if (!DER.includes(model) || !this.#image.pointsAt(model, address, count).includes(request)) continue;
      this.#image.put(model, 'Rslt', 0);
      this.#adoptions = [...this.#adoptions, { model, curve: this.#image.get(model, request), at: at + ADOPTS_MS }];
    }
  }

  /** What has to be done by itself until `at`. */
  advance(at: number): void {
    const due = this.#adoptions.filter((one) => one.at <= at);
    if (due.length === 0) return;
    this.#adoptions = this.#adoptions.filter((one) => one.at > at);
    for (const { model, curve } of due) this.#adopt(model, curve);
  }

  nextAt(): number {
    return this.#adoptions.reduce((next, one) => Math.min(next, one.at), Infinity);
  }

  /** Reactive power, var, positive into the grid; null: no function makes any. */
  varAt({ volts }: GridNow, watts: number, ratedW: number, maxVar: number): number | null {
    if (this.#models.size === 0) return null;
    const bases = [ratedW, maxVar, Math.sqrt(Math.max(0, ratedW ** 2 - watts ** 2))];
    const share = (curve: InForce, name: string, x: number): number => {
      const ref = this.#image.get(curve.model, `${curve.number}.DeptRef`) - (curve.model === 126 ? 1 : 0);
      const line = this.#line(curve, curve.model === 712 ? 'W' : 'V', name);
      return ((bases[ref] ?? 0) * along(line, x)) / FULL;
    };
    const der = this.#inForce(705);
    if (der !== null) return share(der, 'Var', (volts * FULL) / this.#image.get(705, '1.VRef'));
    const old = this.#inForce(126);
    if (old !== null) return share(old, 'VAr', volts);
    const byWatts = this.#inForce(712);
    if (byWatts !== null) return share(byWatts, 'Var', (FULL * watts) / ratedW);
    const factors = this.#inForce(131);
    if (factors === null) return null;
    const factor = along(this.#line(factors, 'W', 'PF'), (FULL * watts) / ratedW);
    return factor === 0 ? 0 : Math.sign(factor) * watts * Math.tan(Math.acos(Math.min(1, Math.abs(factor))));
  }

  /** The most it may give, watts; null: as much as it likes. `watts`: what it gives now, `available`: what it could. */
  wattsAt({ volts, hertz }: GridNow, watts: number, available: number, ratedW: number): number | null {
    const caps: number[] = [];
    for (const model of [706, 132]) {
      const curve = this.#inForce(model);
      if (curve === null) continue;
      const ofAvailable = this.#image.get(model, `${curve.number}.DeptRef`) === (model === 706 ? 1 : 2);
      caps.push((along(this.#line(curve, 'V', 'W'), volts) * (ofAvailable ? available : ratedW)) / FULL);
    }
    const byHertz = this.#inForce(134);
    if (byHertz !== null) {
      const reference = this.#image.get(134, `${byHertz.number}.WRef`);
      caps.push((along(this.#line(byHertz, 'Hz', 'W'), hertz) * reference) / FULL);
    }
    const droop = this.#inForce(711);
    if (droop !== null) {
      const over = hertz - NOMINAL_HZ - this.#image.get(711, '1.DbOf');
      if (over <= 0) this.#powerBefore = watts;
      else caps.push(this.#powerBefore - (ratedW * over) / (NOMINAL_HZ * this.#image.get(711, '1.KOf')));
    }
    return caps.length === 0 ? null : Math.max(0, Math.min(...caps));
  }

  /** Looks at the trip curves; true while it must give nothing. */
  stoppedAt(at: number, grid: GridNow): boolean {
    let ceases = false;
    let outside = false;
    for (const trip of TRIPS) {
      const value = trip.axis === 'V' ? grid.volts : grid.hertz;
      outside = this.#mustTrip(at, trip, value) || outside;
      ceases = this.#mustCease(trip, value) || ceases;
    }
    this.#insideSince = outside ? null : (this.#insideSince ?? at);
    if (this.#insideSince !== null && at - this.#insideSince >= RETURNS_MS) this.#tripped = false;
    return this.#tripped || ceases;
  }

  /** Trips once the value was beyond a must-trip curve for its time; true while it is beyond one. */
  #mustTrip(at: number, { model, legacy, axis, low }: Trip, value: number): boolean {
    const curve = this.#inForce(model) ?? this.#inForce(legacy);
    const part = curve?.model === model ? 'MustTrip.' : '';
    const line = curve === null ? [] : this.#line(curve, `${part}Tms`, `${part}${axis}`);
    if (!isBeyond(line, low, value)) {
      this.#outside.delete(model);
      return false;
    }
    const since = this.#outside.get(model) ?? at;
    this.#outside.set(model, since);
    const seconds = (at - since) / 1000;
    const boundary = along(line, seconds);
    if (seconds >= (line[0]?.[0] ?? Infinity) && (low ? value < boundary : value > boundary)) this.#tripped = true;
    return true;
  }

  #mustCease({ model, axis, low }: Trip, value: number): boolean {
    const curve = axis === 'V' ? this.#inForce(model) : null;
    return curve !== null && isBeyond(this.#line(curve, 'MomCess.Tms', 'MomCess.V'), low, value);
  }

  #inForce(model: number): InForce | null {
    if (!this.#models.has(model)) return null;
    if (DER.includes(model)) return this.#image.get(model, 'Ena') === 1 ? { model, number: 1 } : null;
    const number = this.#image.get(model, 'ActCrv');
    return (this.#image.get(model, 'ModEna') & 1) === 1 && number >= 1 && number <= STORED ? { model, number } : null;
  }

  #line({ model, number }: InForce, x: string, y: string): Line {
    const part = x.includes('.') ? `${x.split('.')[0] ?? ''}.` : '';
    const count = this.#image.get(model, `${number}.${part}ActPt`);
    return Array.from({ length: Math.min(count, LEGACY_POINTS) }, (_, index) => [
      this.#image.get(model, `${number}.${x}${index + 1}`),
      this.#image.get(model, `${number}.${y}${index + 1}`),
    ]);
  }

  /** Curve 1 becomes a copy of the stored one, when that is a sound curve. */
  #adopt(model: number, curve: number): void {
    const image = this.#image;
    const counts = image.pointsOf(model).filter((name) => name.startsWith(`${curve}.`) && name.endsWith('ActPt'));
    const sound = curve >= 2 && curve <= STORED && counts.every((name) => image.get(model, name) <= POINTS);
    image.put(model, 'Rslt', sound ? 1 : 2);
    if (!sound) return;
    for (const name of image.pointsOf(model)) {
      if (name.startsWith('1.') && !name.endsWith('ReadOnly')) image.copy(model, `${curve}.${name.slice(2)}`, name);
    }
  }

  #factoryCurves(model: number, ratedW: number): void {
    const image = this.#image;
    const names = new Set(image.pointsOf(model));
    const put = (point: string, value: number): void => {
      if (names.has(point)) image.put(model, point, value);
    };
    put('NPt', DER.includes(model) ? POINTS : LEGACY_POINTS);
    for (const name of ['NCrv', 'NCrvSet', 'NCtl']) put(name, STORED);
    for (let curve = 1; curve <= STORED; curve += 1) {
      if (DER.includes(model)) put(`${curve}.ReadOnly`, curve === 1 ? 1 : 0);
      put(`${curve}.VRef`, FULL);
      put(`${curve}.WRef`, ratedW);
      for (const part of ['', 'MustTrip.', 'MayTrip.', 'MomCess.']) put(`${curve}.${part}ActPt`, part === '' ? 2 : 0);
      for (const [x, ys] of [
        ['V', [100, 110]],
        ['Var', [0, 0]],
        ['VAr', [0, 0]],
        ['W', [100, 100]],
        ['PF', [1, 1]],
        ['Hz', [50, 52]],
        ['Tms', [1, 1]],
      ] as const)
        ys.forEach((value, index) => put(`${curve}.${x}${index + 1}`, value));
      for (const [name, value] of [
        ['DbOf', 0.5],
        ['DbUf', 0.5],
        ['KOf', 0.1],
        ['KUf', 0.1],
        ['PMin', 0],
      ] as const)
        put(`${curve}.${name}`, value);
    }
  }
}

interface InForce {
  readonly model: number;
  readonly number: number;
}

const SCALES: Readonly<Record<string, number>> = {
  V_SF: -1,
  DeptRef_SF: -1,
  RspTms_SF: -1,
  Tms_SF: -2,
  Hz_SF: -2,
  W_SF: 0,
  PF_SF: -2,
  Db_SF: -3,
  K_SF: -3,
  RmpIncDec_SF: 0,
};

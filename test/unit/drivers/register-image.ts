import { registersOf } from '#drivers/sunspec/points.ts';
import type { Model, PointTable } from '#drivers/sunspec/points.ts';
import { commonModel } from '#drivers/sunspec/models/common.ts';
import { controlsModel } from '#drivers/sunspec/models/controls.ts';
import { derCapacityModel } from '#drivers/sunspec/models/der-capacity.ts';
import { derControlsModel } from '#drivers/sunspec/models/der-controls.ts';
import { derMeasureModel } from '#drivers/sunspec/models/der-measure.ts';
import { enterServiceModel } from '#drivers/sunspec/models/enter-service.ts';
import { inverterFloatModel } from '#drivers/sunspec/models/inverter-float.ts';
import { inverterModel } from '#drivers/sunspec/models/inverter.ts';
import { meterFloatModel } from '#drivers/sunspec/models/meter-float.ts';
import { meterModel } from '#drivers/sunspec/models/meter.ts';
import { nameplateModel } from '#drivers/sunspec/models/nameplate.ts';
import { settingsModel } from '#drivers/sunspec/models/settings.ts';
import { statusModel } from '#drivers/sunspec/models/status.ts';

/** Raw register values by address; an address not in it refuses with exception 2. */
export type Image = Map<number, number>;

type Raw = Readonly<Record<string, number | string>>;

const byteAt = (text: string, index: number): number => (index < text.length ? text.charCodeAt(index) : 0);

/** Puts one model into the image, points not named as not implemented; returns the address behind it. */
export const putModel = <P extends PointTable>(image: Image, at: number, model: Model<P>, id: number, raw: Raw): number => {
  const length = id === 1 ? 66 : model.length;
  for (let i = 0; i < length + 2; i += 1) image.set(at + i, 0xffff);
  for (const [name, point] of Object.entries(model.points)) {
    const size = registersOf(point);
    const value = raw[name];
    const empty = point.type === 'int16' || point.type === 'sunssf' ? 0x8000 : point.type.startsWith('acc') ? 0 : 0xffff;
    for (let i = 0; i < size; i += 1) {
      const word =
        typeof value === 'string'
          ? (byteAt(value, 2 * i) << 8) | byteAt(value, 2 * i + 1)
          : value === undefined
            ? point.type === 'string'
              ? 0
              : empty
            : Math.floor(value / 0x10000 ** (size - 1 - i)) & 0xffff;
      image.set(at + point.at + i, word);
    }
  }
  image.set(at, id);
  image.set(at + 1, length);
  return at + length + 2;
};

const identity = (serial: string): Raw => ({ Mn: 'Acme', Md: 'Sun 10', Vr: '1.2', SN: serial, DA: 1 });

const marker = (image: Image, base: number): number => {
  image.set(base, 0x5375);
  image.set(base + 1, 0x6e53);
  return base + 2;
};

export interface InverterPlaces {
  readonly image: Image;
  readonly measurements: number;
  readonly settings: number;
  readonly controls: number;
}

/** A 10 kW three-phase inverter: 1, 103, 120, 121, 122, 123. */
export const inverterImage = (serial = 'INV-1', base = 40_000): InverterPlaces => {
  const image: Image = new Map();
  let at = putModel(image, marker(image, base), commonModel, 1, identity(serial));
  const measurements = at;
  const volts = { PhVphA: 2300, PhVphB: 2310, PhVphC: 2320, V_SF: -1 & 0xffff };
  at = putModel(image, at, inverterModel, 103, {
    A: 12,
    A_SF: 0,
    W: 500,
    W_SF: 1,
    Hz: 5001,
    Hz_SF: -2 & 0xffff,
    WH: 123_456,
    WH_SF: 0,
    St: 4,
    ...volts,
  });
  at = putModel(image, at, nameplateModel, 120, {
    WRtg: 1000,
    WRtg_SF: 1,
    VARtg: 1100,
    VARtg_SF: 1,
    VArRtgQ1: 440,
    VArRtgQ4: -440 & 0xffff,
    VArRtg_SF: 1,
  });
  const settings = at;
  at = putModel(image, at, settingsModel, 121, { WMax: 1000, WMax_SF: 1, VRef: 230, VRef_SF: 0 });
  at = putModel(image, at, statusModel, 122, { PVConn: 7, StorConn: 0, ECPConn: 1 });
  const controls = at;
  at = putModel(image, at, controlsModel, 123, {
    Conn: 1,
    WMaxLimPct: 10_000,
    WMaxLimPct_RvrtTms: 0,
    WMaxLim_Ena: 0,
    WMaxLimPct_SF: -2 & 0xffff,
  });
  image.set(at, 0xffff);
  image.set(at + 1, 0);
  return { image, measurements, settings, controls };
};

/** A three-phase meter: 1, 203. */
export const meterImage = (serial = 'MET-1'): { readonly image: Image; readonly measurements: number } => {
  const image: Image = new Map();
  const measurements = putModel(image, marker(image, 40_000), commonModel, 1, identity(serial));
  const volts = { PhVphA: 2300, PhVphB: 2310, PhVphC: 2320, V_SF: -1 & 0xffff, Hz: 5000, Hz_SF: -2 & 0xffff };
  const watts = { W: -3000 & 0xffff, WphA: -1000 & 0xffff, WphB: -1000 & 0xffff, WphC: -1000 & 0xffff, W_SF: 0 };
  const slow = { VAR: 120, VAR_SF: 0, TotWhExp: 70_000, TotWhImp: 5000, TotWh_SF: 0 };
  const end = putModel(image, measurements, meterModel, 203, { A: 13, A_SF: 0, ...volts, ...watts, ...slow });
  image.set(end, 0xffff);
  image.set(end + 1, 0);
  return { image, measurements };
};

/** Registers of a single precision number, as one 32-bit value. */
const float = (value: number): number => new DataView(new Float32Array([value]).buffer).getUint32(0, true);

const end = (image: Image, at: number): void => {
  image.set(at, 0xffff);
  image.set(at + 1, 0);
};

const volt32 = { PhVphA: float(230), PhVphB: float(231), PhVphC: float(232) };

/** A three-phase inverter of the DER family: 1, 701, 702, 703, 704; 10 kW of which 5 kW are produced. */
export const derInverterImage = (serial = 'DER-1'): InverterPlaces => {
  const image: Image = new Map();
  const measurements = putModel(image, marker(image, 40_000), commonModel, 1, identity(serial));
  const volts = { VL1: 2300, VL2: 2310, VL3: 2320, LNV: 2310, V_SF: -1 & 0xffff };
  const settings = putModel(image, measurements, derMeasureModel, 701, {
    ACType: 3,
    St: 1,
    InvSt: 3,
    ConnSt: 1,
    Alrm: 0,
    W: 500,
    W_SF: 1,
    A: 22,
    A_SF: 0,
    Var: 0,
    Var_SF: 0,
    Hz: 5001,
    Hz_SF: -2 & 0xffff,
    TotWhInj: 123_456,
    TotWh_SF: 0,
    ...volts,
  });
  const ratings = { WMaxRtg: 1100, WMax: 1000, W_SF: 1, VAMaxRtg: 1100, VA_SF: 1, VNomRtg: 230, V_SF: 0 };
  const service = putModel(image, settings, derCapacityModel, 702, {
    ...ratings,
    VarMaxInjRtg: 440,
    VarMaxAbsRtg: 430,
    Var_SF: 1,
  });
  const controls = putModel(image, service, enterServiceModel, 703, { ES: 1 });
  const limit = { WMaxLimPctEna: 0, WMaxLimPct: 1000, WMaxLimPctRvrt: 1000, WMaxLimPctEnaRvrt: 0, WMaxLimPctRvrtTms: 0 };
  end(image, putModel(image, controls, derControlsModel, 704, { ...limit, WMaxLimPct_SF: -1 & 0xffff }));
  return { image, measurements, settings, controls };
};

/** As the 10 kW inverter above, measured as float32: 1, 113, 120, 121, 123. */
export const floatInverterImage = (serial = 'FLT-1'): InverterPlaces => {
  const image: Image = new Map();
  const measurements = putModel(image, marker(image, 40_000), commonModel, 1, identity(serial));
  const power = { W: float(5000), VA: float(5000), A: float(21.7), Hz: float(50.01), WH: float(123_456), St: 4 };
  let at = putModel(image, measurements, inverterFloatModel, 113, { ...power, ...volt32 });
  at = putModel(image, at, nameplateModel, 120, { WRtg: 1000, WRtg_SF: 1 });
  const settings = at;
  at = putModel(image, at, settingsModel, 121, { WMax: 1000, WMax_SF: 1 });
  const controls = at;
  end(image, putModel(image, at, controlsModel, 123, { Conn: 1, WMaxLimPct: 100, WMaxLim_Ena: 0, WMaxLimPct_SF: 0 }));
  return { image, measurements, settings, controls };
};

/** A three-phase meter as float32: 1, 213; 3 kW out of the site. */
export const floatMeterImage = (serial = 'MET-F'): { readonly image: Image; readonly measurements: number } => {
  const image: Image = new Map();
  const measurements = putModel(image, marker(image, 40_000), commonModel, 1, identity(serial));
  const watts = { W: float(-3000), WphA: float(-1000), WphB: float(-1000), WphC: float(-1000), A: float(13), Hz: float(50) };
  const slow = { VAR: float(120), TotWhExp: float(70_000), TotWhImp: float(5000) };
  end(image, putModel(image, measurements, meterFloatModel, 213, { ...watts, ...volt32, ...slow }));
  return { image, measurements };
};

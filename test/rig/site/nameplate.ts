import type { RegisterImage } from './image.ts';

export const PHASE_VOLTS = 230;

/** What an inverter says of itself and never changes: models 1, 120, 121 and all scale factors of its legacy models. */
export const writeNameplate = (
  image: RegisterImage,
  { unitId, serial, limitScale }: { readonly unitId: number; readonly serial: string; readonly limitScale: number },
  rated: number,
): void => {
  const scales = (model: number, exponents: Readonly<Record<string, number>>): void => {
    for (const [name, exponent] of Object.entries(exponents)) image.put(model, `${name}_SF`, exponent);
  };
  image.putText(1, 'Mn', 'Rig Works');
  image.putText(1, 'Md', `Sunmill ${rated / 1000}k`);
  image.putText(1, 'Opt', 'none');
  image.putText(1, 'Vr', '1.4.2');
  image.putText(1, 'SN', serial);
  image.put(1, 'DA', unitId);
  scales(103, { A: -2, V: -1, W: rated > 30_000 ? 1 : 0, Hz: -2, VA: rated > 30_000 ? 1 : 0, VAr: 0, PF: 0, WH: 0 });
  scales(103, { DCA: -2, DCV: -1, DCW: rated > 30_000 ? 1 : 0, Tmp: -1 });
  for (const point of ['Evt1', 'Evt2']) image.put(103, point, 0);
  const watts = rated > 60_000 ? 1 : 0;
  scales(120, { WRtg: watts, VARtg: watts, VArRtg: watts, ARtg: -1, PFRtg: -2 });
  image.put(120, 'DERTyp', 4);
  for (const point of ['WRtg', 'VARtg']) image.put(120, point, rated);
  for (const [quadrant, sign] of [
    ['Q1', 1],
    ['Q2', 1],
    ['Q3', -1],
    ['Q4', -1],
  ] as const) {
    image.put(120, `VArRtg${quadrant}`, 0.44 * rated * sign);
    image.put(120, `PFRtg${quadrant}`, 0.9 * sign);
  }
  image.put(120, 'ARtg', rated / 3 / PHASE_VOLTS);
  scales(121, { WMax: watts, VRef: 0, VRefOfs: 0, VMinMax: 0, VAMax: watts, ECPNomHz: -1 });
  for (const point of ['WMax', 'VAMax']) image.put(121, point, rated);
  image.put(121, 'VRef', PHASE_VOLTS);
  image.put(121, 'VRefOfs', 0);
  image.put(121, 'VMax', 253);
  image.put(121, 'VMin', 207);
  image.put(121, 'ECPNomHz', 50);
  scales(122, { WAval: watts });
  image.put(122, 'PVConn', 0b001);
  image.put(122, 'StorConn', 0);
  image.put(122, 'ECPConn', 1);
  scales(123, { WMaxLimPct: limitScale, OutPFSet: -2, VArPct: 0 });
};

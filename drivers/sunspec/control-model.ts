import { assert } from '#base/assert.ts';
import type { ModelPlace } from '#site/device.ts';
import { decodeModel } from './codec.ts';
import { controlsModel } from './models/controls.ts';
import { derControlsModel } from './models/der-controls.ts';
import { enterServiceModel } from './models/enter-service.ts';
import { storageModel } from './models/storage.ts';
import type { PointSpec } from './points.ts';
import { spanTo } from './points.ts';

/** The model through which an inverter is limited: 123 (immediate controls) or 704 (DER AC controls). */
export type ControlModel = 123 | 704;
/** What storage is commanded through: the window of power of 124, or the power WSet of 704. */
export type StorageControl = 124 | '704-power';
export type Control = ControlModel | StorageControl;

/** Its model. */
export const modelOf = (control: Control): number => (control === '704-power' ? 704 : control);

/** The model that opens and closes its connection: Conn of 123, or ES of 703. */
export type ConnectionModel = 123 | 703;

const TABLES = { 123: controlsModel, 703: enterServiceModel, 704: derControlsModel } as const;

/** The named point of one of these models; null: it has none of that name. */
export const controlPoint = (model: ControlModel | ConnectionModel, name: string): PointSpec | null => {
  const points: Readonly<Record<string, PointSpec>> = TABLES[model].points;
  return Object.hasOwn(points, name) ? (points[name] ?? null) : null;
};

/** Registers from the model's ID to the named point, which the model has. */
export const controlPointAt = (model: ControlModel | ConnectionModel, name: string): number => {
  const point = controlPoint(model, name);
  assert(point !== null, 'a decoded profile names points of its model');
  return point.at;
};

/** Registers from the model's ID to the scale factor of what is commanded: header, present command and its scale in one read. */
export const controlHeaderRegisters = (control: Control): number => {
  switch (control) {
    case 123:
      return spanTo(controlsModel, 'WMaxLimPct_SF');
    case 124:
      return spanTo(storageModel, 'InOutWRte_SF');
    case 704:
      return spanTo(derControlsModel, 'WMaxLimPct_SF');
    case '704-power':
      return spanTo(derControlsModel, 'WSet_SF');
  }
};

/**
 * Scale factor of what is commanded (WMaxLimPct_SF, InOutWRte_SF, WSet_SF) in registers read from the ID of the model; null: another
 * model, not implemented or out of range. Such a device is never written.
 */
export const limitScaleOf = (control: Control, words: Uint16Array, place: ModelPlace): number | null => {
  if (control === 124) {
    const decoded = decodeModel(storageModel, words, place);
    return decoded.ok ? decoded.value.values.InOutWRte_SF : null;
  }
  const decoded = control === 123 ? decodeModel(controlsModel, words, place) : decodeModel(derControlsModel, words, place);
  if (!decoded.ok) return null;
  const { values } = decoded.value;
  return control === '704-power' && 'WSet_SF' in values ? values.WSet_SF : values.WMaxLimPct_SF;
};

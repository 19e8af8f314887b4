import { assert } from '#base/assert.ts';
import type { ModelPlace } from '#site/device.ts';
import { decodeModel } from './codec.ts';
import { controlsModel } from './models/controls.ts';
import { derControlsModel } from './models/der-controls.ts';
import { enterServiceModel } from './models/enter-service.ts';
import type { PointSpec } from './points.ts';
import { spanTo } from './points.ts';

/** The model through which an inverter is limited: 123 (immediate controls) or 704 (DER AC controls). */
export type ControlModel = 123 | 704;
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

/** Registers from the model's ID to WMaxLimPct_SF: header, present limit and its scale in one read. */
export const controlHeaderRegisters = (model: ControlModel): number =>
  model === 123 ? spanTo(controlsModel, 'WMaxLimPct_SF') : spanTo(derControlsModel, 'WMaxLimPct_SF');

/** WMaxLimPct_SF of registers read from the ID of a control model; null: another model, not implemented or out of range. Such a device is never written. */
export const limitScaleOf = (model: ControlModel, words: Uint16Array, place: ModelPlace): number | null => {
  const decoded = model === 123 ? decodeModel(controlsModel, words, place) : decodeModel(derControlsModel, words, place);
  return decoded.ok ? decoded.value.values.WMaxLimPct_SF : null;
};

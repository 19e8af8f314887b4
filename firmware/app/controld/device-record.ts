import * as v from 'valibot';

const name = v.pipe(v.string(), v.maxLength(64));
const finite = v.pipe(v.number(), v.finite());
const positive = v.pipe(finite, v.gtValue(0));

/** A stored DeviceRecord (site/device.ts). */
export const deviceRecordSchema = v.object({
  device: name,
  role: v.picklist(['inverter', 'meter', 'storage', 'load']),
  manufacturer: name,
  model: name,
  serialNumber: name,
  firmwareVersion: name,
  base: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
  models: v.pipe(v.array(v.object({ id: v.number(), address: v.number(), length: v.number() })), v.maxLength(64)),
  nameplate: v.nullable(
    v.object({
      ratedPower: finite,
      maxPower: positive,
      ratedApparent: v.nullable(finite),
      referenceVoltage: v.nullable(finite),
      nominalFrequency: v.nullable(finite),
      ratedVarInjected: v.nullable(finite),
      ratedVarAbsorbed: v.nullable(finite),
      leastFactor: v.exactOptional(v.object({ overExcited: positive, underExcited: positive })),
    }),
  ),
  limitScale: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(-10), v.maxValue(10))),
  storage: v.exactOptional(v.object({ maxCharge: positive, maxDischarge: positive, capacity: v.nullable(finite) })),
  load: v.exactOptional(v.object({ maxPower: positive })),
});

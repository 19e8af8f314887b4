import { defineModel } from '../points.ts';

/** Model 1, common: who the device is. Devices exist with L = 65 (no pad) and L = 66. */
export const commonModel = defineModel({
  ids: [1],
  name: 'common',
  length: 65,
  points: {
    ID: { at: 0, type: 'uint16' },
    L: { at: 1, type: 'uint16' },
    Mn: { at: 2, type: 'string', size: 16 },
    Md: { at: 18, type: 'string', size: 16 },
    Opt: { at: 34, type: 'string', size: 8 },
    Vr: { at: 42, type: 'string', size: 8 },
    SN: { at: 50, type: 'string', size: 16 },
    DA: { at: 66, type: 'uint16', access: 'RW' },
    Pad: { at: 67, type: 'pad' },
  },
});

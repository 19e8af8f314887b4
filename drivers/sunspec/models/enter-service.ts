import { defineModel } from '../points.ts';

/** Model 703, enter service: ES permits the DER to be connected, or stops it. */
export const enterServiceModel = defineModel({
  ids: [703],
  name: 'enter_service',
  length: 17,
  points: {
    ID: { at: 0, type: 'uint16' },
    L: { at: 1, type: 'uint16' },
    ES: { at: 2, type: 'enum16', access: 'RW' },
    ESVHi: { at: 3, type: 'uint16', sf: 'V_SF', units: 'Pct', access: 'RW' },
    ESVLo: { at: 4, type: 'uint16', sf: 'V_SF', units: 'Pct', access: 'RW' },
    ESHzHi: { at: 5, type: 'uint32', sf: 'Hz_SF', units: 'Hz', access: 'RW' },
    ESHzLo: { at: 7, type: 'uint32', sf: 'Hz_SF', units: 'Hz', access: 'RW' },
    ESDlyTms: { at: 9, type: 'uint32', units: 'Secs', access: 'RW' },
    ESRndTms: { at: 11, type: 'uint32', units: 'Secs', access: 'RW' },
    ESRmpTms: { at: 13, type: 'uint32', units: 'Secs', access: 'RW' },
    ESDlyRemTms: { at: 15, type: 'uint32', units: 'Secs' },
    V_SF: { at: 17, type: 'sunssf' },
    Hz_SF: { at: 18, type: 'sunssf' },
  },
});

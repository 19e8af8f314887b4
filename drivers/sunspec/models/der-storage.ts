import { defineModel } from '../points.ts';

/** Model 713, DER storage capacity: rating, what is left of it, state of charge. */
export const derStorageModel = defineModel({
  ids: [713],
  name: 'der_storage',
  length: 7,
  points: {
    ID: { at: 0, type: 'uint16' },
    L: { at: 1, type: 'uint16' },
    WHRtg: { at: 2, type: 'uint16', sf: 'WH_SF', units: 'WH' },
    WHAvail: { at: 3, type: 'uint16', sf: 'WH_SF', units: 'WH' },
    SoC: { at: 4, type: 'uint16', sf: 'Pct_SF', units: 'Pct' },
    SoH: { at: 5, type: 'uint16', sf: 'Pct_SF', units: 'Pct' },
    Sta: { at: 6, type: 'enum16' },
    WH_SF: { at: 7, type: 'sunssf' },
    Pct_SF: { at: 8, type: 'sunssf' },
  },
});

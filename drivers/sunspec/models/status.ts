import { defineModel } from '../points.ts';

/** Model 122, measurements and status: connection state. */
export const statusModel = defineModel({
  ids: [122],
  name: 'status',
  length: 44,
  points: {
    ID: { at: 0, type: 'uint16' },
    L: { at: 1, type: 'uint16' },
    PVConn: { at: 2, type: 'bitfield16' },
    StorConn: { at: 3, type: 'bitfield16' },
    ECPConn: { at: 4, type: 'bitfield16' },
    ActWh: { at: 5, type: 'acc64', units: 'Wh' },
    ActVAh: { at: 9, type: 'acc64', units: 'VAh' },
    ActVArhQ1: { at: 13, type: 'acc64', units: 'varh' },
    ActVArhQ2: { at: 17, type: 'acc64', units: 'varh' },
    ActVArhQ3: { at: 21, type: 'acc64', units: 'varh' },
    ActVArhQ4: { at: 25, type: 'acc64', units: 'varh' },
    VArAval: { at: 29, type: 'int16', sf: 'VArAval_SF', units: 'var' },
    VArAval_SF: { at: 30, type: 'sunssf' },
    WAval: { at: 31, type: 'uint16', sf: 'WAval_SF', units: 'var' },
    WAval_SF: { at: 32, type: 'sunssf' },
    StSetLimMsk: { at: 33, type: 'bitfield32' },
    StActCtl: { at: 35, type: 'bitfield32' },
    TmSrc: { at: 37, type: 'string', size: 4 },
    Tms: { at: 41, type: 'uint32', units: 'Secs' },
    RtSt: { at: 43, type: 'bitfield16' },
    Ris: { at: 44, type: 'uint16', sf: 'Ris_SF', units: 'ohms' },
    Ris_SF: { at: 45, type: 'sunssf' },
  },
});

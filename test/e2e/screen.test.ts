import { describe, expect, test } from 'vitest';
import { newBoard, type Board } from '../rig/run/board.ts';
import { drawScreen } from '../rig/run/screen.ts';
import { ASCII, UNICODE } from '../rig/run/style.ts';
import { killScenario } from './kill/plan.ts';

const MRID = '3F19218121EC39F459A3D4EF00032473';

const board = (): Board => {
  const made = newBoard(killScenario(8), 1);
  made.elapsed = 60;
  made.units = [{ name: 'controld', state: 'waiting', pid: null, restarts: 2, startedAt: 0 }];
  for (let t = 0; t <= 60_000; t += 100)
    made.truth.push({ t, generation: 2480, load: 1000, netExport: 1480, cap: 2500, available: 10_000 });
  made.view = {
    utilityTime: 60,
    exportLimit: 1500,
    limitSource: `event ${MRID}`,
    netImport: -1478,
    generation: 2480,
    load: 1000,
    cap: 2500,
    seeing: 'seen',
    missing: [],
    devices: [{ device: 'inverter', standing: 'answering', state: 'throttled', text: 'holds 2500 W' }],
    lines: [{ line: 'rs485', use: 0.55, faults: 1 }],
    alarms: ['meter-silent meter'],
    events: [{ mRID: MRID, state: 'started', start: 30, until: 90 }],
  };
  made.news.push({ at: 3, source: 'server', level: 'info', text: 'PUT DERStatus\x1b[31m 204' });
  return made;
};

const SIZES = [
  [80, 24],
  [40, 10],
  [200, 60],
  [20, 8],
] as const;

describe('the screen', () => {
  test.for(SIZES)('fills %i by %i and not a cell more', ([columns, rows]) => {
    const lines = drawScreen(board(), { columns, rows }, { colour: false, glyphs: UNICODE }, () => 1500);
    expect(lines).toHaveLength(rows);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test('says what matters in 80 by 24', () => {
    const lines = drawScreen(board(), { columns: 80, rows: 24 }, { colour: false, glyphs: UNICODE }, () => 1500);
    const text = lines.join('\n');
    for (const words of ['1 500 W', '1 480 W', 'event 3F192181', '55 %', 'meter-silent', '0:30 left', 'restarting 2 restarts'])
      expect(text).toContain(words);
  });

  test('without colour there is no escape code, not even one that came from outside', () => {
    const lines = drawScreen(board(), { columns: 80, rows: 24 }, { colour: false, glyphs: ASCII }, () => 1500);
    expect(lines.join('\n')).toMatch(/^[\x20-\x7e\n]*$/);
  });
});

import { type KeyFigures, SIGN_DELAYS_MS } from './key-trials.ts';
import { median, quantile, type Row } from './table.ts';

const P99 = 0.99;
/** What a signature may delay a tick beyond its own due time by, milliseconds. */
const TICK_DELAY_MOST_MS = 50;

const ms = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
const spread = (values: readonly number[]): string => `p50 ${ms(median(values))}, p99 ${ms(quantile(values, P99))}`;
const read = (figure: string, measured: string): Row => ({ figure, measured, limit: '', peer: '', met: null });

/** The TPM is simulated: its own time is that of a program, and the injected delay stands for hardware. */
export const keyRows = (figures: KeyFigures | string): readonly Row[] => {
  if (typeof figures === 'string') return [read('key in the TPM', `not measured: ${figures}`)];
  const { signs, full, resumed, northStalls, ticksLate } = figures;
  return [
    read(`signature in a simulated TPM, ${signs.length}`, spread(signs)),
    read(`full handshake, key in a file, ${full.file.length}`, spread(full.file)),
    read('full handshake, key in the TPM', spread(full.tpm)),
    read('resumed handshake, key in a file', spread(resumed.file)),
    read('resumed handshake, key in the TPM', spread(resumed.tpm)),
    ...SIGN_DELAYS_MS.map((delay, at) =>
      read(`loop of northd stands, signature + ${delay} ms`, ms(northStalls[at] ?? Number.NaN)),
    ),
    ...SIGN_DELAYS_MS.map((delay, at): Row => {
      const late = ticksLate[at] ?? Number.NaN;
      const figure = `latest tick of controld after it was due, signature + ${delay} ms`;
      const limit = `<= ${TICK_DELAY_MOST_MS} ms`;
      return delay === 0
        ? read(figure, ms(late))
        : { figure, measured: ms(late), limit, peer: '', met: late <= TICK_DELAY_MOST_MS };
    }),
  ];
};

import type { RegisterImage } from './image.ts';

/** Reactive power of one inverter from its own registers: model 123, giving var to the grid positive. */
export const reactiveOf = (image: RegisterImage, watts: number, ratedW: number): number => {
  const limit = 0.44 * ratedW;
  let reactive = 0;
  if (image.get(123, 'OutPFSet_Ena') === 1) {
    const factor = image.get(123, 'OutPFSet');
    reactive = factor === 0 ? 0 : Math.sign(factor) * watts * Math.tan(Math.acos(Math.min(1, Math.abs(factor))));
  }
  if (image.get(123, 'VArPct_Ena') === 1 && watts > 0) {
    const bases = [0, ratedW, limit, Math.sqrt(Math.max(0, ratedW ** 2 - watts ** 2))];
    const shares = ['VArWMaxPct', 'VArWMaxPct', 'VArMaxPct', 'VArAvalPct'] as const;
    const mode = image.get(123, 'VArPct_Mod');
    reactive = ((bases[mode] ?? 0) * image.get(123, shares[mode] ?? 'VArWMaxPct')) / 100;
  }
  return Math.max(-limit, Math.min(limit, reactive));
};

/** As the factory leaves it: power factor 1 and no reactive power, neither in force. */
export const reactiveDefaults = (image: RegisterImage): void => {
  for (const point of ['VArWMaxPct', 'VArMaxPct', 'VArAvalPct', 'VArPct_Mod']) image.put(123, point, 0);
};

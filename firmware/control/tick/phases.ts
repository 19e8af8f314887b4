import type { Plant } from '#control/limiter/plant.ts';
import type { SiteFacts } from './state.ts';

/** The limit of each phase, where the site has one. */
export const phasesOf = ({ exportPerPhase, inverters }: SiteFacts): Pick<Plant, 'phases'> => {
  if (exportPerPhase === undefined) return {};
  const feeds = new Map(inverters.flatMap(({ device, phase }) => (phase === undefined ? [] : [[device, phase]])));
  return { phases: { exportLimit: exportPerPhase, feeds } };
};

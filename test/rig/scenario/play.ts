import { cycling, lines, looping, noisy, steps, type Profile } from '../site/profile.ts';
import type { RealSite } from '../site/real.ts';
import { siteOf, type RigSite, type SiteSettings } from '../site/site.ts';
import type { FaultKind, Scenario, ScenarioFault } from './scenario.ts';

/** The site a scenario asks for; every draw comes from the seed. */
export const siteSettings = (scenario: Scenario, seed: number): SiteSettings => {
  const { site, loop, durationSeconds } = scenario;
  const round = (profile: Profile): Profile => (loop ? looping(profile, durationSeconds) : profile);
  const load = site.loadShape === 'steps' ? steps(site.load) : lines(site.load);
  return siteOf({
    plant: {
      ratedW: site.ratedW,
      sun: round(lines(site.sun)),
      load: noisy(round(load), site.loadNoiseW, seed),
      lagSeconds: site.lagSeconds,
      deadSeconds: site.deadSeconds,
      slewPercentPerSecond: site.slewPercentPerSecond ?? Infinity,
      gainErrorPercent: site.gainErrorPercent,
    },
    inverter: { limitScale: site.limitScale, startSeconds: site.reconnectSeconds },
    startAsleep: site.startAsleep,
    seed,
  });
};

/** The load that the bench cycles: 2 kW every 5 s on top of `base`. */
export const benchCycle = (base: Profile): Profile => cycling(base, 2000, 5);

/** A fault that begins or ends; `at` in seconds since the start. */
export interface Turn {
  readonly at: number;
  readonly kind: FaultKind;
  readonly on: boolean;
  readonly forSeconds: number;
}

/** Faults without an end of their own: they happen. */
export const INSTANT: readonly FaultKind[] = ['inverter-restarts', 'second-master', 'kill-controld', 'kill-northd'];

/** Beginnings and ends of a scenario's faults in order of time; `round` counts the repetitions of a looping one from 0. */
export const turnsOf = (scenario: Scenario, round = 0): readonly Turn[] => {
  const shift = round * scenario.durationSeconds;
  const both = ({ at, kind, forSeconds }: ScenarioFault): Turn[] => {
    const begins = { at: at + shift, kind, on: true, forSeconds };
    return INSTANT.includes(kind) ? [begins] : [begins, { at: at + shift + forSeconds, kind, on: false, forSeconds }];
  };
  return scenario.faults.flatMap(both).sort((a, b) => a.at - b.at);
};

/** Applies a site fault to a core at `at` milliseconds; false: it is not the site's (server, gateway). */
export const applyToSite = (site: RigSite, turn: Turn, at: number): boolean => {
  switch (turn.kind) {
    case 'meter-silent':
      site.meter.fault(at, { silent: turn.on });
      return true;
    case 'meter-frozen':
      site.meter.fault(at, { frozen: turn.on });
      return true;
    case 'meter-flipped':
      site.meter.fault(at, { signFlipped: turn.on });
      return true;
    case 'inverter-silent':
      site.inverter.fault(at, { silent: turn.on });
      return true;
    case 'inverter-ignores':
      site.inverter.fault(at, { ignoresLimit: turn.on });
      return true;
    case 'inverter-restarts':
      site.inverter.restart(at, turn.forSeconds);
      return true;
    case 'second-master':
      site.inverter.overwrite(at, null);
      return true;
    case 'power-cut':
      if (turn.on) site.inverter.restart(at, turn.forSeconds);
      site.meter.fault(at, { silent: turn.on });
      return true;
    case 'line-unplugged':
      site.line.plug(!turn.on);
      return true;
    case 'server-down':
    case 'server-clock':
    case 'flash-fails':
    case 'kill-controld':
    case 'kill-northd':
      return false;
  }
};

/** The same in real time; there an unplugged line is a hang-up of its device. */
export const applyToRealSite = async (real: RealSite, turn: Turn): Promise<boolean> => {
  if (turn.kind !== 'line-unplugged') return applyToSite(real.site, turn, real.now());
  await (turn.on ? real.unplug() : real.plug());
  return true;
};

import type { Percent, Watts } from '#base/units.ts';
import type { Phase } from '#control/limiter/phases.ts';
import type { DeviceId, OnSilence } from '#site/device.ts';

/** What the tick must know of a storage device beyond what it measures. */
export interface StorageFacts {
  readonly device: DeviceId;
  /** What it takes and gives at most, positive numbers; null until the device was met once. */
  readonly rating: { readonly maxCharge: Watts; readonly maxDischarge: Watts } | null;
  readonly onSilence: OnSilence;
  /** Never discharged below this state of charge by us. */
  readonly reserve: Percent;
  /** May be told to charge from the grid. */
  readonly gridCharge: boolean;
  /** The inverter whose AC output it shares (hybrid); null: it has its own. */
  readonly behind: DeviceId | null;
  /** Commanded, it takes a power and has no automatic of its own inside a band; absent: it keeps to a window. */
  readonly takes?: 'power';
  /** Of single-phase storage: the phase it feeds; absent: all three alike. */
  readonly phase?: Phase;
}

/** A controllable load. In the order of the site's list the last is shed first. */
export interface LoadFacts {
  readonly device: DeviceId;
  readonly maxPower: Watts;
  /** A relay is on or off; a scale takes any power up to its own. */
  readonly steps: 'relay' | 'scale';
  /** It runs while nothing limits. */
  readonly normallyOn: boolean;
}

/** What flows while a device beside the inverters decides what to do. */
export interface Flows {
  /** What the site takes that no battery gives: load and switched loads less generation, watts. */
  readonly residual: number;
  /** What the panels offer that a battery behind an inverter shares. */
  readonly sun: number;
  /** A battery's share of the residual, 0-1. */
  readonly share: number;
}

/** A battery or a switched load: moved along the site's grid of time, and looked at by the meter. */
export interface Beside {
  step(t: number, seconds: number, flows: Flows): void;
  /** Watts at an instant that was stepped over; positive: given by a battery, taken by a load. */
  powerAt(t: number): number;
}

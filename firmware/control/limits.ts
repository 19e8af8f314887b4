import type { Percent, UtilitySeconds, Watts } from '#base/units.ts';
import type { TargetMode } from './modes.ts';
import type { ControlModes } from './program.ts';

/** Where a limit in force comes from. */
export type LimitSource =
  | { readonly kind: 'event'; readonly server: string; readonly mRID: string; readonly until: UtilitySeconds }
  | { readonly kind: 'default'; readonly server: string; readonly program: string }
  /** The commissioned limits that bind where no default was ever stored. */
  | { readonly kind: 'fallback' }
  /** The commissioned limit that always binds. */
  | { readonly kind: 'commissioned' }
  /** A rule of the site beside the utility: schedule, connection agreement, lock-out. */
  | { readonly kind: 'local'; readonly name: string }
  /** Nothing limits any more, but the last limit is still rising in its ramp. */
  | { readonly kind: 'release' };

export interface Limit<T> {
  readonly value: T;
  /** Where a limit in a ramp goes; null: to no limit. Absent: it stands. */
  readonly towards?: T | null;
  readonly source: LimitSource;
}

/** What binds now, per mode, each with its source; absent means that no source limits it (design section 3). */
export interface ActiveLimits {
  readonly exportLimit?: Limit<Watts>;
  readonly importLimit?: Limit<Watts>;
  readonly generationLimit?: Limit<Watts>;
  readonly loadLimit?: Limit<Watts>;
  readonly maxPower?: Limit<Percent>;
  readonly energize?: Limit<boolean>;
  readonly connect?: Limit<boolean>;
  /** The modes in force that are no limits; absent: none. */
  readonly targets?: Targets;
}

/** What each mode that is no limit asks for; curves by their id. */
export type Targets = { readonly [Mode in TargetMode]?: Limit<NonNullable<ControlModes[Mode]>> };

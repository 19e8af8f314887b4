import type { ResourceOf } from '#utility/wire/schema/resources.ts';

/** A DERProgram with what hangs below it. All URLs absolute. */
export interface WalkedProgram {
  readonly url: string;
  readonly program: ResourceOf<'DERProgram'>;
  /** False: this walk could not read its controls or its default; what was known of it stays (design D2). */
  readonly read: boolean;
  /** Null: the server says that there is none. */
  readonly defaultControl: ResourceOf<'DefaultDERControl'> | null;
  readonly controls: readonly WalkedControl[];
}

export interface WalkedControl {
  readonly control: ResourceOf<'DERControl'>;
  /** Absolute; null: none served, or refused. */
  readonly replyTo: string | null;
}

/** A DERCurve that a control or default names. */
export interface WalkedCurve {
  /** As the mode's link serves it: controls know the curve by it. */
  readonly href: string;
  readonly curve: ResourceOf<'DERCurve'>;
}

/** Where the reports of one DER go; null: the server offers no such place. */
export interface DerPlaces {
  readonly capability: string | null;
  readonly settings: string | null;
  readonly status: string | null;
  readonly availability: string | null;
}

export interface WalkedMirrors {
  /** The MirrorUsagePointList: where a new one is POSTed. */
  readonly url: string;
  readonly points: readonly { readonly url: string | null; readonly point: ResourceOf<'MirrorUsagePoint'> }[];
}

/** What the last walk found. A value: a new walk makes a new one. */
export interface WalkedTree {
  /** Number of this walk, from 1. */
  readonly walk: number;
  /** Every program list was read at least once: programs that are not here do not exist. False: there may be others. */
  readonly complete: boolean;
  readonly endDevice: { readonly url: string | null; readonly device: ResourceOf<'EndDevice'> };
  readonly connectionPoint: string | null;
  readonly logEvents: string | null;
  readonly programs: readonly WalkedProgram[];
  /** Those that were read; absent: none was asked for. */
  readonly curves?: readonly WalkedCurve[];
  /** The one that is ours first (links.ts); reports go there. */
  readonly ders: readonly DerPlaces[];
  /** Seconds between two DERStatus: the DERList's rate. */
  readonly derRate: number;
  /** Null: not offered, or not read yet. Nothing is created before it was read. */
  readonly mirrors: WalkedMirrors | null;
}

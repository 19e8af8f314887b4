import type { DurationMs, MonoMs, UtilitySeconds, VoltAmperes, Volts, WattHours, Watts } from '#base/units.ts';
import type { ControlMode, ProgramSet } from '#control/program.ts';
import type { OtherLimit } from '#control/record.ts';
import type { LeastFactor, StorageRating } from '#site/device.ts';

/** Version of the messages below; a peer of another version is answered with a hello and closed. */
export const LINK_PROTOCOL = 1;
/** One JSON object a line, at most this many bytes. */
export const LINE_BYTES_MAX = 1024 * 1024;

export interface Hello {
  readonly type: 'hello';
  readonly protocol: number;
  readonly release: string;
  /** controld: digest of the newest ProgramSet it holds, null when none; northd: null. */
  readonly planId: string | null;
}

/** The relation of the monotonic clock to utility time, measured by northd (design D7). */
export interface ClockAnchor {
  readonly type: 'clock-anchor';
  readonly bootId: string;
  readonly mono: MonoMs;
  readonly utility: UtilitySeconds;
  /** Uncertainty, seconds (half the round trip and the server's resolution). */
  readonly error: number;
}

export interface ProgramSetMessage {
  readonly type: 'program-set';
  readonly planId: string;
  readonly set: ProgramSet;
}

/** An alarm or audit line of northd for the log. */
export interface NorthNote {
  readonly type: 'north-note';
  readonly event: string;
  readonly text: string;
  /** True: an alarm that stands from now, until false comes for the same event or the connection ends. Absent: it just happened. */
  readonly standing?: boolean | undefined;
}

/** What a source of limits beside the utility said, as northd heard it; null: no limit of that kind. */
export interface LocalLimitMessage {
  readonly type: 'local-limit';
  /** Its name in the configuration. */
  readonly source: string;
  readonly heard: MonoMs;
  /** It counts so long; the configuration bounds it. */
  readonly seconds: number;
  readonly exportW: Watts | null;
  readonly generationW: Watts | null;
  readonly importW: Watts | null;
}

/** Northd to controld. */
export type NorthMessage = Hello | ClockAnchor | ProgramSetMessage | NorthNote | LocalLimitMessage;

/** Ratings summed over the site's inverters, as DERCapability and DERSettings need them. Null until a device was verified. */
export interface SiteNameplate {
  readonly ratedPower: Watts;
  readonly maxPower: Watts;
  readonly ratedApparent: VoltAmperes | null;
  readonly ratedVarInjected: number | null;
  readonly ratedVarAbsorbed: number | null;
  readonly referenceVoltage: Volts | null;
  /** Summed over the site's storage; null or absent: none. */
  readonly storage?: SiteStorage | null;
  /** What every inverter can hold; absent: one does not say. */
  readonly leastFactor?: LeastFactor;
  /** There is no inverter: active power is what storage gives. Absent: there is one. */
  readonly isStorageAlone?: true;
}

/** All storage of the site. */
export interface SiteStorage extends StorageRating {
  /** What its owner keeps in it; null or absent: not known. */
  readonly floor?: WattHours | null;
}

/** As DERStatus tells the utility. */
export interface SiteStatus {
  /** Bit 0 connected, 1 available, 2 operating, 3 test, 4 fault (IEEE 2030.5 genConnectStatus). */
  readonly genConnectStatus: number;
  /** 1 off, 2 operational. */
  readonly operationalModeStatus: 0 | 1 | 2;
  /** IEEE 2030.5 inverterStatus 0-7 value; null: unknown. */
  readonly inverterStatus: number | null;
  readonly alarmStatus: number;
  /** Power that would come at once if nothing limited it, beyond what comes now; null or absent: not known. */
  readonly reserve?: Watts | null;
  /** Null or absent: no storage on site. */
  readonly storage?: StorageStatus | null;
}

/** As the storage members of DERStatus. */
export interface StorageStatus {
  /** Bits as genConnectStatus. */
  readonly connectStatus: number;
  /** Hundredths of a per cent; null: unknown. */
  readonly stateOfCharge: number | null;
  /** 0 charging, 1 discharging, 2 holding; null: unknown. */
  readonly mode: 0 | 1 | 2 | null;
  /** Null or absent: not known. */
  readonly reserve?: StorageReserve | null;
}

/** What storage could do beyond what it does now, and for how long it could at full rate (DERAvailability). */
export interface StorageReserve {
  readonly discharge: Watts;
  readonly charge: Watts;
  /** Null: its content is not known. */
  readonly dischargesFor: DurationMs | null;
  readonly chargesFor: DurationMs | null;
}

/** Control to north: on connect and on change. */
export interface SiteSnapshot {
  readonly type: 'site-snapshot';
  readonly nameplate: SiteNameplate | null;
  readonly status: SiteStatus;
  /** What the site's devices can carry out; absent: said by a release that knew no others than an inverter's. */
  readonly modes?: readonly ControlMode[];
}

/** Newest committed record of the log. */
export interface LogHead {
  readonly type: 'log-head';
  readonly seq: number;
}

export type ControlMessage = Hello | SiteSnapshot | LogHead;

/** What the view role receives about once a second; for people and tools, never for control. */
/** How an inverter was seen to answer its cap. */
export interface Learned {
  /** Delivered for each watt of cap, 0.9 to 1.1; 1 until something else was seen. */
  readonly gain: number;
  /** Most time that a cap takes to show in full, milliseconds: learned within bounds, 5 s to begin with. */
  readonly settleMs: number;
  /** From a cap until the output moves, milliseconds; null: nothing seen. */
  readonly deadTime: { readonly least: number; readonly most: number; readonly isConfirmed: boolean } | null;
  /** As of a first-order lag, milliseconds; null: not confirmed. */
  readonly lagMs: number | null;
  /** Step in which it takes a limit, watts; null: none that is worth knowing. */
  readonly step: number | null;
}

export interface ViewSnapshot {
  readonly type: 'view';
  readonly at: MonoMs;
  readonly utilityTime: UtilitySeconds | null;
  /** Null: no export limit. */
  readonly exportLimit: Watts | null;
  readonly limitSource: string;
  /** The other limits of power that stand; absent (an older release): none is told. */
  readonly otherLimits?: readonly { readonly limit: OtherLimit; readonly value: Watts; readonly source: string }[];
  readonly netImport: Watts | null;
  readonly generation: Watts | null;
  readonly load: Watts | null;
  readonly cap: Watts | null;
  readonly seeing: 'seen' | 'blind';
  readonly missing: readonly string[];
  readonly devices: readonly {
    readonly device: string;
    readonly standing: string;
    readonly state: string;
    readonly text: string;
    /** What was learned of an inverter. Absent: it is none, or an older release. */
    readonly learned?: Learned;
  }[];
  /** The latest that a tick of the last ten to twenty seconds ran after it was due, milliseconds. Absent: an older release. */
  readonly lateMs?: number;
  readonly lines: readonly {
    readonly line: string;
    /** Fraction of wire time used over the last minute, 0-1. */
    readonly use: number;
    readonly faults: number;
  }[];
  readonly alarms: readonly string[];
  readonly events: readonly {
    readonly mRID: string;
    readonly state: string;
    readonly start: UtilitySeconds;
    readonly until: UtilitySeconds;
  }[];
}

/** A tool asks for the last frames of a line; `follow`: and for every later one until it hangs up. */
export interface TraceRequest {
  readonly type: 'trace-request';
  readonly line: string;
  readonly follow: boolean;
}

export interface TraceFrame {
  /** Microsecond precision. */
  readonly at: MonoMs;
  readonly direction: 'request' | 'reply';
  readonly hex: string;
  /** `ok`, or what was wrong with it. */
  readonly verdict: string;
}

export interface Trace {
  readonly type: 'trace';
  readonly line: string;
  /** False: there is no line of this name. */
  readonly known: boolean;
  readonly frames: readonly TraceFrame[];
  /** More of the answer follows at once; false: this was all there is now. */
  readonly more: boolean;
}

/** A tool asks for what each tick sees and decides, until it hangs up. */
export interface TapeRequest {
  readonly type: 'tape-request';
}

/** A piece of a line of a tape (`control/tick/tape.ts`); a line ends with the piece that has no more after it. */
export interface Tape {
  readonly type: 'tape';
  readonly text: string;
  readonly more: boolean;
}

/** A tool asks who answers on a line; the scan ends when it hangs up. */
export interface ScanRequest {
  readonly type: 'scan-request';
  /** Name of a configured line; where the site is not commissioned, the path of a serial device. */
  readonly line: string;
  /** Of such a device; absent: 9600 baud 8N1. A configured line has its own. */
  readonly serial?: { readonly baudRate: number; readonly parity: 'none' | 'even' | 'odd'; readonly stopBits: 1 | 2 };
}

/** How far the scan of a line is, and what it makes of each unit that answered. */
export interface ScanReport {
  readonly type: 'scan';
  readonly line: string;
  /** False: there is no line of this name, or it does not open. */
  readonly known: boolean;
  /** Unit ids dealt with, of so many. */
  readonly tried: number;
  readonly total: number;
  readonly done: boolean;
  readonly units: readonly {
    readonly unitId: number;
    /** Null: nothing we could use. */
    readonly role: string | null;
    readonly profile: string | null;
    readonly serialNumber: string;
    readonly text: string;
  }[];
}

/** A lock-out of the export limitation scheme is lifted. */
export interface LockoutReset {
  readonly type: 'lockout-reset';
  /** Absent: the installer. The user of a domestic site may do so twice in 30 days (UK ENA G100 Issue 2). */
  readonly by?: 'user';
}

/** A command of the installer was taken, or why not. */
export interface Done {
  readonly type: 'done';
  readonly refused?: string;
}

/** The installer wants sign and phases of the meter checked; the check ends when he hangs up. */
export interface MeterCheckRequest {
  readonly type: 'meter-check-request';
}

/** How far the check of the meter is, and what it found. */
export interface MeterCheckReport {
  readonly type: 'meter-check';
  readonly done: boolean;
  /** What it does now; done: why it ended early, empty when it did not. */
  readonly text: string;
  readonly inverters: readonly {
    readonly device: string;
    readonly relation: string;
    readonly confidence: string;
    /** Those that moved with it, `abc` at most. */
    readonly phases: string;
    readonly text: string;
  }[];
  /** `sign` as the configuration ought to have it, null: not to be told. The whole null: not done. */
  readonly site: { readonly sign: 1 | -1 | null; readonly text: string } | null;
}

/** The installer's configuration file, whole. */
export interface ConfigStore {
  readonly type: 'config-store';
  readonly text: string;
}

/** What became of it; no problem: it is stored, and controld restarts with it. */
export interface ConfigStored {
  readonly type: 'config-stored';
  readonly problems: readonly string[];
}

/** Installer's tool to controld, and back. */
export type InstallRequest = Hello | LockoutReset | MeterCheckRequest | ConfigStore;
export type InstallMessage = Hello | Done | MeterCheckReport | ConfigStored;

/** View client to controld, and back. */
export type ViewRequest = Hello | TraceRequest | TapeRequest | ScanRequest;
export type ViewMessage = Hello | ViewSnapshot | Trace | Tape | ScanReport;

/** Bounds both sides hold. */
export const TRACE_FRAMES_MAX = 500;
export const FRAME_HEX_MAX = 2 * 260;
/** Characters of a configuration file; escaped once more in the message, it stays below the longest line. */
export const CONFIG_TEXT_MAX = 256 * 1024;
/** Characters of a piece: escaped once more in the message, it stays below the longest line. */
export const TAPE_PIECE_MAX = 200 * 1024;

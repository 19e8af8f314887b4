import type { InverterDevice } from './device.ts';
import type { Fault, FaultSpan } from './draw.ts';
import type { MeterFaults } from './points.ts';

const RESTART_SECONDS = 1;
/** Of the strengths of a kill, those that the service manager mends at once. */
const RESTARTED_PART = 0.6;
const WALL_STEP_SECONDS = 100_000;
const ANCHOR_OFF_SECONDS = 110;
const ANCHOR_WILD_LEAST = 100;
const ANCHOR_WILD_SPAN = 1e6;
const SECOND_MASTER_MS = 7000;
const DARK_MOST_SECONDS = 60;
const LATE_LEAST_MS = 50;
const LATE_SPAN_MS = 950;
/** Illegal address, device failure, busy. */
const EXCEPTIONS = [2, 4, 6] as const;

/** A fault that begins or ends, and what it may reach. */
interface Turn {
  readonly device: InverterDevice;
  readonly meter: MeterFaults;
  readonly samples: { lost: number; late: number };
  /** Milliseconds of the site's time. */
  readonly at: number;
  readonly span: FaultSpan;
  readonly on: boolean;
  readonly isStanding: () => boolean;
  readonly later: (milliseconds: number, run: (at: number) => void) => void;
  readonly kill: (restartAfterSeconds: number) => void;
  readonly stepWall: (seconds: number) => void;
  /** A clock anchor this far off, seconds; `stays`: those to come as well. */
  readonly anchor: (off: number, stays: boolean) => void;
}

const master = (turn: Turn, at: number): void => {
  if (!turn.isStanding()) return;
  turn.device.openByOther(at);
  turn.later(SECOND_MASTER_MS, (next) => master(turn, next));
};

const TURNS: Readonly<Partial<Record<Fault, (turn: Turn) => void>>> = {
  'meter-silent': ({ meter, on }) => {
    meter.silent = on;
  },
  'meter-frozen': ({ meter, on }) => {
    meter.frozen = on;
  },
  'meter-turned': ({ meter, on }) => {
    meter.turned = on;
  },
  'samples-lost': ({ samples, on, span }) => {
    samples.lost = on ? 0.4 * span.strength : 0;
  },
  'samples-late': ({ samples, on, span }) => {
    samples.late = on ? 800 * span.strength : 0;
  },
  'inverter-silent': ({ device, on }) => {
    device.faults.silent = on;
  },
  'inverter-late': ({ device, on, span }) => {
    device.faults.late = on ? LATE_LEAST_MS + LATE_SPAN_MS * span.strength : 0;
  },
  'inverter-refuses': ({ device, on, span }) => {
    device.faults.refuses = on ? (EXCEPTIONS[Math.floor(span.strength * EXCEPTIONS.length)] ?? EXCEPTIONS[0]) : 0;
  },
  'inverter-unsure': ({ device, on, span }) => {
    device.faults.unsure = on ? 0.6 * span.strength : 0;
  },
  'inverter-forgets': ({ device, at, on }) => {
    if (on) device.forget(at);
  },
  'inverter-ignores': ({ device, at, on }) => {
    if (on) device.faults.ignores = true;
    else device.obeyAgain(at);
  },
  'inverter-restarts': ({ device, at, on, span, later }) => {
    if (!on) return;
    const dark = Math.min(span.until - span.from, DARK_MOST_SECONDS);
    device.restart(at, dark);
    later(dark * 1000, (lit) => device.light(lit));
  },
  'second-master': (turn) => {
    if (turn.on) master(turn, turn.at);
  },
  'controld-killed': ({ on, span, kill }) => {
    if (on) kill(span.strength < RESTARTED_PART ? RESTART_SECONDS : span.until - span.from);
  },
  'wall-steps': ({ on, span, stepWall }) => {
    if (on) stepWall((span.strength - 0.5) * WALL_STEP_SECONDS);
  },
  'anchor-off': ({ on, span, anchor }) => anchor(on ? Math.round((span.strength - 0.5) * ANCHOR_OFF_SECONDS) : 0, true),
  'anchor-wild': ({ on, span, anchor }) => {
    if (on) anchor(ANCHOR_WILD_LEAST + ANCHOR_WILD_SPAN * span.strength, false);
  },
};

/** Lets a fault begin or end; those of the line and of the server are looked at where they matter. */
export const befall = (turn: Turn): void => TURNS[turn.span.fault]?.(turn);

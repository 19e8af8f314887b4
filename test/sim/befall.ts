import type { BatteryCore } from '../rig/site/battery.ts';
import type { InverterCore } from '../rig/site/inverter.ts';
import type { RigSite } from '../rig/site/site.ts';
import type { SwitchedLoad } from '../rig/site/switched-load.ts';
import type { VirtualLine } from '../support/virtual-line-port.ts';
import type { Fault, FaultSpan } from './draw.ts';

/** Illegal address, device failure, busy. */
const EXCEPTIONS = [2, 4, 6] as const;
const LATE_LEAST_MS = 50;
const LATE_SPAN_MS = 950;
const DARK_MOST_SECONDS = 60;
const FULL_PERCENT = 100;

interface Turn {
  readonly site: RigSite;
  readonly inverter: InverterCore;
  /** Undefined: the site has none. */
  readonly battery: BatteryCore | undefined;
  readonly load: SwitchedLoad | undefined;
  readonly line: VirtualLine;
  readonly at: number;
  readonly span: FaultSpan;
  readonly on: boolean;
}

const exceptionOf = (strength: number): number => EXCEPTIONS[Math.floor(strength * EXCEPTIONS.length)] ?? EXCEPTIONS[0];

const TURNS: Readonly<Partial<Record<Fault, (turn: Turn) => void>>> = {
  'meter-silent': ({ site, at, on }) => site.meter.fault(at, { silent: on }),
  'meter-frozen': ({ site, at, on }) => site.meter.fault(at, { frozen: on }),
  'meter-late': ({ site, at, on, span }) =>
    site.meter.fault(at, { lateMs: on ? LATE_LEAST_MS + LATE_SPAN_MS * span.strength : 0 }),
  'meter-flipped': ({ site, at, on }) => site.meter.fault(at, { signFlipped: on }),
  'inverter-opens': ({ inverter, at, on }) => {
    if (on) inverter.overwrite(at, null);
  },
  'second-master': ({ inverter, at, span }) => inverter.overwrite(at, FULL_PERCENT * span.strength),
  'inverter-silent': ({ inverter, at, on }) => inverter.fault(at, { silent: on }),
  'inverter-ignores': ({ inverter, at, on }) => inverter.fault(at, { ignoresLimit: on }),
  'inverter-late': ({ inverter, at, on, span }) =>
    inverter.fault(at, { lateMs: on ? LATE_LEAST_MS + LATE_SPAN_MS * span.strength : 0 }),
  'inverter-exception': ({ inverter, at, on, span }) => inverter.fault(at, { exception: on ? exceptionOf(span.strength) : 0 }),
  'inverter-crc': ({ inverter, at, on }) => inverter.fault(at, { corruptCrc: on }),
  'inverter-wrong-unit': ({ inverter, at, on }) => inverter.fault(at, { wrongUnit: on }),
  'inverter-restarts': ({ inverter, at, on, span }) => {
    if (on) inverter.restart(at, Math.min(span.until - span.from, DARK_MOST_SECONDS));
  },
  'battery-silent': ({ battery, on }) => battery?.fault({ silent: on }),
  'battery-ignores': ({ battery, on }) => battery?.fault({ ignores: on }),
  'battery-refuses': ({ battery, on, span }) => battery?.fault({ refusesWrites: on ? exceptionOf(span.strength) : 0 }),
  'battery-restarts': ({ battery, at, on, span }) => {
    if (on) battery?.restart(at, Math.min(span.until - span.from, DARK_MOST_SECONDS));
  },
  'battery-released': ({ battery, at, on }) => {
    if (on) battery?.release(at);
  },
  'battery-recounts': ({ battery, on, span }) => {
    if (on) battery?.stage.recount(FULL_PERCENT * span.strength);
  },
  'load-silent': ({ load, on }) => load?.fault({ silent: on }),
  'load-ignores': ({ load, on }) => load?.fault({ ignores: on }),
  'load-restarts': ({ load, on }) => {
    if (on) load?.restart();
  },
  'cable-cut': ({ site, on, span }) => site.lines[span.line ?? 0]?.plug(!on),
  'adapter-pulled': ({ line, on }) => line.attach(!on),
};

/** Lets a fault of the line or of a device begin or end; nothing when it is the machine's or the utility's. */
export const befallSite = (site: RigSite, line: VirtualLine, span: FaultSpan, on: boolean): void => {
  line.sync();
  const inverter = site.inverters[span.inverter ?? 0] ?? site.inverter;
  const { beside = 0 } = span;
  const battery = site.batteries[beside % Math.max(1, site.batteries.length)];
  const load = site.switchedLoads[beside % Math.max(1, site.switchedLoads.length)];
  TURNS[span.fault]?.({ site, inverter, battery, load, line, at: line.siteNow, span, on });
};

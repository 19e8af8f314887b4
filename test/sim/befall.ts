import type { InverterCore } from '../rig/site/inverter.ts';
import type { RigSite } from '../rig/site/site.ts';
import type { VirtualLine } from '../support/virtual-line-port.ts';
import type { Fault, FaultSpan } from './draw.ts';

/** Illegal address, device failure, busy. */
const EXCEPTIONS = [2, 4, 6] as const;
const LATE_LEAST_MS = 50;
const LATE_SPAN_MS = 950;
const DARK_MOST_SECONDS = 60;

interface Turn {
  readonly site: RigSite;
  readonly inverter: InverterCore;
  readonly line: VirtualLine;
  readonly at: number;
  readonly span: FaultSpan;
  readonly on: boolean;
}

const exceptionOf = (strength: number): number => EXCEPTIONS[Math.floor(strength * EXCEPTIONS.length)] ?? EXCEPTIONS[0];

const TURNS: Readonly<Partial<Record<Fault, (turn: Turn) => void>>> = {
  'meter-silent': ({ site, at, on }) => site.meter.fault(at, { silent: on }),
  'meter-frozen': ({ site, at, on }) => site.meter.fault(at, { frozen: on }),
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
  'cable-cut': ({ site, on }) => site.line.plug(!on),
  'adapter-pulled': ({ line, on }) => line.attach(!on),
};

/** Lets a fault of the line or of a device begin or end; nothing when it is the machine's or the utility's. */
export const befallSite = (site: RigSite, line: VirtualLine, span: FaultSpan, on: boolean): void => {
  line.sync();
  const inverter = site.inverters[span.inverter ?? 0] ?? site.inverter;
  TURNS[span.fault]?.({ site, inverter, line, at: line.siteNow, span, on });
};

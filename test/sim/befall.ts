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
  readonly line: VirtualLine;
  readonly at: number;
  readonly span: FaultSpan;
  readonly on: boolean;
}

const exceptionOf = (strength: number): number => EXCEPTIONS[Math.floor(strength * EXCEPTIONS.length)] ?? EXCEPTIONS[0];

const TURNS: Readonly<Partial<Record<Fault, (turn: Turn) => void>>> = {
  'meter-silent': ({ site, at, on }) => site.meter.fault(at, { silent: on }),
  'meter-frozen': ({ site, at, on }) => site.meter.fault(at, { frozen: on }),
  'inverter-silent': ({ site, at, on }) => site.inverter.fault(at, { silent: on }),
  'inverter-ignores': ({ site, at, on }) => site.inverter.fault(at, { ignoresLimit: on }),
  'inverter-late': ({ site, at, on, span }) =>
    site.inverter.fault(at, { lateMs: on ? LATE_LEAST_MS + LATE_SPAN_MS * span.strength : 0 }),
  'inverter-exception': ({ site, at, on, span }) => site.inverter.fault(at, { exception: on ? exceptionOf(span.strength) : 0 }),
  'inverter-crc': ({ site, at, on }) => site.inverter.fault(at, { corruptCrc: on }),
  'inverter-wrong-unit': ({ site, at, on }) => site.inverter.fault(at, { wrongUnit: on }),
  'inverter-restarts': ({ site, at, on, span }) => {
    if (on) site.inverter.restart(at, Math.min(span.until - span.from, DARK_MOST_SECONDS));
  },
  'cable-cut': ({ site, on }) => site.line.plug(!on),
  'adapter-pulled': ({ line, on }) => line.attach(!on),
};

/** Lets a fault of the line or of a device begin or end; nothing when it is the machine's or the utility's. */
export const befallSite = (site: RigSite, line: VirtualLine, span: FaultSpan, on: boolean): void => {
  line.sync();
  TURNS[span.fault]?.({ site, line, at: line.siteNow, span, on });
};

import type { Clock, Note } from '#base/ports.ts';
import { type MonoMs, type Watts, watts } from '#base/units.ts';
import { isStopped } from '#control/limits/power.ts';
import type { DeviceId } from '#site/device.ts';
import { type CheckedInverter, type CheckReport, type Look, MeterCheck } from '#commission/meter-check.ts';
import type { MeterCheckReport } from '#link/message.ts';
import type { ToInstaller } from '#link/role.ts';
import type { Peer } from '#link/server.ts';
import type { Configuration } from '../config/configuration.ts';
import type { TickSeen } from './tape-link.ts';

/** Progress is told so often, milliseconds. */
const TELL_EVERY_MS = 2000;

/** Why the site is blind, as far as a check of the meter minds: one found implausible is what it is there to explain. */
const blindOf = ({ seen, reason }: TickSeen['result']['state']['limiter']['sight']): string | null =>
  seen || reason === 'implausible' ? null : reason;

const lookOf = ({ facts, inputs, result }: TickSeen): Look => ({
  now: inputs.now,
  samples: inputs.samples,
  inverters: new Map(
    facts.inverters.map(({ device, maxPower, minOutputFraction }): [DeviceId, CheckedInverter] => [
      device,
      {
        maxPower,
        least: watts((maxPower ?? 0) * minOutputFraction),
        standing: inputs.standings.get(device) ?? 'unverified',
        asked: result.state.asked.get(device)?.cap ?? null,
      },
    ]),
  ),
  blind: blindOf(result.state.limiter.sight),
  importLimit: result.state.limits.importLimit?.value ?? null,
  cutting: result.state.decision?.overcutting === true,
  stopped: isStopped(result.state.limits) || result.state.lockout.lockedAt !== null,
});

interface Running {
  readonly check: MeterCheck;
  readonly peer: Peer<ToInstaller>;
  toldAt: MonoMs | null;
}

export interface CheckEvents {
  /** The caps it keeps are others now. */
  readonly change: () => void;
  /** It came to an end by itself. */
  readonly done: (report: CheckReport) => void;
}

/** Runs the check of the meter beside the control, for one installer at a time; ends with him. */
export class CheckLink {
  readonly #clock: Clock;
  readonly #sign: 1 | -1;
  readonly #on: CheckEvents;
  readonly #note: (note: Note) => void;
  #running: Running | null = null;

  constructor(clock: Clock, { devices }: Configuration, on: CheckEvents, note: (note: Note) => void) {
    this.#clock = clock;
    this.#sign = devices.find((device) => device.role === 'meter')?.sign ?? 1;
    this.#on = on;
    this.#note = note;
  }

  /** What no inverter may be asked for more than; empty: no check runs. */
  get ceilings(): ReadonlyMap<DeviceId, Watts> {
    return this.#running?.check.ceilings ?? new Map();
  }

  add(peer: Peer<ToInstaller>): void {
    if (this.#running !== null) {
      peer.send({ type: 'meter-check', done: true, text: 'a check runs already', inverters: [], site: null });
      return;
    }
    this.#running = { check: new MeterCheck(this.#sign), peer, toldAt: null };
    this.#note({
      event: 'meter-check',
      level: 'warn',
      text: 'the installer checks the meter: inverters are told to deliver less, in turn',
    });
    this.#on.change();
  }

  forget(peer: Peer<ToInstaller>): void {
    if (this.#running?.peer !== peer) return;
    this.#running = null;
    this.#note({ event: 'meter-check', level: 'info', text: 'the installer left: the check of the meter ends' });
    this.#on.change();
  }

  /** Each tick. */
  take(seen: TickSeen): void {
    const running = this.#running;
    if (running === null) return;
    const { check, peer, toldAt } = running;
    const before = check.ceilings;
    check.take(lookOf(seen));
    const now = this.#clock.now();
    const { report } = check;
    if (report.done || toldAt === null || now - toldAt >= TELL_EVERY_MS) {
      running.toldAt = now;
      peer.send(messageOf(report));
    }
    if (report.done) {
      this.#running = null;
      this.#on.done(report);
      this.#note({ event: 'meter-check', level: 'info', text: `${report.text} ${report.site?.text ?? ''}`.trim() });
    }
    if (before !== check.ceilings) this.#on.change();
  }
}

const messageOf = ({ done, text, inverters, site }: MeterCheck['report']): MeterCheckReport => ({
  type: 'meter-check',
  done,
  text,
  inverters: inverters.map(({ device, relation, confidence, phases, text: found }) => ({
    device,
    relation,
    confidence,
    phases: phases.join(''),
    text: found,
  })),
  site,
});

import { jumpTime, moveResources, wipe } from '../../rig/utility/commands.ts';
import type { ResourceKind } from '../../rig/utility/hrefs.ts';
import { stage, unstage, type Misdeed, type Stage } from '../../rig/utility/stage.ts';
import type { VirtualGateway } from '../../support/gateway/gateway.ts';
import { damageOf, jumpOf, statusOf, type WholeFault, type WholeSpan } from './faults.ts';

const DRIP_BYTES_PER_SECOND = 20;
const SLOW_MOST_MS = 8000;
const RETRY_MOST_SECONDS = 120;

type Staged = Partial<Record<WholeFault, Misdeed>>;

/** Requests as long as the fault lasts. */
const misdeedsOf = (strength: number): Readonly<Staged> => ({
  'server-refuses': { kind: 'status', status: statusOf(strength) },
  'server-busy': {
    ...{ kind: 'status', status: 503, retryAfter: Math.ceil(RETRY_MOST_SECONDS * strength) },
    retryForm: strength < 0.5 ? 'seconds' : 'date',
  },
  'server-damages': { kind: 'damage', damage: damageOf(strength) },
  'server-drips': { kind: 'send', sending: { kind: 'drip', bytesPerSecond: DRIP_BYTES_PER_SECOND } },
  'server-hangs': { kind: 'send', sending: strength < 0.5 ? { kind: 'silence' } : { kind: 'stall', after: 20 } },
  'server-resets': { kind: 'send', sending: strength < 0.5 ? { kind: 'reset' } : { kind: 'cut', after: 40 } },
  'server-redirects': { kind: 'redirect', status: 307, hops: strength < 0.5 ? 1 : Infinity },
});

/** Kinds that move together, never back. */
const MOVES: readonly (readonly ResourceKind[])[] = [
  ['control-list', 'control'],
  ['program-list', 'program', 'default-control'],
  ['fsa-list'],
  ['mup-list', 'mup'],
  ['der-capability', 'der-settings', 'der-status', 'der-availability'],
];

/** Lets faults of the utility, and of the way to it, begin and end. */
export class NorthBefall {
  readonly #gateway: VirtualGateway;
  readonly #stages = new Map<WholeFault, Stage>();
  readonly #latencyMs: number;

  constructor(gateway: VirtualGateway) {
    this.#gateway = gateway;
    this.#latencyMs = gateway.network.latencyMs;
  }

  turn({ fault, strength }: WholeSpan, on: boolean): void {
    const { state } = this.#gateway;
    const misdeed = misdeedsOf(strength)[fault];
    if (misdeed !== undefined && on) this.#stages.set(fault, stage(state, {}, misdeed));
    const staged = this.#stages.get(fault);
    if (staged !== undefined && !on) unstage(state, staged);
    this.#network(fault, strength, on);
    if (fault === 'server-clock') jumpTime(state, on ? jumpOf(strength) : 0);
    if (fault === 'server-forgets' && on) wipe(state, { devices: false });
    if (fault === 'server-moves' && on) moveResources(state, MOVES[Math.floor(strength * MOVES.length)] ?? []);
  }

  #network(fault: WholeFault, strength: number, on: boolean): void {
    const { network } = this.#gateway;
    if (fault === 'network-cut') network.state = on ? 'cut' : 'up';
    if (fault === 'name-server-away') network.state = on ? 'unresolved' : 'up';
    if (fault === 'server-slow') network.latencyMs = this.#latencyMs + (on ? SLOW_MOST_MS * strength : 0);
  }
}

import { fail, ok } from '#base/result.ts';
import { monoMs } from '#base/units.ts';
import { WalkMachine, type PinStop, type WalkEvent } from '#utility/walk/machine.ts';
import type { WalkSettings } from '#utility/walk/settings.ts';
import { defaultOptions, exampleScenario, type UtilityOptions } from '../../rig/utility/options.ts';
import { createUtility, type UtilityState } from '../../rig/utility/state.ts';
import { virtualUtility, type VirtualUtility } from '../../rig/utility/virtual.ts';
import { LFDI, SETTINGS } from './scripted-server.ts';

const ORIGIN = 'https://utility.test';
const STARTED_AT = 1_700_000_000;
/** An exchange takes this long. */
const EXCHANGE_MS = 200;

/** One request as it left us, whether the server was there to log it or not. Seconds from the start. */
export interface Asked {
  readonly at: number;
  readonly path: string;
  /** Not the second or a later page of a list. */
  readonly first: boolean;
}

/** The walk against the rig's utility server, hours in virtual time. */
export class RigWalk {
  readonly state: UtilityState;
  readonly server: VirtualUtility;
  readonly asked: Asked[] = [];
  readonly events: WalkEvent[] = [];
  machine: WalkMachine;
  readonly #settings: WalkSettings;
  #now = 0;

  constructor(options: Partial<UtilityOptions> = {}, settings: Partial<WalkSettings> = {}) {
    const scenario = exampleScenario();
    const devices = [{ lfdi: LFDI, sfdi: SETTINGS.sfdi }];
    this.state = createUtility(defaultOptions({ seed: 5, startedAt: STARTED_AT, scenario, devices, pageLimit: 255, ...options }));
    this.server = virtualUtility(this.state, () => STARTED_AT + this.#now / 1000);
    this.#settings = { ...SETTINGS, ...settings, dcap: `${ORIGIN}${this.server.dcap}` };
    this.machine = new WalkMachine(this.#settings, monoMs(0));
  }

  /** Seconds from the start. */
  get now(): number {
    return this.#now / 1000;
  }

  /** Another life of the process, which knows what the last one left on disk. */
  restart(stop: PinStop | null): void {
    this.machine = new WalkMachine(this.#settings, monoMs(this.#now), stop);
  }

  run(seconds: number): this {
    const end = this.#now + seconds * 1000;
    while (this.#now < end) {
      const request = this.machine.next(monoMs(this.#now));
      if (request === null) {
        this.#now = Math.min(end, Math.max(this.machine.wakeAt(monoMs(this.#now)), this.#now + 1));
        continue;
      }
      const url = new URL(request.url);
      this.asked.push({ at: this.now, path: url.pathname, first: (url.searchParams.get('s') ?? '0') === '0' });
      const headers = { accept: 'application/sep+xml', host: url.host, 'content-type': 'application/sep+xml' };
      const { method, body } = request;
      const query = url.search.slice(1);
      const answer = this.server.request({ method, path: url.pathname, query, headers, body: body ?? '', clientLfdi: LFDI });
      this.#now += EXCHANGE_MS;
      const retryAfter = answer?.headers['retry-after'];
      this.events.push(
        ...this.machine.onReply(
          monoMs(this.#now),
          answer === null
            ? fail({ kind: 'refused', text: 'nobody listens' })
            : ok({
                status: answer.status,
                url: request.url,
                type: answer.headers['content-type'] ?? null,
                location: null,
                retryAfter: retryAfter === undefined ? null : Number(retryAfter),
                body: new TextEncoder().encode(answer.body),
              }),
        ),
      );
    }
    return this;
  }

  /** Seconds at which the first page of each resource was asked, since `from`. */
  turns(from = 0): ReadonlyMap<string, readonly number[]> {
    const turns = new Map<string, number[]>();
    for (const { at, path, first } of this.asked) if (first && at >= from) turns.set(path, [...(turns.get(path) ?? []), at]);
    return turns;
  }

  notes(): readonly string[] {
    return this.events.flatMap((event) => (event.kind === 'note' ? [event.note.event] : []));
  }
}

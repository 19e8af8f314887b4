import { fail, ok, type Result } from '#base/result.ts';
import { monoMs, type MonoMs } from '#base/units.ts';
import type { HttpFault, HttpReply } from '#utility/walk/http-port.ts';
import { WalkMachine, type WalkEvent, type WalkRequest } from '#utility/walk/machine.ts';
import type { WalkSettings } from '#utility/walk/settings.ts';
import type { WalkedTree } from '#utility/walk/tree.ts';

export const ORIGIN = 'https://utility.test';
export const LFDI = 'B37B0DC793759F646AD4489E3D4B96A3B1BF5185';

export const SETTINGS: WalkSettings = {
  dcap: `${ORIGIN}/dcap`,
  lfdi: LFDI,
  sfdi: 481789779136,
  pin: 111115,
  inBandRegistration: false,
  defaultRate: 300,
  defaultTimeRate: 900,
  rateMin: 10,
  rateMax: 86_400,
  pageLimit: 255,
  seed: 1,
  allowedOrigins: [],
};

const NS = 'xmlns="urn:ieee:std:2030.5:ns"';

export const list = (name: string, items: readonly string[], all = items.length, rate: number | null = 60): string =>
  `<${name} ${NS} all="${all}" results="${items.length}"${rate === null ? '' : ` pollRate="${rate}"`}>${items.join('')}</${name}>`;

export const program = (name: string, primacy: number): string =>
  `<DERProgram href="/p/${name}"><mRID>${name}</mRID><DefaultDERControlLink href="/p/${name}/dderc"/><DERControlListLink href="/p/${name}/derc"/><primacy>${primacy}</primacy></DERProgram>`;

export const control = (mRID: string, watts = 1500): string =>
  `<DERControl replyTo="/rsp" responseRequired="03"><mRID>${mRID}</mRID><creationTime>900</creationTime><EventStatus><currentStatus>0</currentStatus><dateTime>900</dateTime><potentiallySuperseded>false</potentiallySuperseded></EventStatus><interval><duration>60</duration><start>2000</start></interval><DERControlBase><x:opModExpLimW xmlns:x="https://csipaus.org/ns"><multiplier>0</multiplier><value>${watts}</value></x:opModExpLimW></DERControlBase></DERControl>`;

export const defaultControl = (watts: number): string =>
  `<DefaultDERControl ${NS}><mRID>DD</mRID><DERControlBase><x:opModExpLimW xmlns:x="https://csipaus.org/ns"><multiplier>0</multiplier><value>${watts}</value></x:opModExpLimW></DERControlBase></DefaultDERControl>`;

const END_DEVICE = `<EndDevice href="/edev/1"><DERListLink href="/der"/><lFDI>${LFDI}</lFDI><sFDI>481789779136</sFDI><changedTime>1</changedTime><FunctionSetAssignmentsListLink href="/fsa"/><RegistrationLink href="/reg"/></EndDevice>`;

/** A small utility: what each path answers; a number is a status without a body. */
export const site = (): Record<string, string | number> => ({
  '/dcap': `<DeviceCapability ${NS} pollRate="60"><TimeLink href="/tm"/><EndDeviceListLink href="/edev"/><MirrorUsagePointListLink href="/mup"/></DeviceCapability>`,
  '/tm': `<Time ${NS}><currentTime>1000</currentTime><dstEndTime>0</dstEndTime><dstOffset>0</dstOffset><dstStartTime>0</dstStartTime><quality>7</quality><tzOffset>0</tzOffset></Time>`,
  '/edev': list('EndDeviceList', [END_DEVICE]),
  '/reg': `<Registration ${NS}><dateTimeRegistered>1</dateTimeRegistered><pIN>111115</pIN></Registration>`,
  '/fsa': list('FunctionSetAssignmentsList', [
    '<FunctionSetAssignments><DERProgramListLink href="/p"/><mRID>F1</mRID></FunctionSetAssignments>',
  ]),
  '/p': list('DERProgramList', [program('A1', 1), program('B2', 2)]),
  '/p/A1/dderc': defaultControl(5000),
  '/p/A1/derc': list('DERControlList', [control('E1')], 1, null),
  '/p/B2/dderc': 204,
  '/p/B2/derc': 204,
  '/der': list('DERList', ['<DER><DERStatusLink href="/der/1/ders"/></DER>']),
  '/mup': list('MirrorUsagePointList', []),
});

/** A walk against scripted answers in virtual time. */
export class ScriptedWalk {
  readonly machine: WalkMachine;
  readonly answers: Record<string, string | number>;
  /** Overrides `answers` where it does not return undefined. */
  instead: ((request: WalkRequest, path: string) => string | number | HttpFault | undefined) | null = null;
  readonly asked: { readonly at: number; readonly method: string; readonly path: string; readonly query: string }[] = [];
  readonly events: WalkEvent[] = [];
  /** Milliseconds of an exchange. */
  takes: (path: string) => number = () => 100;
  /** Seconds, in every answer. */
  retryAfter: number | null = null;
  now = 0;

  constructor(settings: Partial<WalkSettings> = {}, answers: Record<string, string | number> = site()) {
    this.answers = answers;
    this.machine = new WalkMachine({ ...SETTINGS, ...settings }, monoMs(0));
  }

  /** Runs `seconds` of virtual time. */
  run(seconds: number): this {
    const end = this.now + seconds * 1000;
    while (this.now <= end) {
      const request = this.machine.next(this.at());
      if (request === null) {
        const wake = this.machine.wakeAt(this.at());
        if (wake > end) break;
        this.now = Math.max(wake, this.now + 1);
        continue;
      }
      const url = new URL(request.url);
      this.asked.push({ at: this.now / 1000, method: request.method, path: url.pathname, query: url.search });
      this.now += this.takes(url.pathname);
      this.events.push(...this.machine.onReply(this.at(), this.#reply(request, url)));
    }
    this.now = Math.max(this.now, end);
    return this;
  }

  tree(): WalkedTree | null {
    return this.events.findLast((event) => event.kind === 'tree')?.tree ?? null;
  }

  trees(): readonly WalkedTree[] {
    return this.events.flatMap((event) => (event.kind === 'tree' ? [event.tree] : []));
  }

  notes(): readonly string[] {
    return this.events.flatMap((event) => (event.kind === 'note' ? [event.note.event] : []));
  }

  count(path: string): number {
    return this.asked.filter((request) => request.path === path).length;
  }

  at(): MonoMs {
    return monoMs(this.now);
  }

  #reply(request: WalkRequest, url: URL): Result<HttpReply, HttpFault> {
    const answer = this.instead?.(request, url.pathname) ?? this.answers[url.pathname] ?? 404;
    if (typeof answer === 'object') return fail(answer);
    const [status, text] = typeof answer === 'number' ? [answer, ''] : [200, answer];
    return ok({
      status,
      url: request.url,
      type: null,
      location: null,
      retryAfter: this.retryAfter,
      body: new TextEncoder().encode(text),
    });
  }
}

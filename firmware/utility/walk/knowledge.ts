import { utilitySeconds, type MonoMs, type UtilitySeconds } from '#base/units.ts';
import { describeWireFault } from '#utility/wire/fault.ts';
import { parseResource } from '#utility/wire/parse.ts';
import type { ResourceName, ResourceOf } from '#utility/wire/schema/resources.ts';
import { Catalogue } from './catalogue.ts';
import { linkUrl } from './href.ts';
import { curvesOf, withCurveLinks } from './curves.ts';
import { assignmentsOf, associatedListsOf, controlsOf, derName, dersOf, mirrorsOf, programsOf } from './links.ts';
import { itemsOn, rateOn, type Page } from './page.ts';
import { ownDevice } from './registration.ts';
import { ASSIGNMENTS_MAX, DERS_MAX, PROGRAM_LISTS_MAX, pollRateOf, type WalkSettings } from './settings.ts';
import type { Task, TaskKind, TaskTable } from './tasks.ts';

/** What a task brought: a list with all its pages, a body, or the news that there is nothing. */
export type Got =
  | { readonly kind: 'list'; readonly pages: readonly Page[] }
  | { readonly kind: 'body'; readonly base: string; readonly body: Uint8Array }
  | { readonly kind: 'none' };

export type Effect =
  | {
      readonly kind: 'learned';
      /** Seconds to the next turn; null: none of its own. */
      readonly period: number | null;
      readonly event: string;
      readonly notes: readonly string[];
      readonly utility?: UtilitySeconds;
    }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'stopped'; readonly text: string };

const learned = (period: number | null, event = 'walk', notes: readonly string[] = []): Effect => ({
  kind: 'learned',
  period,
  event,
  notes,
});
const failed = (text: string): Effect => ({ kind: 'failed', text });

/** Fetched with their programs, or once. */
const WITHOUT_RATE: ReadonlySet<TaskKind> = new Set<TaskKind>(['default', 'controls', 'curves', 'curve', 'register']);
const BELOW_DEVICE = ['registration', 'assignments', 'programs', 'default', 'controls', 'curves', 'curve', 'ders'] as const;

/** Looks again for a registration just made: servers show it after seconds (reference 1.4, 404). */
const LOOK_AGAIN_SECONDS = 10;
const LOOKS_MAX = 3;

/** Turns what was fetched into the catalogue of resources and the tasks that follow from it. */
export class Knowledge {
  readonly catalogue: Catalogue;
  readonly #settings: WalkSettings;
  readonly #tasks: TaskTable;
  /** Seconds; the rate of DeviceCapability. */
  dcapRate: number;
  #assignedTime: string | null = null;
  #dcapTime: string | null = null;
  /** Program lists as the assignments and as the DER name them. */
  #assignedLists: readonly string[] = [];
  #associatedLists: readonly string[] = [];
  /** Looks at the list that remain after a registration before another is tried; null: none was made since we were last listed. */
  #looks: { readonly left: number; readonly quick: boolean } | null = null;

  constructor(settings: WalkSettings, tasks: TaskTable) {
    this.#settings = settings;
    this.#tasks = tasks;
    this.dcapRate = pollRateOf(null, settings.defaultRate, settings);
    this.catalogue = new Catalogue(this.dcapRate);
  }

  learn(task: Task, got: Got, now: MonoMs): Effect {
    if (got.kind === 'list') return this.#learnList(task, got.pages, now);
    switch (task.kind) {
      case 'dcap':
        return this.#learnDcap(got, now);
      case 'time':
        return this.#learnTime(got);
      case 'register':
        return this.#learnRegistered(now);
      case 'registration':
        return this.#learnPin(got);
      case 'default':
        return this.#learnDefault(task, got, now);
      case 'curve':
        return this.#learnCurve(task, got);
      default:
        return failed('is no list');
    }
  }

  /** A resource failed while the server served others: what was known of it stays, and is marked. `lost`: the server will not serve it. */
  onFailure(task: Task, lost: boolean): void {
    if (task.kind === 'programs') this.catalogue.listFailed(task.url);
    if (task.kind === 'ders' && lost) this.catalogue.associated = true;
    if (task.kind === 'register') this.#looks = { left: LOOKS_MAX, quick: false };
  }

  periodAfterFailure(task: Task): number | null {
    if (WITHOUT_RATE.has(task.kind)) return null;
    return task.kind === 'dcap' ? this.dcapRate : (task.period ?? this.#rate(null));
  }

  #rate(stated: number | null | undefined): number {
    return pollRateOf(stated, this.#settings.defaultRate, this.#settings);
  }

  #learnDcap(got: Got, now: MonoMs): Effect {
    const read = bodyAs('DeviceCapability', got);
    if (typeof read === 'string') return failed(read);
    const { value, base } = read;
    this.dcapRate = this.#rate(value.pollRate);
    this.#dcapTime = linkUrl(value.TimeLink, base, this.#settings);
    this.#placeTime(now);
    const devices = linkUrl(value.EndDeviceListLink, base, this.#settings);
    const mirrors = linkUrl(value.MirrorUsagePointListLink, base, this.#settings);
    this.#tasks.only('end-devices', devices === null ? [] : [devices], now);
    this.#tasks.only('mirrors', mirrors === null ? [] : [mirrors], now);
    if (mirrors === null) this.catalogue.mirrors = null;
    const notes = devices === null ? ['DeviceCapability has no EndDeviceListLink'] : [];
    return learned(this.dcapRate, 'dcap-incomplete', notes);
  }

  /** The Time of the assignments goes before that of DeviceCapability (reference 3.3). */
  #placeTime(now: MonoMs): void {
    const url = this.#assignedTime ?? this.#dcapTime;
    this.#tasks.only('time', url === null ? [] : [url], now);
  }

  #learnTime(got: Got): Effect {
    const read = bodyAs('Time', got);
    if (typeof read === 'string') return failed(read);
    const period = pollRateOf(read.value.pollRate, this.#settings.defaultTimeRate, this.#settings);
    const utility = utilitySeconds(read.value.currentTime);
    return { kind: 'learned', period, event: 'time', notes: [], utility };
  }

  #learnList(task: Task, pages: readonly Page[], now: MonoMs): Effect {
    const rate = this.#rate(rateOn(pages.at(-1)));
    const dropped = pages.reduce((sum, page) => sum + page.dropped, 0);
    const notes = dropped > 0 ? [`${dropped} unusable items in ${task.url}`] : [];
    const items = pages.reduce((sum, page) => sum + itemsOn(page), 0);
    const all = pages.at(-1)?.list.all ?? 0;
    if (all > items) notes.push(`${items} of ${all} items of ${task.url}: it gives no more`);
    switch (task.kind) {
      case 'end-devices':
        return this.#learnDevices(task, pages, rate, now);
      case 'assignments': {
        const { lists, time } = assignmentsOf(pages, this.#settings, ASSIGNMENTS_MAX);
        this.#assignedTime = time;
        this.#placeTime(now);
        this.#assignedLists = lists;
        this.catalogue.assigned = true;
        this.#placeLists(now);
        return learned(rate, 'items-dropped', notes);
      }
      case 'programs': {
        const left = this.catalogue.setPrograms(task.url, programsOf(pages, this.#settings), dropped);
        this.#placeChildren(now);
        for (const url of this.catalogue.childUrls(task.url)) this.#tasks.makeDue(url, now);
        for (const curve of this.#tasks.of('curve')) this.#tasks.makeDue(curve.url, now);
        return learned(rate, 'items-dropped', left > 0 ? [...notes, `${left} programs too many in ${task.url}`] : notes);
      }
      case 'controls': {
        const { controls, curves } = controlsOf(pages, this.#settings);
        this.catalogue.setControls(task.url, controls, curves);
        this.#placeCurves(now);
        return learned(null, 'items-dropped', notes);
      }
      case 'curves':
        this.catalogue.curves.setList(task.url, curvesOf(pages, this.#settings));
        this.#placeCurves(now);
        return learned(null, 'items-dropped', notes);
      case 'ders':
        return this.#learnDers(pages, rate, now, notes);
      case 'mirrors':
        this.catalogue.mirrors = mirrorsOf(task.url, pages, this.#settings);
        return learned(rate, 'items-dropped', notes);
      default:
        return failed('is a list');
    }
  }

  #learnDers(pages: readonly Page[], rate: number, now: MonoMs, notes: readonly string[]): Effect {
    const ders = dersOf(pages, this.#settings, this.catalogue.ders[0]);
    this.catalogue.ders = ders;
    this.catalogue.derRate = rate;
    this.#associatedLists = associatedListsOf(pages, this.#settings, DERS_MAX);
    this.catalogue.associated = true;
    this.#placeLists(now);
    const several = ders[0] !== undefined && ders.length > 1 ? [`${ders.length} DER: reports go to ${derName(ders[0])}`] : [];
    return learned(rate, several.length > 0 ? 'several-der' : 'items-dropped', [...notes, ...several]);
  }

  #placeLists(now: MonoMs): void {
    const urls = [...new Set([...this.#assignedLists, ...this.#associatedLists])].slice(0, PROGRAM_LISTS_MAX);
    this.#tasks.only('programs', urls, now);
    this.catalogue.keepLists(urls);
    this.#placeChildren(now);
  }

  #placeChildren(now: MonoMs): void {
    this.#tasks.only('default', this.catalogue.defaultUrls(), now);
    this.#tasks.only('controls', this.catalogue.controlsUrls(), now);
    this.#tasks.only('curves', this.catalogue.curvesUrls(), now);
    this.#placeCurves(now);
  }

  #placeCurves(now: MonoMs): void {
    this.#tasks.only('curve', this.catalogue.singleCurves(), now);
  }

  #learnDevices(task: Task, pages: readonly Page[], rate: number, now: MonoMs): Effect {
    for (const page of pages) {
      if (page.kind !== 'end-devices') continue;
      const device = ownDevice(page.list.EndDevice, this.#settings);
      if (device === null) continue;
      if (device.enabled === false) {
        this.#forgetDevice();
        return learned(rate, 'end-device-disabled', ['the server lists our EndDevice as not enabled']);
      }
      this.#placeDevice(device, page.base, now);
      // Made anew: its PIN may be another.
      if (this.#looks !== null) for (const registration of this.#tasks.of('registration')) registration.due = now;
      this.#looks = null;
      return learned(rate);
    }
    this.#forgetDevice();
    if (this.#settings.inBandRegistration && this.#looks === null) {
      // The task of an earlier registration waits for nothing by itself.
      this.#tasks.put('register', task.url, now).due = now;
      return learned(rate, 'end-device-absent', ['our EndDevice is not listed; registering it']);
    }
    if (this.#looks !== null && this.#looks.left > 0) {
      const { left, quick } = this.#looks;
      this.#looks = { left: left - 1, quick };
      if (quick) return learned(Math.min(LOOK_AGAIN_SECONDS, rate));
    } else this.#looks = null;
    return learned(rate, 'end-device-absent', [`our EndDevice ${this.#settings.lfdi} is not listed`]);
  }

  #placeDevice(device: ResourceOf<'EndDevice'>, base: string, now: MonoMs): void {
    const url = (link: { readonly href: string } | undefined): string | null => linkUrl(link, base, this.#settings);
    this.catalogue.endDevice = { url: device.href === undefined ? null : url({ href: device.href }), device };
    this.catalogue.connectionPoint = url(device.ConnectionPointLink);
    this.catalogue.logEvents = url(device.LogEventListLink);
    const one = (found: string | null): readonly string[] => (found === null ? [] : [found]);
    this.#tasks.only('registration', one(url(device.RegistrationLink)), now);
    const assignments = url(device.FunctionSetAssignmentsListLink);
    const ders = url(device.DERListLink);
    this.#tasks.only('assignments', one(assignments), now);
    this.#tasks.only('ders', one(ders), now);
    if (assignments === null) {
      this.#assignedLists = [];
      this.catalogue.assigned = true;
    }
    if (ders === null) {
      this.#associatedLists = [];
      this.catalogue.ders = [];
      this.catalogue.associated = true;
    }
    if (assignments === null || ders === null) this.#placeLists(now);
  }

  /** Nothing is polled below an EndDevice that is not ours any more. What the site holds stays in controld's plan. */
  #forgetDevice(): void {
    this.catalogue.forget();
    this.#assignedLists = [];
    this.#associatedLists = [];
    for (const kind of BELOW_DEVICE) {
      this.#tasks.only(kind, [], 0 as MonoMs);
    }
  }

  /** A DeviceCapability read before the registration may state no rate: it is read again (reference 3.10). */
  #learnRegistered(now: MonoMs): Effect {
    this.#looks = { left: LOOKS_MAX, quick: true };
    for (const kind of ['dcap', 'end-devices'] as const) for (const task of this.#tasks.of(kind)) task.due = now;
    return learned(null, 'registered', ['EndDevice registered in band']);
  }

  #learnPin(got: Got): Effect {
    if (got.kind === 'none') return learned(null);
    const read = bodyAs('Registration', got);
    if (typeof read === 'string') return failed(read);
    if (this.#settings.pin === null || read.value.pIN === this.#settings.pin) return learned(null);
    return {
      kind: 'stopped',
      text: 'the registration PIN of the server is not ours: all communication with it ends, but for one look a day',
    };
  }

  #learnDefault(task: Task, got: Got, now: MonoMs): Effect {
    if (got.kind === 'none') {
      this.catalogue.setNoDefault(task.url);
      return learned(null);
    }
    const read = bodyAs('DefaultDERControl', got);
    if (typeof read === 'string') return failed(read);
    const { base, curves } = withCurveLinks(read.value.DERControlBase, read.base, this.#settings);
    this.catalogue.setDefault(task.url, { ...read.value, DERControlBase: base }, curves);
    this.#placeCurves(now);
    return learned(null);
  }

  #learnCurve(task: Task, got: Got): Effect {
    const read = bodyAs('DERCurve', got);
    if (typeof read === 'string') return failed(read);
    this.catalogue.curves.setSingle(task.url, read.value);
    return learned(null);
  }
}

/** The resource `name` out of what came; a text says why not. */
const bodyAs = <N extends ResourceName>(name: N, got: Got): { readonly value: ResourceOf<N>; readonly base: string } | string => {
  if (got.kind !== 'body') return `${name} expected, nothing came`;
  const parsed = parseResource(name, got.body);
  return parsed.ok ? { value: parsed.value, base: got.base } : `unreadable: ${describeWireFault(parsed.fault)}`;
};

import { EVENTS_MAX, PROGRAMS_MAX } from '#control/program.ts';
import type { ResourceOf } from '#utility/wire/schema/resources.ts';
import { CurveShelf } from './curves.ts';
import type { DerPlaces, WalkedControl, WalkedMirrors, WalkedProgram, WalkedTree } from './tree.ts';

/** A program as its list gave it; links absolute, null where it has none. */
export interface ListedProgram {
  readonly url: string;
  readonly program: ResourceOf<'DERProgram'>;
  readonly defaultUrl: string | null;
  readonly controlsUrl: string | null;
  readonly curvesUrl: string | null;
}

interface ProgramList {
  /** Null: never read. */
  programs: readonly ListedProgram[] | null;
  fresh: boolean;
  /** Every item of it is among `programs`. */
  whole: boolean;
  /** mRIDs of programs that the newest page held in an unusable form. */
  unusable: ReadonlySet<string>;
}

interface Fetched<T> {
  value: T;
  fresh: boolean;
  /** Addresses of the curves named in it. */
  curves: readonly string[];
}

/** What is known of the server's resources, kept until something newer of the same resource was read. */
export class Catalogue {
  endDevice: WalkedTree['endDevice'] | null = null;
  connectionPoint: string | null = null;
  logEvents: string | null = null;
  ders: readonly DerPlaces[] = [];
  derRate: number;
  mirrors: WalkedMirrors | null = null;
  readonly curves = new CurveShelf();
  /** The function set assignments were read since the end device was found, or it has none. */
  assigned = false;
  /** The same of the lists that its DER name. */
  associated = false;
  readonly #lists = new Map<string, ProgramList>();
  readonly #defaults = new Map<string, Fetched<ResourceOf<'DefaultDERControl'> | null> & { missing: number }>();
  readonly #controls = new Map<string, Fetched<readonly WalkedControl[]>>();

  constructor(derRate: number) {
    this.derRate = derRate;
  }

  /** The program lists that exist now; the others, and all below them, are forgotten. */
  keepLists(urls: readonly string[]): void {
    for (const url of this.#lists.keys()) if (!urls.includes(url)) this.#lists.delete(url);
    for (const url of urls)
      if (!this.#lists.has(url)) this.#lists.set(url, { programs: null, fresh: false, whole: false, unusable: new Set() });
    this.#sweep();
  }

  /**
   * A list was read. Its programs wait to be read; those beyond PROGRAMS_MAX are left out, worst primacy first. With `dropped`
   * unusable items, what it listed before stays, unread. Returns how many were left out.
   */
  setPrograms(listUrl: string, programs: readonly ListedProgram[], dropped: number): number {
    const list = this.#lists.get(listUrl);
    if (list === undefined) return 0;
    const others = [...this.#lists].reduce(
      (sum, [url, other]) => (url === listUrl ? sum : sum + (other.programs?.length ?? 0)),
      0,
    );
    const room = Math.max(0, PROGRAMS_MAX - others);
    const kept = [...programs].sort((a, b) => a.program.primacy - b.program.primacy).slice(0, room);
    const listed = new Set(programs.map(({ program }) => program.mRID));
    const missed =
      dropped === 0 ? [] : (list.programs ?? []).filter(({ program }) => !listed.has(program.mRID)).slice(0, room - kept.length);
    list.unusable = new Set(missed.map(({ program }) => program.mRID));
    list.programs = [...kept, ...missed];
    list.fresh = true;
    list.whole = missed.length >= dropped;
    this.#sweep();
    for (const url of this.childUrls(listUrl)) {
      const known = this.#defaults.get(url) ?? this.#controls.get(url);
      if (known !== undefined) known.fresh = false;
    }
    return programs.length - kept.length;
  }

  /** What hangs below the programs of one list. */
  childUrls(listUrl: string): readonly string[] {
    const programs = this.#lists.get(listUrl)?.programs ?? [];
    return unique(programs.flatMap(({ defaultUrl, controlsUrl, curvesUrl }) => [defaultUrl, controlsUrl, curvesUrl]));
  }

  /** A list could not be read this time: its programs are unread. */
  listFailed(listUrl: string): void {
    const list = this.#lists.get(listUrl);
    if (list !== undefined) list.fresh = false;
  }

  setDefault(url: string, value: ResourceOf<'DefaultDERControl'>, curves: readonly string[]): void {
    this.#defaults.set(url, { value, fresh: true, curves, missing: 0 });
  }

  /**
   * The server says that there is no default. One that was there is believed gone only at the second walk in a row: some servers
   * answer 404 for a moment while they replace it (reference 3.9).
   */
  setNoDefault(url: string): void {
    const known = this.#defaults.get(url);
    const missing = (known?.missing ?? 0) + 1;
    const value = known === undefined || missing >= FORGET_DEFAULT_AFTER ? null : known.value;
    this.#defaults.set(url, { value, fresh: true, curves: value === null ? [] : (known?.curves ?? []), missing });
  }

  setControls(url: string, controls: readonly WalkedControl[], curves: readonly string[]): void {
    this.#controls.set(url, { value: controls.slice(0, EVENTS_MAX), fresh: true, curves });
  }

  /** Links of all programs known, each once. */
  defaultUrls(): readonly string[] {
    return unique(this.#listed().map(({ defaultUrl }) => defaultUrl));
  }

  controlsUrls(): readonly string[] {
    return unique(this.#listed().map(({ controlsUrl }) => controlsUrl));
  }

  curvesUrls(): readonly string[] {
    return unique(this.#listed().map(({ curvesUrl }) => curvesUrl));
  }

  /** Curves that a default or control names and no list has: they are to be read one by one. */
  singleCurves(): readonly string[] {
    const named = [...this.#defaults.values(), ...this.#controls.values()].flatMap(({ curves }) => curves);
    return this.curves.keep(this.curvesUrls(), unique(named));
  }

  /** Nothing below the end device is known any more. */
  forget(): void {
    this.endDevice = null;
    this.assigned = false;
    this.associated = false;
    this.ders = [];
    this.#lists.clear();
    this.#sweep();
  }

  /** Null: not far enough to say anything about the programs. */
  tree(walk: number): WalkedTree | null {
    if (this.endDevice === null || !this.assigned) return null;
    return {
      walk,
      complete: this.associated && [...this.#lists.values()].every(({ programs, whole }) => programs !== null && whole),
      endDevice: this.endDevice,
      connectionPoint: this.connectionPoint,
      logEvents: this.logEvents,
      programs: this.#walked(),
      curves: this.curves.all(),
      ders: this.ders,
      derRate: this.derRate,
      mirrors: this.mirrors,
    };
  }

  /** Programs of several assignments are one program: by mRID, else by URL (reference 3.4). The one that was read wins. */
  #walked(): readonly WalkedProgram[] {
    const programs = new Map<string, WalkedProgram>();
    for (const list of this.#lists.values()) {
      for (const listed of list.programs ?? []) {
        const walked = this.#walkedProgram(listed, list.fresh && !list.unusable.has(listed.program.mRID));
        const known = programs.get(listed.program.mRID);
        if (known === undefined || (!known.read && walked.read)) programs.set(listed.program.mRID, walked);
      }
    }
    return [...programs.values()];
  }

  #walkedProgram(listed: ListedProgram, listFresh: boolean): WalkedProgram {
    const known = listed.defaultUrl === null ? { value: null, fresh: true } : this.#defaults.get(listed.defaultUrl);
    const events = listed.controlsUrl === null ? { value: [], fresh: true } : this.#controls.get(listed.controlsUrl);
    return {
      url: listed.url,
      program: listed.program,
      read: listFresh && known?.fresh === true && events?.fresh === true,
      defaultControl: known?.value ?? null,
      controls: events?.value ?? [],
    };
  }

  #listed(): readonly ListedProgram[] {
    return [...this.#lists.values()].flatMap(({ programs }) => programs ?? []);
  }

  #sweep(): void {
    const defaults = new Set(this.defaultUrls());
    const controls = new Set(this.controlsUrls());
    for (const url of this.#defaults.keys()) if (!defaults.has(url)) this.#defaults.delete(url);
    for (const url of this.#controls.keys()) if (!controls.has(url)) this.#controls.delete(url);
  }
}

const FORGET_DEFAULT_AFTER = 2;

const unique = (urls: readonly (string | null)[]): readonly string[] => [...new Set(urls.filter((url) => url !== null))];

import { after, seconds, type MonoMs } from '#base/units.ts';

/** What is fetched, in the order a full walk takes them. */
export type TaskKind =
  | 'dcap'
  | 'time'
  | 'end-devices'
  | 'register'
  | 'registration'
  | 'assignments'
  | 'programs'
  | 'default'
  | 'controls'
  | 'curves'
  | 'curve'
  | 'ders'
  | 'mirrors';

const ORDER: Readonly<Record<TaskKind, number>> = {
  dcap: 0,
  time: 1,
  'end-devices': 2,
  register: 3,
  registration: 4,
  assignments: 5,
  ders: 6,
  programs: 7,
  default: 8,
  controls: 9,
  curves: 10,
  curve: 11,
  mirrors: 12,
};

/** Those whose result decides what the site may do: a tree is published when none of them is due. */
const CONTROL: ReadonlySet<TaskKind> = new Set<TaskKind>([
  'dcap',
  'end-devices',
  'register',
  'registration',
  'assignments',
  // It names programs besides the assignments.
  'ders',
  'programs',
  'default',
  'controls',
  'curves',
  'curve',
]);

export const isControlKind = (kind: TaskKind): boolean => CONTROL.has(kind);

export interface Task {
  /** Kind and URL: one task a resource. */
  readonly key: string;
  readonly kind: TaskKind;
  readonly url: string;
  /** Infinity: not by itself; its parent makes it due. */
  due: MonoMs;
  /** Failed since its last success, while the server answered others. */
  failing: boolean;
  /** Answered before, and not lost since. */
  seen: boolean;
  /** Looks at one that is not visible yet. */
  looks: number;
  /** Seconds between its turns as last learned; null: none of its own, or not known yet. */
  period: number | null;
}

export const NEVER = Number.POSITIVE_INFINITY as MonoMs;

/** The resources to poll, each with its own time. Bounded by the bounds of the lists that fill it. */
export class TaskTable {
  readonly #tasks = new Map<string, Task>();

  /** The task of `kind` for `url`; a new one is due at `due`, a known one keeps its time. */
  put(kind: TaskKind, url: string, due: MonoMs): Task {
    const key = `${kind} ${url}`;
    const known = this.#tasks.get(key);
    if (known !== undefined) return known;
    const task: Task = { key, kind, url, due, failing: false, seen: false, looks: 0, period: null };
    this.#tasks.set(key, task);
    return task;
  }

  /** Makes `urls` the only tasks of `kind`: what is gone is forgotten, what is new is due at `due`. */
  only(kind: TaskKind, urls: readonly string[], due: MonoMs): void {
    const wanted = new Set(urls);
    for (const task of this.of(kind)) if (!wanted.has(task.url)) this.#tasks.delete(task.key);
    for (const url of wanted) this.put(kind, url, due);
  }

  of(kind: TaskKind): readonly Task[] {
    return [...this.#tasks.values()].filter((task) => task.kind === kind);
  }

  has(task: Task): boolean {
    return this.#tasks.get(task.key) === task;
  }

  /** The next task to do, null: none is due. Of one kind the one that waits longest, so that none is passed over for ever. */
  due(now: MonoMs): Task | null {
    let first: Task | null = null;
    for (const task of this.#tasks.values()) {
      if (task.due > now) continue;
      const order = first === null ? -1 : ORDER[task.kind] - ORDER[first.kind];
      if (first === null || order < 0 || (order === 0 && task.due < first.due)) first = task;
    }
    return first;
  }

  /** Seconds of the shortest turn; null: none is known. */
  shortestPeriod(): number | null {
    let shortest: number | null = null;
    for (const { period } of this.#tasks.values())
      if (period !== null && (shortest === null || period < shortest)) shortest = period;
    return shortest;
  }

  /** No control-relevant task is due: what is known belongs together. */
  settled(now: MonoMs): boolean {
    for (const task of this.#tasks.values()) if (task.due <= now && CONTROL.has(task.kind)) return false;
    return true;
  }

  /** Everything due is put off to `until`. */
  postpone(now: MonoMs, until: MonoMs): void {
    for (const task of this.#tasks.values()) if (task.due <= now) task.due = until;
  }

  /** The tasks that fetch `url` are due; one that waits already keeps its place. */
  makeDue(url: string, now: MonoMs): void {
    for (const task of this.#tasks.values()) if (task.url === url && task.due > now) task.due = now;
  }

  wakeAt(): MonoMs {
    let earliest = NEVER;
    for (const task of this.#tasks.values()) if (task.due < earliest) earliest = task.due;
    return earliest;
  }

  /** A full walk: everything that has a time of its own is due now. */
  allDue(now: MonoMs, except: TaskKind): void {
    for (const task of this.#tasks.values()) if (task.kind !== except && task.due !== NEVER) task.due = now;
  }
}

/** Next turn of a periodic task: on its grid where it kept up, never in the past (no burst after a pause). */
export const nextTurn = (due: MonoMs, now: MonoMs, periodSeconds: number): MonoMs => {
  const span = seconds(periodSeconds);
  const next = after(due, span);
  return next > now ? next : after(now, span);
};

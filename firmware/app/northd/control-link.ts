import { createHash } from 'node:crypto';
import type { Clock, Entropy, Note } from '#base/ports.ts';
import type { ProgramSet } from '#control/program.ts';
import type { ClockAnchor, NorthNote, SiteSnapshot } from '#link/message.ts';
import type { LinkPort } from '#link/port.ts';
import { connectPlan, type FromNorth } from '#link/role.ts';
import type { LinkClient } from '#link/client.ts';

export interface ControlLinkOptions {
  readonly port: LinkPort;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Runtime directory. */
  readonly directory: string;
  readonly release: string;
  readonly note: (note: Note) => void;
  /** A snapshot or a new log head came. */
  readonly onNews: () => void;
}

/** Notes kept for controld's log while the link is down; the oldest goes first. */
const NOTES_MAX = 64;
/** Walks after a change in which an unchanged set is sent again: controld counts complete walks before it believes a disappearance. */
const REPEATS = 2;
const PLAN_ID_DIGITS = 32;

/** northd's end of the link: what controld must know is kept here, and told again whenever the link comes up. */
export class ControlLink {
  readonly #client: LinkClient<FromNorth>;
  #held: string | null = null;
  #up = false;
  #set: { readonly planId: string; readonly set: ProgramSet } | null = null;
  #repeats = 0;
  #anchor: ClockAnchor | null = null;
  #anchorTold = false;
  readonly #notes: NorthNote[] = [];
  /** Alarms that stand, by event, and whether this connection knows. */
  readonly #standing = new Map<string, { readonly text: string; told: boolean }>();
  #snapshot: SiteSnapshot | null = null;
  #head = 0;

  constructor(options: ControlLinkOptions) {
    this.#client = connectPlan({
      ...options,
      onUp: (hello) => {
        this.#held = hello.planId;
        this.#up = true;
        this.#anchorTold = false;
        for (const alarm of this.#standing.values()) alarm.told = false;
        this.#flush();
      },
      onDown: (why) => {
        this.#up = false;
        options.note({ event: 'link-down', level: 'warn', text: `controld: ${why}` });
      },
      onMessage: (message) => {
        if (message.type === 'log-head') this.#head = message.seq;
        else this.#snapshot = message;
        options.onNews();
      },
    });
  }

  /** Null: controld never told. */
  get snapshot(): SiteSnapshot | null {
    return this.#snapshot;
  }

  /** Newest committed record, as last told; 0: none. */
  get head(): number {
    return this.#head;
  }

  /** What the server says after a complete walk. True: it is news. */
  offer(set: ProgramSet): boolean {
    const planId = planIdOf(set);
    const news = planId !== this.#set?.planId;
    this.#set = { planId, set };
    if (news) this.#repeats = REPEATS;
    else if (this.#repeats > 0) {
      this.#repeats -= 1;
      this.#held = null;
    }
    this.#flush();
    return news;
  }

  anchor(anchor: ClockAnchor): void {
    this.#anchor = anchor;
    this.#anchorTold = false;
    this.#flush();
  }

  note(event: string, text: string): void {
    this.#notes.push({ type: 'north-note', event, text });
    if (this.#notes.length > NOTES_MAX) this.#notes.shift();
    this.#flush();
  }

  /** An alarm that stands until null is told for it; told again whenever the link comes up. Saying the same twice does nothing. */
  alarm(event: string, text: string | null): void {
    const before = this.#standing.get(event);
    if (text === (before?.text ?? null)) return;
    if (text !== null) this.#standing.set(event, { text, told: false });
    else {
      this.#standing.delete(event);
      this.#notes.push({ type: 'north-note', event, text: `over: ${before?.text ?? ''}`, standing: false });
      if (this.#notes.length > NOTES_MAX) this.#notes.shift();
    }
    this.#flush();
  }

  close(): void {
    this.#client.close();
  }

  #flush(): void {
    if (!this.#up) return;
    if (this.#anchor !== null && !this.#anchorTold) this.#anchorTold = this.#client.send(this.#anchor);
    const set = this.#set;
    if (set !== null && set.planId !== this.#held && this.#client.send({ type: 'program-set', ...set })) this.#held = set.planId;
    for (const [event, alarm] of this.#standing)
      if (!alarm.told) alarm.told = this.#client.send({ type: 'north-note', event, text: alarm.text, standing: true });
    while (this.#notes[0] !== undefined && this.#client.send(this.#notes[0])) this.#notes.shift();
  }
}

/** Names a set by its content. */
export const planIdOf = (set: ProgramSet): string =>
  createHash('sha256').update(JSON.stringify(set)).digest('hex').slice(0, PLAN_ID_DIGITS);

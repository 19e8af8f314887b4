import type { MonoMs, Watts } from '#base/units.ts';

/** Limits of one source, watts; null: none of that kind. */
export interface SourceLimits {
  readonly exportW: Watts | null;
  readonly generationW: Watts | null;
  readonly importW: Watts | null;
}

/** A source of limits beside the utility: a topic of a broker, contacts of the gateway's inputs. */
export interface InputRule {
  readonly name: string;
  /** Binds while the source is silent, or says what nobody agreed on. */
  readonly fallback: SourceLimits;
}

/** What a source said last. */
export interface HeardLimits extends SourceLimits {
  /** It counts before this instant. */
  readonly until: MonoMs;
}

/** By the name of the source; of one that is absent nothing was heard since the process began. */
export type Heard = ReadonlyMap<string, HeardLimits>;

const isHeard = (heard: HeardLimits | undefined, now: MonoMs): heard is HeardLimits => heard !== undefined && now < heard.until;

/** What each source allows now, named: what it said while that counts, else its fallback. */
export const inputLimits = (
  rules: readonly InputRule[],
  heard: Heard | undefined,
  now: MonoMs,
): readonly (SourceLimits & { readonly name: string })[] =>
  rules.map(({ name, fallback }) => {
    const said = heard?.get(name);
    const live = isHeard(said, now);
    const { exportW, generationW, importW } = live ? said : fallback;
    return { name: live ? name : `${name}, silent`, exportW, generationW, importW };
  });

/** The sources whose fallback binds. */
export const silentInputs = (rules: readonly InputRule[], heard: Heard | undefined, now: MonoMs): readonly string[] =>
  rules.filter(({ name }) => !isHeard(heard?.get(name), now)).map(({ name }) => name);

/** A combination of contacts and what it limits. */
export interface ContactState {
  /** Names of those that are closed; the others are open. */
  readonly closed: readonly string[];
  readonly limits: SourceLimits;
}

/** What the contacts say; null: a combination that nobody agreed on. */
export const contactLimits = (states: readonly ContactState[], closed: ReadonlySet<string>): SourceLimits | null =>
  states.find((state) => state.closed.length === closed.size && state.closed.every((name) => closed.has(name)))?.limits ?? null;

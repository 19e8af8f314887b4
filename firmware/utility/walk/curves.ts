import type { ResourceOf } from '#utility/wire/schema/resources.ts';
import { hrefUrl } from './href.ts';
import type { Page } from './page.ts';
import { SINGLE_CURVES_MAX, type WalkSettings } from './settings.ts';
import type { WalkedCurve } from './tree.ts';

type ControlBase = ResourceOf<'DERControl'>['DERControlBase'];

/** Curves of all programs of one server; those beyond are not known. */
const CURVES_MAX = 256;

/** The base with its links to curves absolute, and those links. One that may not be followed stays as served. */
export const withCurveLinks = (
  base: ControlBase,
  url: string,
  settings: WalkSettings,
): { readonly base: ControlBase; readonly curves: readonly string[] } => {
  const links = Object.entries(base).flatMap(([mode, value]) => {
    const served = typeof value === 'object' && 'href' in value ? hrefUrl(value.href, url, settings) : null;
    return served === null ? [] : [[mode, { href: served }] as const];
  });
  if (links.length === 0) return { base, curves: [] };
  return { base: { ...base, ...Object.fromEntries(links) }, curves: links.map(([, { href }]) => href) };
};

/** Curves of a DERCurveList that can be named. */
export const curvesOf = (pages: readonly Page[], settings: WalkSettings): readonly WalkedCurve[] =>
  pages.flatMap((page) => {
    if (page.kind !== 'curves') return [];
    return page.list.DERCurve.flatMap((curve) => {
      const href = hrefUrl(curve.href, page.base, settings);
      return href === null ? [] : [{ href, curve }];
    });
  });

/** The curves that were read, by list and one by one; each kept until something newer of it was. */
export class CurveShelf {
  readonly #lists = new Map<string, readonly WalkedCurve[]>();
  readonly #singles = new Map<string, WalkedCurve>();

  setList(url: string, curves: readonly WalkedCurve[]): void {
    this.#lists.set(url, curves.slice(0, CURVES_MAX));
  }

  setSingle(url: string, curve: ResourceOf<'DERCurve'>): void {
    this.#singles.set(url, { href: url, curve });
  }

  /** Forgets lists that are none any more, and single curves that nothing names. Gives the named ones that no list has. */
  keep(lists: readonly string[], named: readonly string[]): readonly string[] {
    for (const url of this.#lists.keys()) if (!lists.includes(url)) this.#lists.delete(url);
    const listed = new Set([...this.#lists.values()].flatMap((curves) => curves.map(({ href }) => href)));
    const alone = named.filter((url) => !listed.has(url)).slice(0, SINGLE_CURVES_MAX);
    for (const url of this.#singles.keys()) if (!alone.includes(url)) this.#singles.delete(url);
    return alone;
  }

  /** Each once. */
  all(): readonly WalkedCurve[] {
    const curves = [...[...this.#lists.values()].flat(), ...this.#singles.values()];
    return [...new Map(curves.map((curve) => [curve.href, curve])).values()].slice(0, CURVES_MAX);
  }
}

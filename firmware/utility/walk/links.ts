import { EVENTS_MAX } from '#control/program.ts';
import type { ResourceOf } from '#utility/wire/schema/resources.ts';
import type { ListedProgram } from './catalogue.ts';
import { resolveHref } from './href.ts';
import type { Page } from './page.ts';
import type { WalkSettings } from './settings.ts';
import type { DerPlaces, WalkedControl, WalkedMirrors } from './tree.ts';

/** Absolute URL of a link; null: absent, or not one that may be followed. */
export const linkUrl = (link: { readonly href: string } | undefined, base: string, settings: WalkSettings): string | null =>
  link === undefined ? null : hrefUrl(link.href, base, settings);

export const hrefUrl = (href: string | undefined, base: string, settings: WalkSettings): string | null => {
  if (href === undefined) return null;
  const url = resolveHref(href, base, settings);
  return url.ok ? url.value : null;
};

/** Programs of all pages, each once. A program without an href goes by its mRID: it is never fetched by itself. */
export const programsOf = (pages: readonly Page[], settings: WalkSettings): readonly ListedProgram[] => {
  const programs = new Map<string, ListedProgram>();
  for (const page of pages) {
    if (page.kind !== 'programs') continue;
    for (const program of page.list.DERProgram) {
      programs.set(program.mRID, {
        url: hrefUrl(program.href, page.base, settings) ?? `urn:mrid:${program.mRID}`,
        program,
        defaultUrl: linkUrl(program.DefaultDERControlLink, page.base, settings),
        controlsUrl: linkUrl(program.DERControlListLink, page.base, settings),
      });
    }
  }
  return [...programs.values()];
};

export const controlsOf = (pages: readonly Page[], settings: WalkSettings): readonly WalkedControl[] => {
  const controls = new Map<string, WalkedControl>();
  for (const page of pages) {
    if (page.kind !== 'controls') continue;
    for (const control of page.list.DERControl) {
      if (controls.size >= EVENTS_MAX) break;
      controls.set(control.mRID, { control, replyTo: hrefUrl(control.replyTo, page.base, settings) });
    }
  }
  return [...controls.values()];
};

export const dersOf = (pages: readonly Page[], settings: WalkSettings): readonly DerPlaces[] =>
  pages.flatMap((page) =>
    page.kind === 'ders'
      ? page.list.DER.map((der) => ({
          capability: linkUrl(der.DERCapabilityLink, page.base, settings),
          settings: linkUrl(der.DERSettingsLink, page.base, settings),
          status: linkUrl(der.DERStatusLink, page.base, settings),
          availability: linkUrl(der.DERAvailabilityLink, page.base, settings),
        }))
      : [],
  );

export const mirrorsOf = (list: string, pages: readonly Page[], settings: WalkSettings): WalkedMirrors => ({
  url: list,
  points: pages.flatMap((page) =>
    page.kind === 'mirrors'
      ? page.list.MirrorUsagePoint.map((point) => ({ url: hrefUrl(point.href, page.base, settings), point }))
      : [],
  ),
});

/** Links of all assignments, each once. */
export const assignmentsOf = (
  pages: readonly Page[],
  settings: WalkSettings,
  max: number,
): { readonly lists: readonly string[]; readonly time: string | null } => {
  const assignments: { readonly base: string; readonly item: ResourceOf<'FunctionSetAssignments'> }[] = [];
  for (const page of pages) {
    if (page.kind === 'assignments')
      assignments.push(...page.list.FunctionSetAssignments.map((item) => ({ base: page.base, item })));
  }
  const taken = assignments.slice(0, max);
  const urls = taken.map(({ base, item }) => linkUrl(item.DERProgramListLink, base, settings));
  const times = taken.map(({ base, item }) => linkUrl(item.TimeLink, base, settings));
  return { lists: [...new Set(urls.filter((url) => url !== null))], time: times.find((url) => url !== null) ?? null };
};

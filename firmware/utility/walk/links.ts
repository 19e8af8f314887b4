import { EVENTS_MAX } from '#control/program.ts';
import type { ResourceOf } from '#utility/wire/schema/resources.ts';
import type { ListedProgram } from './catalogue.ts';
import { withCurveLinks } from './curves.ts';
import { hrefUrl, linkUrl } from './href.ts';
import type { Page } from './page.ts';
import type { WalkSettings } from './settings.ts';
import type { DerPlaces, WalkedControl, WalkedMirrors } from './tree.ts';

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
        curvesUrl: linkUrl(program.DERCurveListLink, page.base, settings),
      });
    }
  }
  return [...programs.values()];
};

/** Controls of all pages, each once, with the curves they name. */
export const controlsOf = (
  pages: readonly Page[],
  settings: WalkSettings,
): { readonly controls: readonly WalkedControl[]; readonly curves: readonly string[] } => {
  const controls = new Map<string, WalkedControl>();
  const curves = new Set<string>();
  for (const page of pages) {
    if (page.kind !== 'controls') continue;
    for (const control of page.list.DERControl) {
      if (controls.size >= EVENTS_MAX) break;
      const linked = withCurveLinks(control.DERControlBase, page.base, settings);
      for (const url of linked.curves) curves.add(url);
      const replyTo = hrefUrl(control.replyTo, page.base, settings);
      controls.set(control.mRID, { control: { ...control, DERControlBase: linked.base }, replyTo });
    }
  }
  return { controls: [...controls.values()], curves: [...curves] };
};

/**
 * Places of all DER, ours first. The EndDevice is one gateway and is reported as one DER: that is the one with most places to report
 * to, among equals the one that was it before (`known`), else the first by its address. Lists are in no order one may rely on.
 */
export const dersOf = (pages: readonly Page[], settings: WalkSettings, known: DerPlaces | undefined): readonly DerPlaces[] => {
  const ders = pages.flatMap((page) =>
    page.kind === 'ders'
      ? page.list.DER.map((der) => ({
          capability: linkUrl(der.DERCapabilityLink, page.base, settings),
          settings: linkUrl(der.DERSettingsLink, page.base, settings),
          status: linkUrl(der.DERStatusLink, page.base, settings),
          availability: linkUrl(der.DERAvailabilityLink, page.base, settings),
        }))
      : [],
  );
  const places = ({ capability, settings: set, status }: DerPlaces): number =>
    [capability, set, status].filter((url) => url !== null).length;
  const before = known === undefined ? '' : derName(known);
  const rank = (der: DerPlaces): string => `${derName(der) === before ? 0 : 1} ${derName(der)}`;
  return ders.sort((a, b) => {
    const more = places(b) - places(a);
    return more === 0 ? Number(rank(a) > rank(b)) - Number(rank(a) < rank(b)) : more;
  });
};

/** What a DER goes by: an address of its own. */
export const derName = ({ capability, settings, status, availability }: DerPlaces): string =>
  capability ?? settings ?? status ?? availability ?? '';

/** Lists of the programs that the DER are associated with. */
export const associatedListsOf = (pages: readonly Page[], settings: WalkSettings, max: number): readonly string[] => {
  const urls = pages.flatMap((page) =>
    page.kind === 'ders'
      ? page.list.DER.map((der) => linkUrl(der.AssociatedDERProgramListLink, page.base, settings)).filter((url) => url !== null)
      : [],
  );
  return [...new Set(urls)].slice(0, max);
};

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

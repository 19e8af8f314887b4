import { fail, ok, type Result } from '#base/result.ts';
import { describeWireFault } from '#utility/wire/fault.ts';
import { readResource } from '#utility/wire/parse.ts';
import type { ResourceOf } from '#utility/wire/schema/resources.ts';

/** Lists and what they are lists of. */
const LISTS = {
  'end-devices': 'EndDeviceList',
  assignments: 'FunctionSetAssignmentsList',
  programs: 'DERProgramList',
  controls: 'DERControlList',
  curves: 'DERCurveList',
  ders: 'DERList',
  mirrors: 'MirrorUsagePointList',
} as const;

export type ListKind = keyof typeof LISTS;

/** One page of a list, with the URL that its hrefs are relative to, and how many of its items were unusable. */
export type Page = {
  readonly [K in ListKind]: {
    readonly kind: K;
    readonly base: string;
    readonly list: ResourceOf<(typeof LISTS)[K]>;
    readonly dropped: number;
  };
}[ListKind];

export const isListKind = (kind: string): kind is ListKind => Object.hasOwn(LISTS, kind);

/** Reads a body as a page of the list `kind`; the fault is for a person. */
export const readPage = (kind: ListKind, base: string, body: Uint8Array): Result<Page, string> => {
  const read = readResource(LISTS[kind], body);
  if (!read.ok) return fail(describeWireFault(read.fault));
  const dropped = read.value.notes.reduce((sum, note) => (note.kind === 'dropped-item' ? sum + note.count : sum), 0);
  // The table LISTS ties the kind to the type of its list.
  return ok({ kind, base, list: read.value.value, dropped } as Page);
};

/** Items are counted, never taken from `results` (reference 1.5); a dropped one was an item too. */
export const itemsOn = (page: Page): number => itemsOf(page) + page.dropped;

const itemsOf = (page: Page): number => {
  switch (page.kind) {
    case 'end-devices':
      return page.list.EndDevice.length;
    case 'assignments':
      return page.list.FunctionSetAssignments.length;
    case 'programs':
      return page.list.DERProgram.length;
    case 'controls':
      return page.list.DERControl.length;
    case 'curves':
      return page.list.DERCurve.length;
    case 'ders':
      return page.list.DER.length;
    case 'mirrors':
      return page.list.MirrorUsagePoint.length;
  }
};

/** pollRate as stated by the newest page; null: none, or a list that has none (DERControlList, DERCurveList). */
export const rateOn = (page: Page | undefined): number | null => {
  if (page === undefined || page.kind === 'controls' || page.kind === 'curves') return null;
  return page.list.pollRate ?? null;
};

/** Assignments, programs, defaults, events and curves as bodies. */
import type { Body } from './body.ts';
import {
  CANCELLED,
  CANCELLED_RANDOMIZED,
  controlBase,
  controlBody,
  listedAt,
  potentiallySuperseded,
  statusAt,
  type BaseContext,
  type Control,
  type Program,
} from './controls.ts';
import type { Curve } from './options.ts';
import { mintMRID, type UtilityState } from './state.ts';
import { as, link, list, listLink, own, rateOf, shared, type Served, type Viewer } from './viewer.ts';

const named = (state: UtilityState, names: readonly string[]): readonly Program[] =>
  state.programs.filter(({ name }) => names.includes(name));

/** The programs behind each FunctionSetAssignments; worst first, so that no client gets by with the first alone. */
export const groups = (state: UtilityState): readonly (readonly Program[])[] => {
  if (state.assignments !== null) return state.assignments.map((names) => named(state, names));
  const worstFirst = state.programs.toSorted((a, b) => b.primacy - a.primacy);
  const { assignments } = state.options;
  if (assignments === 'each') return worstFirst.map((program) => [program]);
  if (assignments === 'together') return [state.programs];
  return Array.from({ length: assignments }, (_, number) =>
    worstFirst.filter((_program, index) => index % assignments === number),
  );
};

const assignment = (viewer: Viewer, group: readonly Program[], index: number): Body => {
  const first = group[0]?.mRID ?? mintMRID(viewer.state);
  return {
    '@href': own(viewer, 'fsa', String(index + 1)),
    '@subscribable': 0,
    DERProgramListLink: listLink(own(viewer, 'program-list', String(index + 1)), group.length),
    ResponseSetListLink: listLink(shared(viewer, 'response-set-list'), 1),
    TimeLink: link(shared(viewer, 'tm')),
    // The assignment's own identity: the first program's with the leading digits turned.
    mRID: `F5A0${first.slice(4)}`,
    description: `Assignments ${index + 1}`,
  };
};

export const assignmentList = (viewer: Viewer): Served => {
  const place = { kind: 'fsa-list', href: own(viewer, 'fsa-list'), member: 'FunctionSetAssignments' } as const;
  const extra = { ...rateOf(viewer, 'fsa-list'), '@subscribable': 0 };
  const all = groups(viewer.state).map((group, index) => ({ group, index }));
  return as(
    'FunctionSetAssignmentsList',
    list(viewer, { ...place, extra }, all, ({ group, index }) => assignment(viewer, group, index)),
  );
};

export const assignmentAt = (viewer: Viewer, item: string): Served => {
  const group = groups(viewer.state)[Number(item) - 1];
  return as('FunctionSetAssignments', group === undefined ? null : assignment(viewer, group, Number(item) - 1));
};

const program = (viewer: Viewer, it: Program): Body => ({
  '@href': shared(viewer, 'program', it.name),
  '@subscribable': 0,
  mRID: it.mRID,
  description: it.name.slice(0, 32),
  DefaultDERControlLink: link(shared(viewer, 'default-control', it.name)),
  DERControlListLink: listLink(shared(viewer, 'control-list', it.name), controlsOf(viewer, it.name).length),
  ...(it.curves.length === 0 ? {} : { DERCurveListLink: listLink(shared(viewer, 'curve-list', it.name), it.curves.length) }),
  primacy: it.primacy,
});

/** Of an assignment, or (`associated-list`) of a DER. */
export const programList = (viewer: Viewer, kind: 'program-list' | 'associated-list', item: string): Served => {
  const all =
    kind === 'program-list'
      ? (groups(viewer.state)[Number(item) - 1] ?? [])
      : named(viewer.state, viewer.state.associated.get(item) ?? []);
  const extra = { ...rateOf(viewer, kind), '@subscribable': 0 };
  const place = { kind, href: own(viewer, kind, item), member: 'DERProgram', extra };
  return as(
    'DERProgramList',
    list(viewer, place, all, (it) => program(viewer, it)),
  );
};

const find = (viewer: Viewer, name: string): Program | undefined => viewer.state.programs.find((it) => it.name === name);

export const programAt = (viewer: Viewer, item: string): Served => {
  const it = find(viewer, item);
  return as('DERProgram', it === undefined ? null : program(viewer, it));
};

const baseContext = (viewer: Viewer, program: string): BaseContext => ({
  schema: viewer.state.schema,
  reduced: viewer.state.options.layout === 'apiV2',
  curveHref: (curve) => shared(viewer, 'curve', `${program}/${curve}`),
});

export const defaultControl = (viewer: Viewer, item: string): Served => {
  const it = find(viewer, item);
  if (it === undefined) return null;
  const last = it.defaultServed.at(-1);
  if (last === undefined || JSON.stringify(last.modes) !== JSON.stringify(it.default)) {
    it.defaultServed.push({ at: viewer.at, modes: it.default });
  }
  if (it.default === null) return null;
  return as('DefaultDERControl', {
    '@href': shared(viewer, 'default-control', it.name),
    '@subscribable': 0,
    mRID: it.defaultMRID,
    version: 0,
    DERControlBase: controlBase(it.default, baseContext(viewer, it.name)),
    ...it.settings,
  });
};

/** Start ascending, creation descending, mRID descending. */
const byListOrder = (a: Control, b: Control): number => {
  if (a.start !== b.start) return a.start - b.start;
  if (a.creationTime !== b.creationTime) return b.creationTime - a.creationTime;
  return a.mRID < b.mRID ? 1 : -1;
};

/** Events of a program on the list. */
const controlsOf = (viewer: Viewer, name: string): readonly Control[] =>
  viewer.state.controls
    .filter((control) => control.program === name && listedAt(control, viewer.at, viewer.state.options.listedAfterEnd))
    .toSorted(byListOrder);

const control = (viewer: Viewer, it: Control): Body => {
  it.firstServedAt ??= viewer.at;
  const status = statusAt(it, viewer.at);
  if (status === CANCELLED || status === CANCELLED_RANDOMIZED) it.cancelServedAt ??= viewer.at;
  return controlBody(it, {
    href: shared(viewer, 'control', `${it.program}/${it.mRID}`),
    replyTo: shared(viewer, 'response-list'),
    responseRequired: viewer.state.options.responseRequired,
    base: baseContext(viewer, it.program),
    superseded: potentiallySuperseded(it, viewer.state.controls, viewer.state.programs, viewer.at),
    at: viewer.at,
  });
};

export const controlList = (viewer: Viewer, name: string): Served => {
  if (find(viewer, name) === undefined) return null;
  const all = controlsOf(viewer, name);
  if (all.length === 0 && viewer.state.options.emptyControlList === 'no-content') return null;
  const place = { kind: 'control-list', href: shared(viewer, 'control-list', name), member: 'DERControl' } as const;
  return as(
    'DERControlList',
    list(viewer, { ...place, extra: { '@subscribable': 0 } }, all, (it) => control(viewer, it)),
  );
};

export const controlAt = (viewer: Viewer, item: string): Served => {
  const it = viewer.state.controls.find(({ program, mRID }) => item === `${program}/${mRID}`);
  return as('DERControl', it === undefined ? null : control(viewer, it));
};

const CURVE_MRID_TAIL = 24;

const curve = (viewer: Viewer, it: Program, which: Curve): Body => ({
  '@href': shared(viewer, 'curve', `${it.name}/${which.name}`),
  // Of its program and place: a curve keeps its identity over polls.
  mRID: `C0${(it.curves.indexOf(which) + 1).toString(16).padStart(6, '0').toUpperCase()}${it.mRID.slice(-CURVE_MRID_TAIL)}`,
  description: which.name.slice(0, 32),
  creationTime: Math.floor(viewer.state.options.startedAt),
  CurveData: which.points.map(({ x, y, excitation }) => ({
    ...(excitation === undefined ? {} : { excitation }),
    xvalue: x,
    yvalue: y,
  })),
  curveType: which.curveType,
  xMultiplier: which.xMultiplier ?? 0,
  yMultiplier: which.yMultiplier ?? 0,
  yRefType: which.yRefType ?? 0,
  ...which.more,
});

export const curveList = (viewer: Viewer, name: string): Served => {
  const it = find(viewer, name);
  if (it === undefined) return null;
  const place = { kind: 'curve-list', href: shared(viewer, 'curve-list', name), member: 'DERCurve', extra: {} } as const;
  return as(
    'DERCurveList',
    list(viewer, place, it.curves, (which) => curve(viewer, it, which)),
  );
};

export const curveAt = (viewer: Viewer, item: string): Served => {
  const it = viewer.state.programs.find(({ name }) => item.startsWith(`${name}/`));
  const which = it?.curves.find(({ name }) => item === `${it.name}/${name}`);
  return as('DERCurve', it === undefined || which === undefined ? null : curve(viewer, it, which));
};

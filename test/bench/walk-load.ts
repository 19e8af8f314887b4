/** What the largest site a utility may give costs northd: 32 programs with 1 000 events. */
import { foldProgramSet } from '#control/plan/fold.ts';
import { emptyPlan } from '#control/plan/plan.ts';
import { utilitySeconds } from '#base/units.ts';
import { readPage, type Page } from '#utility/walk/page.ts';
import type { WalkedTree } from '#utility/walk/tree.ts';
import { translate } from '#utility/translate/translate.ts';
import { decodeProfile } from '#utility/translate/profile.ts';
import csipAus from '../../config/utility/csip-aus-v1.2.json' with { type: 'json' };
import { eventsIn, startBench, type Bench } from '../protocol/north/bench.ts';
import { defaultOptions, type ScenarioControl, type ScenarioUtility } from '../rig/utility/options.ts';
import { hrefOf } from '../rig/utility/hrefs.ts';
import { createUtility } from '../rig/utility/state.ts';
import { virtualUtility } from '../rig/utility/virtual.ts';
import { median } from './table.ts';

const PROGRAMS = 32;
const EVENTS = 1000;
const SPACING_SECONDS = 300;
const MEGABYTE = 1024 * 1024;
const SAMPLE_MS = 50;
/** Long enough that a walk ends before the next begins. */
const POLL_SECONDS = 12;
const POLLS = 3;
const GROWTH = [250, 500, 1000, 2000] as const;
const REPEATS = 7;
const STARTED_AT = 1_800_000_000;
const PAGE = 250;

export interface EventCost {
  readonly events: number;
  /** Milliseconds an event: its list read; what it says translated and folded into the plan, which keeps 1 000. */
  readonly parseMs: number;
  readonly applyMs: number;
}

export interface WalkLoad {
  /** From the first request to the program set at controld, seconds; pages of 255 and of 2 items. */
  readonly firstSeconds: number;
  readonly smallPagesSeconds: number;
  /** Most resident memory over three walks, less what three walks of one program without events leave. */
  readonly overIdleMegabytes: number;
  readonly costs: readonly EventCost[];
}

const siteOf = (programs: number, events: number): ScenarioUtility => {
  const names = Array.from({ length: programs }, (_, index) => `program-${index}`);
  const control = (index: number): ScenarioControl => ({
    at: 0,
    program: names[index % programs] ?? '',
    startsIn: 3600 + Math.floor(index / programs) * SPACING_SECONDS,
    durationSeconds: SPACING_SECONDS,
    modes: { opModExpLimW: 1000 + index, opModGenLimW: 5000 },
  });
  return {
    pollRate: POLL_SECONDS,
    postRate: 300,
    layout: 'random',
    programs: names.map((name, index) => ({ name, primacy: index + 1, default: { opModExpLimW: 1500 } })),
    controls: Array.from({ length: events }, (_, index) => control(index)),
  };
};

interface Walked {
  readonly seconds: number;
  readonly mostBytes: number;
  /** After the last walk. */
  readonly settledBytes: number;
}

const walksOf = ({ server }: Bench): number =>
  server.state.journal.exchanges.filter(({ resource, query }) => resource === 'dcap' && query === '').length;

/** northd against a server of that size: the first walk, and the most memory until the third. */
const walked = async (scenario: ScenarioUtility, pageLimit: number): Promise<Walked> => {
  const bench = await startBench({ utility: { scenario, pageLimit } });
  let mostBytes = 0;
  const sample = setInterval(() => {
    bench.memory().then(
      (bytes) => {
        if (walksOf(bench) > 0 && bytes > mostBytes) mostBytes = bytes;
      },
      () => undefined,
    );
  }, SAMPLE_MS);
  try {
    bench.start();
    const wanted = scenario.controls.length;
    await bench.until(
      'all events at controld',
      () => bench.received.some((message) => message.type === 'program-set' && eventsIn(message).length === wanted),
      120,
    );
    const seconds = bench.server.now() - (bench.server.state.journal.exchanges[0]?.at ?? Number.NaN);
    await bench.until('further walks', () => walksOf(bench) > POLLS, POLL_SECONDS * (POLLS + 2));
    return { seconds, mostBytes, settledBytes: await bench.memory() };
  } finally {
    clearInterval(sample);
    await bench.close();
  }
};

/** The pages a server gives of one list of so many events. */
const pagesOf = (events: number): readonly Uint8Array[] => {
  const device = { lfdi: 'A'.repeat(40), sfdi: 100_000_000_003 };
  const state = createUtility(
    defaultOptions({ seed: 1, startedAt: STARTED_AT, scenario: siteOf(1, events), devices: [device], pageLimit: PAGE }),
  );
  const server = virtualUtility(state, () => STARTED_AT + 1);
  server.tick();
  const list = hrefOf(state.hrefs, 'control-list', null, 'program-0');
  return Array.from({ length: Math.ceil(events / PAGE) }, (_, page) => {
    const answered = server.request({
      method: 'GET',
      path: list,
      query: `s=${page * PAGE}&l=${PAGE}`,
      headers: { accept: 'application/sep+xml', host: 'utility.example' },
      body: '',
      clientLfdi: device.lfdi,
    });
    return new TextEncoder().encode(answered?.body ?? '');
  });
};

const treeOf = (pages: readonly Page[]): WalkedTree => {
  const controls = pages.flatMap((page) =>
    page.kind === 'controls' ? page.list.DERControl.map((control) => ({ control, replyTo: null })) : [],
  );
  const program = { mRID: 'B'.repeat(32), primacy: 1 };
  return {
    programs: [{ program, url: '', read: true, defaultControl: null, controls }],
    complete: true,
  } as unknown as WalkedTree;
};

const costOf = (events: number): EventCost => {
  const profile = decodeProfile(csipAus);
  if (!profile.ok) throw new Error('the shipped profile decodes');
  const bodies = pagesOf(events);
  const [parse, apply]: [number[], number[]] = [[], []];
  for (let time = 0; time < REPEATS; time += 1) {
    const begun = performance.now();
    const pages = bodies.flatMap((body) => {
      const page = readPage('controls', 'https://utility.example/', body);
      return page.ok ? [page.value] : [];
    });
    const parsed = performance.now();
    const { set } = translate(treeOf(pages), 'utility', profile.value);
    const { plan } = foldProgramSet(emptyPlan(), set, utilitySeconds(STARTED_AT + 2), 'seed');
    const applied = performance.now();
    const kept = Math.min(events, EVENTS);
    if (plan.events.length !== kept) throw new Error(`${plan.events.length} events in the plan, not ${kept}`);
    parse.push((parsed - begun) / events);
    apply.push((applied - parsed) / events);
  }
  return { events, parseMs: median(parse), applyMs: median(apply) };
};

export const measureWalk = async (): Promise<WalkLoad> => {
  // The first run compiles.
  costOf(EVENTS);
  const costs = GROWTH.map(costOf);
  const idle = await walked(siteOf(1, 0), PAGE);
  const full = await walked(siteOf(PROGRAMS, EVENTS), 255);
  const small = await walked(siteOf(PROGRAMS, EVENTS), 2);
  return {
    firstSeconds: full.seconds,
    smallPagesSeconds: small.seconds,
    overIdleMegabytes: (full.mostBytes - idle.settledBytes) / MEGABYTE,
    costs,
  };
};

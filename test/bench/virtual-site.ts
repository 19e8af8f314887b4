import { assert } from '#base/assert.ts';
import { utilitySeconds, watts } from '#base/units.ts';
import type { EventBody, ProgramSet } from '#control/program.ts';
import type { Truth } from '../rig/site/plant.ts';
import { RigSite, type SiteSettings } from '../rig/site/site.ts';
import { besideOf } from '../support/beside.ts';
import { type LinkUtility, linkUtility } from '../support/link-utility.ts';
import { MemoryFiles } from '../support/memory-files.ts';
import { VirtualTime } from '../support/virtual-clock.ts';
import {
  configurationOf,
  type NoteTaken,
  RUNTIME_DIRECTORY,
  type SiteOfGateway,
  startVirtualControld,
  type VirtualControld,
} from '../support/virtual-gateway.ts';
import { VirtualLine, type WireBytes } from '../support/virtual-line-port.ts';

export const BOOT_ID = 'boot-1';
/** Utility time when virtual time begins. */
export const UTILITY_EPOCH = 1_760_000_000;

interface VirtualSiteOptions {
  readonly settings: SiteSettings;
  readonly gateway?: Partial<SiteOfGateway>;
  /** Fraction of a second by which utility time differs from the machine's. */
  readonly utilityPhase?: number;
  readonly files?: MemoryFiles;
  readonly onBytes?: (bytes: WireBytes) => void;
}

/** A controlled site in virtual time: the rig's line and plant, the production controld, and a stand-in for northd. */
interface VirtualSite {
  readonly time: VirtualTime;
  readonly site: RigSite;
  /** The one of the meter, and all of them. */
  readonly line: VirtualLine;
  readonly lines: readonly VirtualLine[];
  readonly truth: readonly Truth[];
  readonly notes: readonly NoteTaken[];
  readonly files: MemoryFiles;
  readonly utility: LinkUtility;
  readonly controld: VirtualControld;
  /** Seconds of the site's time. */
  readonly now: number;
  /** Site seconds at which the utility's clock shows this. */
  siteSecondsOf(utility: number): number;
  runTo(siteSeconds: number): Promise<void>;
}

export const startVirtualSite = async (options: VirtualSiteOptions): Promise<VirtualSite> => {
  const time = new VirtualTime();
  const truth: Truth[] = [];
  const notes: NoteTaken[] = [];
  const site = new RigSite(options.settings, (point) => truth.push(point));
  const onBytes = options.onBytes === undefined ? {} : { onBytes: options.onBytes };
  const lines = site.lines.map((_, index) => new VirtualLine({ time, site, line: index, ...onBytes }));
  const line = lines[0];
  assert(line !== undefined, 'a site has a line');
  const files = options.files ?? new MemoryFiles();
  const origin = time.now;
  const phase = options.utilityPhase ?? 0;
  const controld = startVirtualControld({
    time,
    configuration: configurationOf({
      commissionedExportW: null,
      fallbackExportW: 1500,
      unitIds: { inverter: options.settings.inverter.unitId, meter: options.settings.meter.unitId },
      others: (options.settings.others ?? []).map((one) => ({ unitId: one.inverter.unitId, line: one.line })),
      beside: besideOf(options.settings),
      baudRate: options.settings.line.baudRate,
      parity: options.settings.line.parity,
      stopBits: options.settings.line.stopBits,
      ...options.gateway,
    }),
    linePort: ({ name }) => (lines[Number(name.slice('line-'.length)) - 1] ?? line).port(),
    files,
    bootId: BOOT_ID,
    seed: options.settings.seed,
    onNote: (note) => notes.push(note),
  });
  await time.settle();
  const utility = linkUtility({ link: controld.link, socket: `${RUNTIME_DIRECTORY}/control.sock` });
  utility.anchor({ bootId: BOOT_ID, mono: origin - phase * 1000, utility: UTILITY_EPOCH, error: 0.05 });
  return {
    time,
    site,
    line,
    lines,
    truth,
    notes,
    files,
    utility,
    controld,
    get now() {
      return line.siteNow / 1000;
    },
    siteSecondsOf: (at) => at - UTILITY_EPOCH - phase,
    runTo: async (siteSeconds) => {
      await time.runUntil(origin + siteSeconds * 1000);
      for (const each of lines) each.sync();
    },
  };
};

export interface LimitEvent {
  readonly mRID: string;
  readonly start: number;
  readonly durationSeconds: number;
  readonly limitW: number;
}

/** What a server with one program says: a default and events, limits of export in watts. */
export const programSetOf = (defaultW: number, events: readonly LimitEvent[]): ProgramSet => ({
  server: 'utility',
  policy: { vanished: 'keep', noDefault: 'fallback' },
  programs: [
    {
      id: 'program-1',
      primacy: 1,
      read: 'read',
      defaultControl: { mRID: 'default-1', modes: { opModExpLimW: watts(defaultW) }, setGradW: null },
      events: events.map(
        (event): EventBody => ({
          mRID: event.mRID,
          creationTime: utilitySeconds(UTILITY_EPOCH - 100),
          start: utilitySeconds(event.start),
          duration: event.durationSeconds,
          randomizeStart: null,
          randomizeDuration: null,
          status: 'scheduled',
          statusAt: utilitySeconds(UTILITY_EPOCH - 100),
          potentiallySuperseded: false,
          responseRequired: 3,
          replyTo: '/rsps/1/rsp',
          modes: { opModExpLimW: watts(event.limitW) },
          rampTms: null,
        }),
      ),
    },
  ],
});

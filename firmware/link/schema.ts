import * as v from 'valibot';
import type { DurationMs, MonoMs, UtilitySeconds, VoltAmperes, Volts, Watts, WattHours } from '#base/units.ts';
import { EVENTS_MAX, PROGRAMS_MAX, type ProgramSet, RAMP_SCOPES, REFUSALS } from '#control/program.ts';
import { curvesSchema, type ModeBounds, modeListSchema, modesSchema } from '#control/plan/mode-schema.ts';
import { OTHER_LIMITS } from '#control/record.ts';
import { decoderOf, type Decode } from './codec.ts';
import {
  CONFIG_TEXT_MAX,
  type ControlMessage,
  FRAME_HEX_MAX,
  type InstallMessage,
  type InstallRequest,
  type NorthMessage,
  TAPE_PIECE_MAX,
  TRACE_FRAMES_MAX,
  type ViewMessage,
  type ViewRequest,
} from './message.ts';

const TEXT_MAX = 2048;
const NAME_MAX = 256;
const HREF_MAX = 1024;
const LIST_MAX = 256;
/** Legal unit ids of a line. */
const SCAN_UNITS_MAX = 247;
/** Beyond it a power is nonsense, and arithmetic on it would lose its watts. */
const MAGNITUDE_MAX = 1e12;
const PERCENT_MAX = 100;
const RANDOMIZE_MAX = 3600;
const DURATION_MAX = 0xffffffff;
const TIME_MAX = 1e11;

const text = v.pipe(v.string(), v.maxLength(TEXT_MAX));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(NAME_MAX));
const href = v.pipe(v.string(), v.maxLength(HREF_MAX));
const finite = v.pipe(v.number(), v.minValue(-MAGNITUDE_MAX), v.maxValue(MAGNITUDE_MAX));
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const octet = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));

const watts = v.pipe(
  finite,
  v.transform((value) => value as Watts),
);
const voltAmperes = v.pipe(
  finite,
  v.transform((value) => value as VoltAmperes),
);
const wattHours = v.pipe(
  finite,
  v.transform((value) => value as WattHours),
);
const volts = v.pipe(
  finite,
  v.transform((value) => value as Volts),
);
const mono = v.pipe(
  v.number(),
  v.minValue(0),
  v.maxValue(MAGNITUDE_MAX),
  v.transform((value) => value as MonoMs),
);
const utilityTime = v.pipe(
  v.number(),
  v.minValue(-TIME_MAX),
  v.maxValue(TIME_MAX),
  v.transform((value) => value as UtilitySeconds),
);

const bounds: ModeBounds = {
  number: finite,
  percent: v.pipe(v.number(), v.minValue(-PERCENT_MAX), v.maxValue(PERCENT_MAX)),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(HREF_MAX)),
};
const modes = modesSchema(bounds);

const randomize = v.nullable(v.pipe(v.number(), v.minValue(-RANDOMIZE_MAX), v.maxValue(RANDOMIZE_MAX)));

const event = v.object({
  mRID: name,
  creationTime: utilityTime,
  start: utilityTime,
  duration: v.pipe(v.number(), v.minValue(0), v.maxValue(DURATION_MAX)),
  randomizeStart: randomize,
  randomizeDuration: randomize,
  status: v.picklist(['scheduled', 'active', 'cancelled', 'cancelled-with-randomization', 'superseded']),
  statusAt: utilityTime,
  potentiallySuperseded: v.boolean(),
  responseRequired: octet,
  replyTo: v.nullable(href),
  modes,
  rampTms: v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(DURATION_MAX))),
  fault: v.exactOptional(text),
});

const gradient = v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(DURATION_MAX)));
/** Hundredths of a second, as wide as UInt32 of the wire. */
const hundredths = v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(0xffff_ffff)));

const policy = v.object({
  vanished: v.picklist(['keep', 'cancel']),
  noDefault: v.picklist(['fallback', 'siteCap']),
  rampScope: v.exactOptional(v.picklist(RAMP_SCOPES)),
  refusals: v.exactOptional(v.pipe(v.array(v.picklist(REFUSALS)), v.maxLength(REFUSALS.length))),
});

const program = v.object({
  id: href,
  primacy: octet,
  read: v.picklist(['read', 'unread']),
  defaultControl: v.nullable(
    v.object({
      mRID: v.nullable(name),
      modes,
      setGradW: gradient,
      setSoftGradW: v.exactOptional(gradient),
      setESDelay: v.exactOptional(hundredths),
      setESRandomDelay: v.exactOptional(hundredths),
      setESRampTms: v.exactOptional(hundredths),
    }),
  ),
  events: v.pipe(v.array(event), v.maxLength(EVENTS_MAX)),
});

/** Also what the plan file keeps of a set. */
export const ProgramSetSchema: v.GenericSchema<unknown, ProgramSet> = v.pipe(
  v.object({
    server: name,
    programs: v.pipe(v.array(program), v.maxLength(PROGRAMS_MAX)),
    policy,
    curves: v.exactOptional(curvesSchema(bounds)),
    partial: v.exactOptional(v.boolean()),
  }),
  v.check(
    (set) => set.programs.reduce((sum, each) => sum + each.events.length, 0) <= EVENTS_MAX,
    `at most ${EVENTS_MAX} events in all programs`,
  ),
);

const hello = v.object({
  type: v.literal('hello'),
  protocol: v.pipe(v.number(), v.integer(), v.minValue(0)),
  release: v.pipe(v.string(), v.maxLength(NAME_MAX)),
  planId: v.nullable(name),
});

const clockAnchor = v.object({
  type: v.literal('clock-anchor'),
  bootId: name,
  mono,
  utility: utilityTime,
  error: v.pipe(v.number(), v.minValue(0), v.maxValue(TIME_MAX)),
});

const programSet = v.object({ type: v.literal('program-set'), planId: name, set: ProgramSetSchema });
const northNote = v.object({ type: v.literal('north-note'), event: name, text, standing: v.optional(v.boolean()) });

const limitWatts = v.pipe(
  v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(MAGNITUDE_MAX))),
  v.transform((value) => value as Watts | null),
);
const localLimit = v.object({
  type: v.literal('local-limit'),
  source: name,
  heard: mono,
  seconds: v.pipe(v.number(), v.minValue(0), v.maxValue(DURATION_MAX)),
  exportW: limitWatts,
  generationW: limitWatts,
  importW: limitWatts,
});

const siteStorage = v.object({
  maxCharge: watts,
  maxDischarge: watts,
  capacity: v.nullable(wattHours),
  floor: v.exactOptional(v.nullable(wattHours)),
});

const lasting = v.nullable(
  v.pipe(
    finite,
    v.minValue(0),
    v.transform((value) => value as DurationMs),
  ),
);
const storageReserve = v.object({ discharge: watts, charge: watts, dischargesFor: lasting, chargesFor: lasting });

const siteSnapshot = v.object({
  type: v.literal('site-snapshot'),
  nameplate: v.nullable(
    v.object({
      ratedPower: watts,
      maxPower: watts,
      ratedApparent: v.nullable(voltAmperes),
      ratedVarInjected: v.nullable(finite),
      ratedVarAbsorbed: v.nullable(finite),
      referenceVoltage: v.nullable(volts),
      storage: v.exactOptional(v.nullable(siteStorage)),
      leastFactor: v.exactOptional(v.object({ overExcited: finite, underExcited: finite })),
      isStorageAlone: v.exactOptional(v.literal(true)),
    }),
  ),
  status: v.object({
    genConnectStatus: octet,
    operationalModeStatus: v.picklist([0, 1, 2]),
    inverterStatus: v.nullable(octet),
    alarmStatus: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(DURATION_MAX)),
    reserve: v.exactOptional(v.nullable(watts)),
    storage: v.exactOptional(
      v.nullable(
        v.object({
          connectStatus: octet,
          stateOfCharge: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000))),
          mode: v.nullable(v.picklist([0, 1, 2])),
          reserve: v.exactOptional(v.nullable(storageReserve)),
        }),
      ),
    ),
  }),
  modes: v.exactOptional(modeListSchema),
});

const logHead = v.object({ type: v.literal('log-head'), seq: count });

const list = <T>(item: v.GenericSchema<unknown, T>, max = LIST_MAX): v.GenericSchema<unknown, T[]> =>
  v.pipe(v.array(item), v.maxLength(max));

const milliseconds = v.pipe(v.number(), v.minValue(0), v.maxValue(DURATION_MAX));
const learned = v.object({
  gain: v.pipe(v.number(), v.minValue(0), v.maxValue(2)),
  settleMs: milliseconds,
  deadTime: v.nullable(v.object({ least: milliseconds, most: milliseconds, isConfirmed: v.boolean() })),
  lagMs: v.nullable(milliseconds),
  step: v.nullable(finite),
});

const view = v.object({
  type: v.literal('view'),
  at: mono,
  utilityTime: v.nullable(utilityTime),
  exportLimit: v.nullable(watts),
  limitSource: text,
  otherLimits: v.exactOptional(list(v.object({ limit: v.picklist(OTHER_LIMITS), value: watts, source: text }))),
  netImport: v.nullable(watts),
  generation: v.nullable(watts),
  load: v.nullable(watts),
  cap: v.nullable(watts),
  seeing: v.picklist(['seen', 'blind']),
  missing: list(text),
  devices: list(v.object({ device: name, standing: name, state: text, text, learned: v.exactOptional(learned) })),
  lateMs: v.exactOptional(milliseconds),
  lines: list(v.object({ line: name, use: finite, faults: count })),
  alarms: list(text),
  events: list(v.object({ mRID: name, state: text, start: utilityTime, until: utilityTime }), EVENTS_MAX),
});

const traceRequest = v.object({ type: v.literal('trace-request'), line: name, follow: v.boolean() });

const trace = v.object({
  type: v.literal('trace'),
  line: name,
  known: v.boolean(),
  frames: list(
    v.object({
      at: mono,
      direction: v.picklist(['request', 'reply']),
      hex: v.pipe(v.string(), v.maxLength(FRAME_HEX_MAX), v.regex(/^([0-9a-f]{2})*$/)),
      verdict: v.pipe(v.string(), v.maxLength(NAME_MAX)),
    }),
    TRACE_FRAMES_MAX,
  ),
  more: v.boolean(),
});

const scanRequest = v.object({
  type: v.literal('scan-request'),
  line: name,
  serial: v.exactOptional(
    v.object({
      baudRate: v.pipe(v.number(), v.integer(), v.minValue(1200), v.maxValue(115_200)),
      parity: v.picklist(['none', 'even', 'odd']),
      stopBits: v.picklist([1, 2]),
    }),
  ),
});
const scan = v.object({
  type: v.literal('scan'),
  line: name,
  known: v.boolean(),
  tried: count,
  total: count,
  done: v.boolean(),
  units: list(
    v.object({ unitId: count, role: v.nullable(name), profile: v.nullable(name), serialNumber: name, text }),
    SCAN_UNITS_MAX,
  ),
});

const tapeRequest = v.object({ type: v.literal('tape-request') });
const tape = v.object({
  type: v.literal('tape'),
  text: v.pipe(v.string(), v.maxLength(TAPE_PIECE_MAX)),
  more: v.boolean(),
});

const configStored = v.object({ type: v.literal('config-stored'), problems: list(text) });

const meterCheck = v.object({
  type: v.literal('meter-check'),
  done: v.boolean(),
  text,
  inverters: list(v.object({ device: name, relation: name, confidence: name, phases: v.pipe(v.string(), v.maxLength(3)), text })),
  site: v.nullable(v.object({ sign: v.nullable(v.picklist([1, -1])), text })),
});

/** What controld takes from an installer's tool. */
export const decodeInstallRequest: Decode<InstallRequest> = decoderOf(
  v.variant('type', [
    hello,
    v.object({ type: v.literal('lockout-reset'), by: v.exactOptional(v.literal('user')) }),
    v.object({ type: v.literal('meter-check-request') }),
    v.object({ type: v.literal('config-store'), text: v.pipe(v.string(), v.maxLength(CONFIG_TEXT_MAX)) }),
  ]),
);
/** What an installer's tool takes from controld. */
export const decodeInstallMessage: Decode<InstallMessage> = decoderOf(
  v.variant('type', [hello, v.object({ type: v.literal('done'), refused: v.exactOptional(text) }), meterCheck, configStored]),
);
/** What controld takes from northd. */
export const decodeNorthMessage: Decode<NorthMessage> = decoderOf(
  v.variant('type', [hello, clockAnchor, programSet, northNote, localLimit]),
);
/** What northd takes from controld. */
export const decodeControlMessage: Decode<ControlMessage> = decoderOf(v.variant('type', [hello, siteSnapshot, logHead]));
/** What controld takes from a view client. */
export const decodeViewRequest: Decode<ViewRequest> = decoderOf(
  v.variant('type', [hello, traceRequest, tapeRequest, scanRequest]),
);
/** What a view client takes from controld. */
export const decodeViewMessage: Decode<ViewMessage> = decoderOf(v.variant('type', [hello, view, trace, tape, scan]));

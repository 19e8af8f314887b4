import type { DeviceId } from '#site/device.ts';
import type { PerPhase } from '#site/sample.ts';

/** One change of an inverter's output, and what the meter made of it. Watts. */
export interface Transition {
  /** Of the inverter that was moved, positive = more generation. */
  readonly output: number;
  /** Of all other inverters in the same time. */
  readonly others: number;
  /** Of the meter's flow, positive = more import. */
  readonly flow: number;
  /** Null where the meter states no phases. */
  readonly phases: PerPhase<number>;
}

export type PhaseName = 'a' | 'b' | 'c';

/** How the meter answers to an inverter: as it is configured to, the other way round, not at all. */
export type Relation = 'follows' | 'reversed' | 'unseen' | 'unclear' | 'untested';

/** What the check found of one inverter. */
export interface InverterFinding {
  readonly device: DeviceId;
  readonly relation: Relation;
  /** `certain`: all of at least three changes agree; `likely`: two, or all but one. */
  readonly confidence: 'certain' | 'likely' | 'none';
  /** The phases that moved with it; empty: the meter states none, or none did. */
  readonly phases: readonly PhaseName[];
  /** Of a feed-in on three phases: those whose current transformer is turned. */
  readonly turned: readonly PhaseName[];
  /** Those whose current transformer sits on the conductor of another phase. */
  readonly exchanged: readonly PhaseName[];
  readonly text: string;
}

/** What the installer is told at the end. */
export interface SiteFinding {
  /** What `sign` of the meter in the configuration ought to be; null: the check cannot tell. */
  readonly sign: 1 | -1 | null;
  readonly text: string;
}

const PHASES = ['a', 'b', 'c'] as const;
/** The flow moved by this share of the output, give or take: it answers. */
const ANSWERS = { least: 0.6, most: 1.4 };
/** By less than this: it does not see it. */
const UNSEEN_BELOW = 0.25;
/** A third of the output, give or take, on each phase. */
const THIRD = { least: 0.2, most: 0.47 };
/** What a transformer on another phase's conductor shows of a third, and of the whole: cos 120 degrees, the other way round. */
const SIXTH = { least: 0.1, most: 0.2 };
const HALF = { least: 0.35, most: 0.6 };
/** The others may have moved by this share of it, or the change says nothing. */
const OTHERS_MAX = 0.25;
const CERTAIN_FROM = 3;
const LIKELY_FROM = 2;

const within = (value: number, { least, most }: { readonly least: number; readonly most: number }): boolean =>
  value >= least && value <= most;

const voteOf = (ratio: number): Relation => {
  if (within(ratio, ANSWERS)) return 'follows';
  if (within(-ratio, ANSWERS)) return 'reversed';
  return Math.abs(ratio) < UNSEEN_BELOW ? 'unseen' : 'unclear';
};

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

/** The share of the output that each phase carried, positive as configured; null: not stated. */
const sharesOf = (changes: readonly Transition[]): readonly number[] | null => {
  const shares = PHASES.map((phase) => changes.map(({ output, phases }) => (phases[phase] ?? Number.NaN) / (0 - output)));
  const means = shares.map(mean);
  return means.some(Number.isNaN) ? null : means;
};

type Wiring = Pick<InverterFinding, 'phases' | 'turned' | 'exchanged'>;
const NO_WIRING: Wiring = { phases: [], turned: [], exchanged: [] };

/** Transformers on other phases' conductors: two of a feed-in on three phases, all three, or the one that a single phase feeds. */
const exchangedOf = (shares: readonly number[]): readonly PhaseName[] => {
  const showing = (range: typeof SIXTH) =>
    PHASES.map((phase, index) => ({ phase, share: shares[index] ?? 0 })).filter(({ share }) => within(Math.abs(share), range));
  const sixths = showing(SIXTH);
  const [whole] = showing(THIRD);
  const names = sixths.map(({ phase }) => phase);
  if (sixths.length === PHASES.length) return sixths.some(({ share }) => share > 0) ? [] : names;
  if (sixths.length === PHASES.length - 1 && whole !== undefined)
    return sixths.some(({ share }) => share > 0 === whole.share > 0) ? [] : names;
  const [half] = showing(HALF);
  const quiet = showing({ least: 0, most: SIXTH.least });
  return half !== undefined && half.share < 0 && quiet.length === PHASES.length - 1 ? [half.phase] : [];
};

/** Phases of the inverter, and those of three that are turned or exchanged. */
const phasesOf = (shares: readonly number[] | null): Wiring => {
  if (shares === null) return NO_WIRING;
  const exchanged = exchangedOf(shares);
  if (exchanged.length > 0) return { phases: [], turned: [], exchanged };
  if (shares.every((share) => within(Math.abs(share), THIRD))) {
    const negative = PHASES.filter((_, index) => (shares[index] ?? 0) < 0);
    return { phases: PHASES, turned: negative.length === PHASES.length ? [] : negative, exchanged };
  }
  const moved = PHASES.filter((_, index) => within(Math.abs(shares[index] ?? 0), ANSWERS));
  const quiet = PHASES.filter((_, index) => Math.abs(shares[index] ?? 0) < UNSEEN_BELOW);
  return moved.length + quiet.length === PHASES.length ? { phases: moved, turned: [], exchanged } : NO_WIRING;
};

const confidenceOf = (agreeing: number, all: number): InverterFinding['confidence'] => {
  if (agreeing === all && all >= CERTAIN_FROM) return 'certain';
  return agreeing >= LIKELY_FROM && agreeing >= all - 1 ? 'likely' : 'none';
};

const TEXT: Readonly<Record<Relation, string>> = {
  follows: 'the meter sees it, with the configured sign',
  reversed: 'the meter sees it the other way round',
  unseen: 'the meter does not see it: another circuit, its transformers on the wrong side, or a battery that makes up for it',
  unclear:
    'the meter moved, but not as the inverter did: loads moved meanwhile, or its transformers sit on other phases than its voltages',
  untested: 'not tested',
};

const exchangedText = (exchanged: readonly PhaseName[]): string =>
  exchanged.length === 1
    ? `the current transformer of phase ${exchanged.join('')} sits on the conductor of another phase`
    : `the current transformers of phases ${exchanged.join(', ')} sit on each other's conductors`;

const phaseText = ({ phases, turned }: Pick<InverterFinding, 'phases' | 'turned'>): string => {
  if (turned.length > 0) return `; the current transformer of phase ${turned.join(', ')} is turned round`;
  if (phases.length === PHASES.length) return '; on three phases';
  return phases.length === 0 ? '' : `; on phase ${phases.join(', ')}`;
};

/** Judges what was seen of one inverter. */
export const judgeInverter = (device: DeviceId, changes: readonly Transition[]): InverterFinding => {
  const sound = changes.filter(({ output, others }) => Math.abs(others) <= OTHERS_MAX * Math.abs(output));
  const votes = sound.map(({ flow, output }) => voteOf(flow / (0 - output)));
  const found = phasesOf(sound.length === 0 ? null : sharesOf(sound));
  const { exchanged } = found;
  if (exchanged.length > 0)
    return { device, relation: 'unclear', confidence: 'likely', ...found, text: exchangedText(exchanged) };
  const count = (vote: Relation): number => votes.filter((one) => one === vote).length;
  const best = (['follows', 'reversed', 'unseen'] as const).reduce((most, one) => (count(one) > count(most) ? one : most));
  const confidence = found.turned.length > 0 ? 'likely' : confidenceOf(count(best), votes.length);
  // One transformer of three turned: two of three phases say which way the meter reads.
  const relation =
    found.turned.length > 0 ? (found.turned.length === 1 ? 'follows' : 'reversed') : confidence === 'none' ? 'unclear' : best;
  const { phases, turned } = relation === 'unseen' ? NO_WIRING : found;
  return {
    device,
    relation,
    confidence,
    phases,
    turned,
    exchanged: [],
    text: `${TEXT[relation]}${phaseText({ phases, turned })}`,
  };
};

/** An inverter that could not be moved, and why. */
export const untested = (device: DeviceId, why: string): InverterFinding => ({
  device,
  relation: 'untested',
  confidence: 'none',
  phases: [],
  turned: [],
  exchanged: [],
  text: why,
});

/** All inverters together: what stands in the configuration is right, wrong, or the wiring is. */
export const judgeSite = (findings: readonly InverterFinding[], configured: 1 | -1): SiteFinding => {
  const of = (relation: Relation): readonly InverterFinding[] => findings.filter((one) => one.relation === relation);
  const [follows, reversed, unseen] = [of('follows'), of('reversed'), of('unseen')];
  const exchanged = [...new Set(findings.flatMap((one) => one.exchanged))];
  if (exchanged.length > 0)
    return { sign: null, text: `wiring: ${exchangedText(exchanged)}: put each beside its own voltage, then check again` };
  const turned = findings.flatMap((one) => one.turned);
  if (turned.length > 0)
    return { sign: null, text: `wiring: turn the current transformer of phase ${turned.join(', ')} round, then check again` };
  if (follows.length > 0 && reversed.length > 0) {
    const phases = reversed.flatMap((one) => one.phases).join(', ');
    return {
      sign: null,
      text: `wiring: the transformers of phase ${phases === '' ? '?' : phases} are turned round, then check again`,
    };
  }
  if (unseen.length > 0) {
    const names = unseen.map(({ device }) => device).join(', ');
    return { sign: null, text: `the meter does not see ${names}: it is not at the connection point, or it has lost a phase` };
  }
  if (reversed.length > 0) {
    const other = configured === 1 ? -1 : 1;
    return { sign: other, text: `the sign is wrong: set "sign": ${other} of the meter in the configuration` };
  }
  if (follows.length > 0) return { sign: configured, text: `the sign is right (${configured})` };
  return { sign: null, text: 'nothing could be told: check again with more sun and a quiet load' };
};

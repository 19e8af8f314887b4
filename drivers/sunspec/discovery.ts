import type { ModelPlace, Nameplate, StorageRating } from '#site/device.ts';
import { assert } from '#base/assert.ts';
import { IDENTITY_REGISTERS, decodeCommon } from './identity.ts';
import type { CommonStrings } from './identity.ts';
import { limitScaleOf, modelOf } from './control-model.ts';
import type { Control } from './control-model.ts';
import { BODY_MODELS, readNameplate, readStorageRating } from './ratings.ts';
import type { Body } from './ratings.ts';
import { HEADER_REGISTERS } from './points.ts';

/** Where a SunSpec map may begin, in the order of likelihood (SunSpec Modbus: 40000, 50000, 0). */
const BASES = [40_000, 50_000, 0] as const;
/** 'SunS' */
const MARKER = [0x5375, 0x6e53] as const;
/** Read of marker, first model id and first length. */
const MARKER_READ = 4;
const END_MODEL = 0xffff;
/** Some devices end the chain with a zero instead of the end model. */
const ZERO_END = 0;
const LAST_ADDRESS = 0xffff;
/** Bound of the walk; the longest chains in the field hold about thirty. */
export const MODELS_MAX = 100;
/** Longest body the walk reads: one FC03. */
const READ_MAX = 125;
interface ReadAction {
  readonly kind: 'read';
  readonly address: number;
  readonly count: number;
}

/** A device's map as found. */
export interface Found {
  readonly base: number;
  readonly common: CommonStrings;
  readonly models: readonly ModelPlace[];
  /** False: the walk broke off, models may be missing; such a chain is used but never recorded. */
  readonly complete: boolean;
  /** Null: neither 120 and 121 nor 702 state a power. */
  readonly nameplate: Nameplate | null;
  /** Scale factor of what is commanded; null: no such control model, or its scale is not usable. */
  readonly limitScale: number | null;
  /** Null: no storage, or it does not say what it takes. */
  readonly storage: StorageRating | null;
}

export type DiscoveryAction =
  | ReadAction
  | { readonly kind: 'found'; readonly found: Found }
  /** `silent`: the unit never answered. `not-sunspec`: it answers, but there is no map at any base. */
  | { readonly kind: 'failed'; readonly why: 'silent' | 'not-sunspec' | 'no-common-model' };

/** What became of the read asked for last. */
export type DiscoveryInput =
  | { readonly kind: 'words'; readonly words: Uint16Array }
  /** An exception: the unit is there and has nothing at this address. */
  | { readonly kind: 'refused' }
  /** No reply or a damaged one. */
  | { readonly kind: 'no-reply' };

type Stage = 'marker' | 'common' | 'header' | 'lone-id' | 'body';

/**
 * Walks a unit's model chain: marker, common model, headers, then the bodies that hold ratings. Sans I/O: each call says what
 * to read next. Advances by the length the device reports; ends at 0xFFFF, 0, an exception, silence, a second common model, a
 * length that cannot be true, or after MODELS_MAX models; addresses only grow, so a chain cannot loop.
 */
export class Discovery {
  #stage: Stage = 'marker';
  #baseIndex = 0;
  #address = 0;
  #tries = 0;
  #answered = false;
  #common: CommonStrings | null = null;
  #complete = true;
  #models: ModelPlace[] = [];
  #bodies: ModelPlace[] = [];
  readonly #read = new Map<number, Uint16Array>();
  readonly #triesMax: number;
  readonly #control: Control;

  /** `tries`: how often one read is tried before its silence is taken as the answer. `control`: whose scale and ratings are wanted. */
  constructor(tries: number, control: Control = 123) {
    this.#triesMax = tries;
    this.#control = control;
  }

  /** The first read. */
  start(): DiscoveryAction {
    return this.#ask();
  }

  /** What to do after the last read's result. */
  next(input: DiscoveryInput): DiscoveryAction {
    if (input.kind === 'no-reply') {
      this.#tries += 1;
      return this.#tries < this.#triesMax ? this.#ask() : this.#gaveUp();
    }
    this.#answered = true;
    this.#tries = 0;
    const words = input.kind === 'words' ? input.words : null;
    switch (this.#stage) {
      case 'marker':
        return this.#afterMarker(words);
      case 'common':
        return this.#afterCommon(words);
      case 'header':
      case 'lone-id':
        return this.#afterHeader(words);
      case 'body':
        return this.#afterBody(words);
    }
  }

  #ask(): ReadAction {
    switch (this.#stage) {
      case 'marker':
        return { kind: 'read', address: this.#base(), count: MARKER_READ };
      case 'common':
        return { kind: 'read', address: this.#base() + MARKER.length, count: IDENTITY_REGISTERS };
      case 'header':
        return { kind: 'read', address: this.#address, count: HEADER_REGISTERS };
      case 'lone-id':
        return { kind: 'read', address: this.#address, count: 1 };
      case 'body': {
        const [place] = this.#bodies;
        assert(place !== undefined, 'a body is read only when one is due');
        return { kind: 'read', address: place.address, count: Math.min(HEADER_REGISTERS + place.length, READ_MAX) };
      }
    }
  }

  #base(): number {
    return BASES[this.#baseIndex] ?? BASES[0];
  }

  #afterMarker(words: Uint16Array | null): DiscoveryAction {
    const [first, second, id, length] = words ?? [];
    if (first !== MARKER[0] || second !== MARKER[1]) return this.#nextBase();
    if (id !== 1 || length === undefined) return { kind: 'failed', why: 'no-common-model' };
    this.#models = [{ id, address: this.#base() + MARKER.length, length }];
    return this.#enter('common');
  }

  #nextBase(): DiscoveryAction {
    this.#baseIndex += 1;
    return this.#baseIndex < BASES.length ? this.#ask() : { kind: 'failed', why: 'not-sunspec' };
  }

  #afterCommon(words: Uint16Array | null): DiscoveryAction {
    const [place] = this.#models;
    const common = words === null || place === undefined ? null : decodeCommon(words, place);
    if (common === null || place === undefined) return { kind: 'failed', why: 'no-common-model' };
    this.#common = common;
    return this.#walkTo(place);
  }

  /** On to the header behind `place`. */
  #walkTo(place: ModelPlace): DiscoveryAction {
    this.#address = place.address + HEADER_REGISTERS + place.length;
    if (this.#address > LAST_ADDRESS || this.#models.length >= MODELS_MAX) return this.#chainEnds(false);
    return this.#enter('header');
  }

  #afterHeader(words: Uint16Array | null): DiscoveryAction {
    // The end model's length register is missing on some devices: ask for the id alone before believing the exception.
    if (words === null) return this.#stage === 'header' ? this.#enter('lone-id') : this.#chainEnds(true);
    const [id, length] = words;
    if (id === END_MODEL || id === ZERO_END) return this.#chainEnds(true);
    if (id === 1) return this.#chainEnds(true);
    if (id === undefined || length === undefined || length === 0) return this.#chainEnds(false);
    const place = { id, address: this.#address, length };
    if (place.address + HEADER_REGISTERS + length - 1 > LAST_ADDRESS) return this.#chainEnds(false);
    this.#models.push(place);
    return this.#walkTo(place);
  }

  #chainEnds(complete: boolean): DiscoveryAction {
    this.#complete = complete;
    this.#bodies = BODY_MODELS.flatMap((id) => this.#models.find((place) => place.id === id) ?? []);
    return this.#nextBody();
  }

  #nextBody(): DiscoveryAction {
    return this.#bodies.length > 0 ? this.#enter('body') : this.#done();
  }

  #afterBody(words: Uint16Array | null): DiscoveryAction {
    const place = this.#bodies.shift();
    if (words !== null && place !== undefined) this.#read.set(place.id, words);
    return this.#nextBody();
  }

  #gaveUp(): DiscoveryAction {
    if (!this.#answered) return { kind: 'failed', why: 'silent' };
    this.#tries = 0;
    switch (this.#stage) {
      case 'marker':
        return this.#nextBase();
      case 'common':
        return { kind: 'failed', why: 'no-common-model' };
      case 'header':
      case 'lone-id':
        return this.#chainEnds(false);
      case 'body':
        this.#complete = false;
        return this.#afterBody(null);
    }
  }

  #enter(stage: Stage): DiscoveryAction {
    this.#stage = stage;
    return this.#ask();
  }

  #done(): DiscoveryAction {
    assert(this.#common !== null, 'the walk passed the common model');
    const body = (id: number): Body | null => {
      const place = this.#models.find((model) => model.id === id);
      const words = this.#read.get(id);
      return place === undefined || words === undefined ? null : { place, words };
    };
    const control = body(modelOf(this.#control));
    const isStorage = this.#control === 124 || this.#control === '704-power';
    const found: Found = {
      base: this.#base(),
      common: this.#common,
      models: this.#models,
      complete: this.#complete,
      nameplate: readNameplate(body, this.#control),
      limitScale: control === null ? null : limitScaleOf(this.#control, control.words, control.place),
      storage: isStorage ? readStorageRating(body, this.#control) : null,
    };
    return { kind: 'found', found };
  }
}

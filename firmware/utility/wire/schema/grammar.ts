/**
 * The words in which the resource tables are written, and the TypeScript type each table stands for.
 * A table is the single source: reading checks by it, writing orders by it, and the value type is inferred from it.
 */

/** A whole number within [low, high]. */
export interface IntegerType {
  readonly kind: 'integer';
  readonly low: number;
  readonly high: number;
}

/** xs:hexBinary of at most `bytes` bytes; in memory upper case with an even number of digits. */
export interface HexType {
  readonly kind: 'hex';
  readonly bytes: number;
}

/** An mRID: hexBinary of at most 16 bytes kept exactly as served, because a Response must name it so (servers compare text). */
export interface MridType {
  readonly kind: 'mrid';
  readonly bytes: number;
}

/** Text of at most `bytes` bytes of UTF-8. */
export interface TextType {
  readonly kind: 'text';
  readonly bytes: number;
}

/** A URI reference, unresolved, of at most `bytes` bytes of UTF-8. */
export interface UriType {
  readonly kind: 'uri';
  readonly bytes: number;
}

export interface BooleanType {
  readonly kind: 'boolean';
}

export type SimpleType = IntegerType | HexType | MridType | TextType | UriType | BooleanType;

/** Child elements in wire order, inherited ones first, and attributes. */
export interface Structure<
  E extends readonly ElementRule[] = readonly ElementRule[],
  A extends readonly AttributeRule[] = readonly AttributeRule[],
> {
  readonly kind: 'structure';
  readonly elements: E;
  readonly attributes: A;
}

export type WireType = SimpleType | Structure;

/** Whose namespace an element belongs to: IEEE 2030.5, or the CSIP-AUS version that introduced it. */
export type Space = 'sep' | 'csipaus-1.2' | 'csipaus-1.3';

export interface ElementRule {
  readonly name: string;
  readonly type: WireType;
  readonly occurs: 'one' | 'optional' | 'many';
  readonly space: Space;
  /** Most occurrences taken; 1 unless `many`. */
  readonly max: number;
}

export interface AttributeRule {
  readonly name: string;
  readonly type: SimpleType;
  readonly occurs: 'one' | 'optional';
}

/** Items taken of an unbounded list; a page is asked for with `l=255`, the event memory holds 1 000. */
export const LIST_ITEMS_MAX = 1000;

interface Element<N extends string, T extends WireType, O extends ElementRule['occurs']> extends ElementRule {
  readonly name: N;
  readonly type: T;
  readonly occurs: O;
}

interface Attribute<N extends string, T extends SimpleType, O extends AttributeRule['occurs']> extends AttributeRule {
  readonly name: N;
  readonly type: T;
  readonly occurs: O;
}

/** A mandatory element. */
export const one = <const N extends string, T extends WireType>(
  name: N,
  type: T,
  space: Space = 'sep',
): Element<N, T, 'one'> => ({
  name,
  type,
  occurs: 'one',
  space,
  max: 1,
});

/** An optional element. */
export const optional = <const N extends string, T extends WireType>(
  name: N,
  type: T,
  space: Space = 'sep',
): Element<N, T, 'optional'> => ({ name, type, occurs: 'optional', space, max: 1 });

/** An element that repeats; none is an empty array. A bounded one may not be cut: more, or one bad, faults the parent. */
export const many = <const N extends string, T extends WireType>(
  name: N,
  type: T,
  max = LIST_ITEMS_MAX,
): Element<N, T, 'many'> => ({
  name,
  type,
  occurs: 'many',
  space: 'sep',
  max,
});

export const attribute = <const N extends string, T extends SimpleType>(name: N, type: T): Attribute<N, T, 'optional'> => ({
  name,
  type,
  occurs: 'optional',
});

export const mandatoryAttribute = <const N extends string, T extends SimpleType>(name: N, type: T): Attribute<N, T, 'one'> => ({
  name,
  type,
  occurs: 'one',
});

export const structure = <const E extends readonly ElementRule[], const A extends readonly AttributeRule[] = readonly []>(
  elements: E,
  attributes?: A,
): Structure<E, A> => ({ kind: 'structure', elements, attributes: attributes ?? ([] as readonly AttributeRule[] as A) });

type Flat<T> = { readonly [K in keyof T]: T[K] };

type Named<R, O extends string> = Extract<R, { readonly occurs: O }>;

type StructureValue<R extends ElementRule, A extends AttributeRule> = Flat<
  { readonly [X in Named<A, 'one'> as X['name']]: ValueOf<X['type']> } & {
    readonly [X in Named<A, 'optional'> as X['name']]?: ValueOf<X['type']>;
  } & { readonly [X in Named<R, 'one'> as X['name']]: ValueOf<X['type']> } & {
    readonly [X in Named<R, 'optional'> as X['name']]?: ValueOf<X['type']>;
  } & { readonly [X in Named<R, 'many'> as X['name']]: readonly ValueOf<X['type']>[] }
>;

/** The TypeScript value a table stands for. Absent optional parts are absent properties, never null or a default. */
export type ValueOf<T> = T extends IntegerType
  ? number
  : T extends HexType | MridType | TextType | UriType
    ? string
    : T extends BooleanType
      ? boolean
      : T extends Structure<infer E, infer A>
        ? StructureValue<E[number], A[number]>
        : never;

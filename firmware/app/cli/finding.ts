import { fail, ok, type Result } from '#base/result.ts';

/** What a step of the doctor found: a fact, or what is wrong and what to do about it. */
export type Finding = Result<string, { readonly wrong: string; readonly remedy: string }>;

export const found = (text: string): Finding => ok(text);
export const wrong = (what: string, remedy: string): Finding => fail({ wrong: what, remedy });

/** Tells a finding of the step `name`; false: something is wrong. */
export type Tell = (name: string, finding: Finding) => boolean;

import { describe, expect, test } from 'vitest';
import { runControl } from './run.ts';

const SECONDS = 1500;

describe('control whose meter falls silent again and again', () => {
  test.each([3, 5])('seed %i: generation alone stays inside the limit', (seed) => {
    expect(runControl({ seed, seconds: SECONDS, among: ['meter-silent'] }).violations).toEqual([]);
  });
});

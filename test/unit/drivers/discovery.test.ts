import { describe, expect, it } from 'vitest';
import { Discovery, MODELS_MAX } from '#drivers/sunspec/discovery.ts';
import type { DiscoveryAction, DiscoveryInput, Found } from '#drivers/sunspec/discovery.ts';
import { inverterImage } from './register-image.ts';
import type { Image } from './register-image.ts';

const STEPS_MAX = 1000;

const fromImage =
  (image: Image) =>
  (address: number, count: number): DiscoveryInput => {
    const words = Array.from({ length: count }, (_, i) => image.get(address + i));
    return words.includes(undefined) ? { kind: 'refused' } : { kind: 'words', words: Uint16Array.from(words, (w) => w ?? 0) };
  };

/** Runs the walk against a device; returns its end and the reads it took. */
const walk = (
  device: (address: number, count: number) => DiscoveryInput,
): { readonly end: DiscoveryAction; readonly reads: number } => {
  const discovery = new Discovery(3);
  let action = discovery.start();
  let reads = 0;
  while (action.kind === 'read' && reads < STEPS_MAX) {
    reads += 1;
    expect(action.address + action.count).toBeLessThanOrEqual(0x10000 + 125);
    action = discovery.next(device(action.address, action.count));
  }
  return { end: action, reads };
};

const found = (device: (address: number, count: number) => DiscoveryInput): Found => {
  const { end } = walk(device);
  if (end.kind !== 'found') throw new Error(`ended as ${JSON.stringify(end)}`);
  return end.found;
};

describe('Discovery', () => {
  it.each([40_000, 50_000, 0])('finds the map at %d', (base) => {
    const { image, controls } = inverterImage('INV-7', base);
    const { end, reads } = walk(fromImage(image));
    expect(end).toMatchObject({
      kind: 'found',
      found: {
        base,
        complete: true,
        common: { manufacturer: 'Acme', model: 'Sun 10', firmwareVersion: '1.2', serialNumber: 'INV-7' },
        nameplate: {
          ratedPower: 10_000,
          maxPower: 10_000,
          ratedApparent: 11_000,
          referenceVoltage: 230,
          ratedVarInjected: 4400,
          ratedVarAbsorbed: 4400,
        },
        limitScale: -2,
      },
    });
    expect(found(fromImage(image)).models).toContainEqual({ id: 123, address: controls, length: 24 });
    expect(reads).toBeLessThanOrEqual(13);
  });

  it('takes an exception behind the last model for the end', () => {
    const { image, controls } = inverterImage();
    image.delete(controls + 26);
    image.delete(controls + 27);
    expect(found(fromImage(image))).toMatchObject({ complete: true, limitScale: -2 });
  });

  it('takes an end model without a length register', () => {
    const { image, controls } = inverterImage();
    image.delete(controls + 27);
    expect(found(fromImage(image))).toMatchObject({ complete: true, limitScale: -2 });
  });

  it('keeps what it found when the device falls silent, and says that the chain is partial', () => {
    const { image, controls } = inverterImage();
    const answer = fromImage(image);
    const device = (address: number, count: number): DiscoveryInput =>
      address === controls ? { kind: 'no-reply' } : answer(address, count);
    expect(found(device)).toMatchObject({ complete: false, limitScale: null, nameplate: { ratedPower: 10_000 } });
  });

  it('survives single lost replies', () => {
    const answer = fromImage(inverterImage().image);
    let turn = 0;
    const device = (address: number, count: number): DiscoveryInput => {
      turn += 1;
      return turn % 2 === 1 ? { kind: 'no-reply' } : answer(address, count);
    };
    expect(found(device)).toMatchObject({ complete: true, limitScale: -2 });
  });

  it.each([0, 0xfff0])('ends at a length of %d, which cannot be true', (length) => {
    const { image, measurements } = inverterImage();
    image.set(measurements + 1, length);
    expect(found(fromImage(image))).toMatchObject({ complete: false, nameplate: null, limitScale: null });
  });

  it('ends a chain that goes on for ever', () => {
    const { image } = inverterImage();
    const endless = (address: number, count: number): DiscoveryInput =>
      address < 40_070
        ? fromImage(image)(address, count)
        : { kind: 'words', words: Uint16Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 64_001 : 2)) };
    const { models, complete } = found(endless);
    expect(complete).toBe(false);
    expect(models).toHaveLength(MODELS_MAX);
  });

  it('stops at a second device on the same unit', () => {
    const { image, controls } = inverterImage();
    image.set(controls + 26, 1);
    image.set(controls + 27, 66);
    expect(found(fromImage(image)).models.filter(({ id }) => id === 1)).toHaveLength(1);
  });

  it('tells silence from a unit without SunSpec', () => {
    expect(walk(() => ({ kind: 'no-reply' }))).toEqual({ end: { kind: 'failed', why: 'silent' }, reads: 3 });
    expect(walk(() => ({ kind: 'refused' }))).toEqual({ end: { kind: 'failed', why: 'not-sunspec' }, reads: 3 });
  });

  it('leaves a scale factor out of range unused', () => {
    const { image, controls } = inverterImage();
    image.set(controls + 23, 44);
    expect(found(fromImage(image)).limitScale).toBeNull();
  });
});

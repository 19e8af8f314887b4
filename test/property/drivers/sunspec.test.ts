import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { monoMs, watts } from '#base/units.ts';
import { capOf, capScale, rawCap } from '#drivers/inverter/control-block.ts';
import { readInverter } from '#drivers/inverter/reading.ts';
import { NO_SLOW_VALUES, readMeter } from '#drivers/meter/reading.ts';
import { decodeProfile } from '#drivers/profile/profile.ts';
import { inverterProfileNamed } from '#drivers/profile/catalogue.ts';
import { decodeModel } from '#drivers/sunspec/codec.ts';
import { Discovery, MODELS_MAX } from '#drivers/sunspec/discovery.ts';
import { commonModel } from '#drivers/sunspec/models/common.ts';
import { controlsModel } from '#drivers/sunspec/models/controls.ts';
import { derCapacityModel } from '#drivers/sunspec/models/der-capacity.ts';
import { derControlsModel } from '#drivers/sunspec/models/der-controls.ts';
import { derMeasureModel } from '#drivers/sunspec/models/der-measure.ts';
import { inverterFloatModel } from '#drivers/sunspec/models/inverter-float.ts';
import { inverterModel } from '#drivers/sunspec/models/inverter.ts';
import { meterFloatModel } from '#drivers/sunspec/models/meter-float.ts';
import { meterModel } from '#drivers/sunspec/models/meter.ts';
import { nameplateModel } from '#drivers/sunspec/models/nameplate.ts';
import { settingsModel } from '#drivers/sunspec/models/settings.ts';
import { statusModel } from '#drivers/sunspec/models/status.ts';
import type { Model, PointTable } from '#drivers/sunspec/points.ts';
import { toDeviceId } from '#site/device.ts';

const device = toDeviceId('any');
const word = fc.integer({ min: 0, max: 0xffff });
const words = fc.array(word, { maxLength: 125 });
const models: readonly Model<PointTable>[] = [
  commonModel,
  inverterModel,
  nameplateModel,
  settingsModel,
  statusModel,
  controlsModel,
  meterModel,
  meterFloatModel,
  inverterFloatModel,
  derMeasureModel,
  derCapacityModel,
  derControlsModel,
];

describe('decoding arbitrary registers', () => {
  it('never throws and yields only finite numbers', () => {
    fc.assert(
      fc.property(fc.constantFrom(...models), words, fc.boolean(), (model, body, honest) => {
        const id = model.ids[0] ?? 0;
        const block = Uint16Array.from(honest ? [id, 200, ...body] : body);
        const decoded = decodeModel(model, block, { id, address: 0, length: 200 });
        if (!decoded.ok) return;
        for (const value of Object.values(decoded.value.values))
          if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
      }),
    );
  });

  it('makes samples of finite numbers or null, never beyond what is plausible', () => {
    fc.assert(
      fc.property(words, (body) => {
        const takenAt = monoMs(1);
        const about = { device, takenAt, fitting: { sign: 1, plausiblePower: watts(20_000) }, slow: NO_SLOW_VALUES } as const;
        const meter = readMeter(Uint16Array.from([203, 105, ...body]), { id: 203, address: 0, length: 105 }, about);
        const netImport = meter.ok ? meter.value.sample.netImport : null;
        expect(netImport === null || Math.abs(netImport) <= 20_000).toBe(true);
        const inverter = readInverter(
          Uint16Array.from([103, 50, ...body]),
          { id: 103, address: 0, length: 50 },
          { device, takenAt, rating: watts(10_000) },
        );
        const generation = inverter.ok ? inverter.value.sample.generation : null;
        expect(generation === null || Math.abs(generation) <= 15_000).toBe(true);
      }),
    );
  });
});

describe('a cap in registers', () => {
  it('is never above the wanted cap, never more than a step below, and rounds to itself', () => {
    const control = inverterProfileNamed('sunspec-123')!.control;
    const resolution = fc.constantFrom(null, 0.1, 1);
    fc.assert(
      fc.property(
        fc.double({ min: -1000, max: 2e5, noNaN: true }),
        fc.integer({ min: 1, max: 150_000 }),
        fc.integer({ min: -2, max: 0 }),
        resolution,
        (cap, maxPower, sf, resolutionPercent) => {
          const scale = capScale(watts(maxPower), sf, { ...control, resolutionPercent });
          const raw = rawCap(watts(cap), scale);
          const held = capOf(raw, scale);
          expect(held).toBeLessThanOrEqual(Math.max(0, cap));
          expect(Math.min(Math.max(0, cap), maxPower) - held).toBeLessThan(capOf(scale.step, scale) * 1.000001);
          expect(rawCap(held, scale)).toBe(raw);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('discovery against a device that says anything', () => {
  const reply = fc.oneof(
    fc.constant({ kind: 'refused' } as const),
    fc.constant({ kind: 'no-reply' } as const),
    fc
      .array(fc.oneof(word, fc.constantFrom(0, 1, 2, 66, 103, 120, 123, 0xffff)), { maxLength: 125 })
      .map((body) => ({ kind: 'words', words: Uint16Array.from(body) }) as const),
  );
  it('ends, inside the address space', () => {
    fc.assert(
      fc.property(fc.infiniteStream(reply), fc.boolean(), (replies, startsWell) => {
        const discovery = new Discovery(3);
        let action = discovery.start();
        let reads = 0;
        for (const answer of replies) {
          if (action.kind !== 'read') break;
          expect(action.count).toBeGreaterThan(0);
          expect(action.count).toBeLessThanOrEqual(125);
          reads += 1;
          const opening = Uint16Array.from(
            reads === 1 ? [0x5375, 0x6e53, 1, 66] : [1, 66, ...Array.from({ length: 64 }, () => 0x4141)],
          );
          action = discovery.next(startsWell && reads <= 2 ? { kind: 'words', words: opening } : answer);
        }
        expect(reads).toBeLessThanOrEqual(3 * (2 * MODELS_MAX + 10));
      }),
    );
  });
});

describe('profiles', () => {
  it('refuse anything without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(decodeProfile(json).ok).toBe(false);
      }),
    );
  });
});

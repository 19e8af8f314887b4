import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commonModel } from '#drivers/sunspec/models/common.ts';
import { controlsModel } from '#drivers/sunspec/models/controls.ts';
import { derCapacityModel } from '#drivers/sunspec/models/der-capacity.ts';
import { derControlsModel } from '#drivers/sunspec/models/der-controls.ts';
import { derDcModel } from '#drivers/sunspec/models/der-dc.ts';
import { derMeasureModel } from '#drivers/sunspec/models/der-measure.ts';
import { enterServiceModel } from '#drivers/sunspec/models/enter-service.ts';
import { inverterFloatModel } from '#drivers/sunspec/models/inverter-float.ts';
import { inverterModel } from '#drivers/sunspec/models/inverter.ts';
import { meterFloatModel } from '#drivers/sunspec/models/meter-float.ts';
import { meterModel, singlePhaseMeterModel } from '#drivers/sunspec/models/meter.ts';
import { nameplateModel } from '#drivers/sunspec/models/nameplate.ts';
import { batteryBankModel } from '#drivers/sunspec/models/battery-bank.ts';
import { batteryStringModel } from '#drivers/sunspec/models/battery-string.ts';
import { batteryModel } from '#drivers/sunspec/models/battery.ts';
import { derStorageModel } from '#drivers/sunspec/models/der-storage.ts';
import { mpptModel } from '#drivers/sunspec/models/mppt.ts';
import { settingsModel } from '#drivers/sunspec/models/settings.ts';
import { storageModel } from '#drivers/sunspec/models/storage.ts';
import { statusModel } from '#drivers/sunspec/models/status.ts';
import { registersOf } from '#drivers/sunspec/points.ts';
import type { Model, PointTable } from '#drivers/sunspec/points.ts';

const models: readonly Model<PointTable>[] = [
  commonModel,
  inverterModel,
  nameplateModel,
  settingsModel,
  statusModel,
  controlsModel,
  singlePhaseMeterModel,
  meterModel,
  inverterFloatModel,
  meterFloatModel,
  derMeasureModel,
  derCapacityModel,
  enterServiceModel,
  derControlsModel,
  storageModel,
  derStorageModel,
  derDcModel,
  batteryModel,
  batteryBankModel,
  batteryStringModel,
  mpptModel,
];
/** Modules of 160 and ports of 714 that the tables have. */
const MODULES = ['1', '2', '3', '4'];
/** Strings of 803 that it has. */
const STRINGS = ['1', '2', '3'];

interface PublishedPoint {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly sf?: string;
  readonly units?: string;
  readonly access?: string;
}

interface PublishedGroup {
  readonly name: string;
  readonly count?: number | string;
  readonly points: readonly PublishedPoint[];
}

const published = (id: number): readonly PublishedPoint[] | null => {
  const file = new URL(`../../../../shared/reference/sunspec-models/model_${id}.json`, import.meta.url);
  if (!existsSync(file)) return null;
  const { group } = JSON.parse(readFileSync(file, 'utf8')) as { group: PublishedGroup & { groups?: PublishedGroup[] } };
  // A group without a count is a part of the fixed block: its points are named after it.
  const fixed = (group.groups ?? []).filter(({ count }) => count === undefined);
  const named = fixed.flatMap(({ name, points }) => points.map((point) => ({ ...point, name: `${name}_${point.name}` })));
  const modules = id === 160 || id === 714 ? MODULES : id === 803 ? STRINGS : [];
  const repeated = modules.flatMap((number) =>
    (group.groups?.[0]?.points ?? []).map((point) => ({ ...point, name: `${point.name}_${number}` })),
  );
  return [...group.points, ...named, ...repeated];
};

describe.each(models.map((model) => [model.name, model] as const))('model table %s', (_, model) => {
  const points = Object.entries(model.points);

  it('lies without gaps or overlaps and fits its length', () => {
    let at = 0;
    for (const [name, point] of points) {
      expect(point.at, name).toBe(at);
      at += registersOf(point);
    }
    expect(at - 2).toBeGreaterThanOrEqual(model.length);
  });

  it('scales only by scale factors of its own', () => {
    for (const [name, { sf }] of points) if (sf !== undefined) expect(model.points[sf]?.type, name).toBe('sunssf');
  });

  for (const id of model.ids) {
    const reference = published(id);
    if (reference !== null) {
      it(`is model ${id} as published`, () => {
        const ours = points.map(([name, point]) => ({
          name,
          type: point.type,
          size: registersOf(point),
          sf: point.sf,
          units: point.units,
          access: point.access,
        }));
        const theirs = reference.map(({ name, type, size, sf, units, access }) => ({ name, type, size, sf, units, access }));
        expect(ours).toEqual(theirs);
      });
    }
  }
});

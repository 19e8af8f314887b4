import { assert } from '#base/assert.ts';
import type { MapInverterProfile } from './inverter-map.ts';
import { decodeProfile } from './profile.ts';
import type { InverterProfile, MeterProfile, Profile } from './profile.ts';
import type { LoadProfile, StorageProfile } from './storage-profile.ts';
import abbFimer from './abb-fimer.json' with { type: 'json' };
import carloGavazziEm24 from './carlo-gavazzi-em24.json' with { type: 'json' };
import carloGavazziEm340 from './carlo-gavazzi-em340.json' with { type: 'json' };
import eastronSdm120 from './eastron-sdm120.json' with { type: 'json' };
import eastronSdm630 from './eastron-sdm630.json' with { type: 'json' };
import fronius from './fronius.json' with { type: 'json' };
import froniusMeter from './fronius-meter.json' with { type: 'json' };
import froniusStorage from './fronius-storage.json' with { type: 'json' };
import goodweEt from './goodwe-et.json' with { type: 'json' };
import huaweiSun2000 from './huawei-sun2000.json' with { type: 'json' };
import kaco from './kaco.json' with { type: 'json' };
import kostal from './kostal.json' with { type: 'json' };
import registerLoad from './register-load.json' with { type: 'json' };
import relay from './relay.json' with { type: 'json' };
import sma from './sma.json' with { type: 'json' };
import solaredge from './solaredge.json' with { type: 'json' };
import sungrowSg from './sungrow-sg.json' with { type: 'json' };
import sunspec123 from './sunspec-123.json' with { type: 'json' };
import sunspec124 from './sunspec-124.json' with { type: 'json' };
import sunspec704 from './sunspec-704.json' with { type: 'json' };
import sunspec704Storage from './sunspec-704-storage.json' with { type: 'json' };
import sunspecMeter from './sunspec-meter.json' with { type: 'json' };
import wattnode from './wattnode.json' with { type: 'json' };

const FILES: readonly unknown[] = [
  abbFimer,
  carloGavazziEm24,
  carloGavazziEm340,
  eastronSdm120,
  eastronSdm630,
  fronius,
  froniusMeter,
  froniusStorage,
  goodweEt,
  huaweiSun2000,
  kaco,
  kostal,
  registerLoad,
  relay,
  sma,
  solaredge,
  sungrowSg,
  sunspec123,
  sunspec124,
  sunspec704,
  sunspec704Storage,
  sunspecMeter,
  wattnode,
];

/** The profiles this release ships, decoded. One of ours that does not decode is a broken build. */
export const shippedProfiles = (): readonly Profile[] =>
  FILES.map((file) => {
    const decoded = decodeProfile(file);
    assert(decoded.ok, 'a shipped device profile decodes');
    return decoded.value;
  });

/** The inverter profile of this name; null when this release has none. */
export const inverterProfileNamed = (name: string): InverterProfile | null =>
  shippedProfiles().find((profile): profile is InverterProfile => profile.kind === 'inverter' && profile.name === name) ?? null;

/** The profile of this name of an inverter limited in registers of its own; null when this release has none. */
export const mapInverterProfileNamed = (name: string): MapInverterProfile | null =>
  shippedProfiles().find((profile): profile is MapInverterProfile => profile.kind === 'map-inverter' && profile.name === name) ??
  null;

/** The profile of this name for the role of an inverter, of either kind; null when this release has none. */
export const anyInverterProfileNamed = (name: string): InverterProfile | MapInverterProfile | null =>
  inverterProfileNamed(name) ?? mapInverterProfileNamed(name);

/** The meter profile of this name; null when this release has none. */
export const meterProfileNamed = (name: string): MeterProfile | null =>
  shippedProfiles().find((profile): profile is MeterProfile => profile.kind === 'meter' && profile.name === name) ?? null;

/** The storage profile of this name; null when this release has none. */
export const storageProfileNamed = (name: string): StorageProfile | null =>
  shippedProfiles().find((profile): profile is StorageProfile => profile.kind === 'storage' && profile.name === name) ?? null;

/** The load profile of this name; null when this release has none. */
export const loadProfileNamed = (name: string): LoadProfile | null =>
  shippedProfiles().find((profile): profile is LoadProfile => profile.kind === 'load' && profile.name === name) ?? null;

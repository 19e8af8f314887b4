import { assert } from '#base/assert.ts';
import { decodeProfile } from './profile.ts';
import type { InverterProfile, MeterProfile, Profile } from './profile.ts';
import sunspec123 from './sunspec-123.json' with { type: 'json' };
import sunspec704 from './sunspec-704.json' with { type: 'json' };
import sunspecMeter from './sunspec-meter.json' with { type: 'json' };

/** The profiles this release ships, decoded. One of ours that does not decode is a broken build. */
export const shippedProfiles = (): readonly Profile[] =>
  [sunspec123, sunspec704, sunspecMeter].map((file) => {
    const decoded = decodeProfile(file);
    assert(decoded.ok, 'a shipped device profile decodes');
    return decoded.value;
  });

/** The inverter profile of this name; null when this release has none. */
export const inverterProfileNamed = (name: string): InverterProfile | null =>
  shippedProfiles().find((profile): profile is InverterProfile => profile.kind === 'inverter' && profile.name === name) ?? null;

/** The meter profile of this name; null when this release has none. */
export const meterProfileNamed = (name: string): MeterProfile | null =>
  shippedProfiles().find((profile): profile is MeterProfile => profile.kind === 'meter' && profile.name === name) ?? null;

import type { Connection } from '#site/device.ts';
import { controlPointAt } from '../sunspec/control-model.ts';
import type { InverterProfile } from '../profile/profile.ts';

type ConnectionProfile = InverterProfile['connection'];

/** SunSpec 123 Conn, 703 ES. */
const REGISTER: Readonly<Record<Connection, number>> = { disconnected: 0, connected: 1 };

const registerOf = (value: number | 'connection', connection: Connection): number =>
  value === 'connection' ? REGISTER[connection] : value;

/** First register of the block, counted from the model's ID. */
export const connectionStart = ({ model, writeBlock }: ConnectionProfile): number =>
  controlPointAt(model, writeBlock[0]?.point ?? 'Conn');

/** The registers of the block, in the profile's order. */
export const connectionWords = ({ writeBlock }: ConnectionProfile, connection: Connection): readonly number[] =>
  writeBlock.map(({ value }) => registerOf(value, connection));

/** Registers of the self-identifying read-back: from the model's ID to the end of the block. */
export const connectionReadLength = (profile: ConnectionProfile): number => connectionStart(profile) + profile.writeBlock.length;

/** Does a read-back, which begins with the model's ID, hold what was written in every register the profile compares? */
export const connectionStands = (profile: ConnectionProfile, words: Uint16Array, connection: Connection): boolean =>
  profile.writeBlock.every(
    ({ value, readBack }, index) => !readBack || words[connectionStart(profile) + index] === registerOf(value, connection),
  );

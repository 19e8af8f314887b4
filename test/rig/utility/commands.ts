/** What a test or a scenario does to the server while it runs: programs that come and go, things lost or moved, bodies that change. */
import type { Control } from './controls.ts';
import { DER_PARTS, moveKind, type ResourceKind } from './hrefs.ts';
import type { ScenarioProgram } from './options.ts';
import { controlOf, newProgram, programNamed, type UtilityState } from './state.ts';
import type { Paging } from './viewer.ts';

/** Publishes a program; it is on the lists of the assignments by the rule of the options, or where `setAssignments` puts it. */
export const addProgram = (state: UtilityState, given: ScenarioProgram): void => {
  state.programs.push(newProgram(state.random, given));
};

/** Takes a program away with all its events, without a word. */
export const dropProgram = (state: UtilityState, name: string): void => {
  state.programs.splice(state.programs.indexOf(programNamed(state, name)), 1);
  state.controls.splice(0, state.controls.length, ...state.controls.filter(({ program }) => program !== name));
};

export const setPrimacy = (state: UtilityState, name: string, primacy: number): void => {
  programNamed(state, name).primacy = primacy;
};

/** Programs of each FunctionSetAssignments by name; null: as the options say. A program may stand in several. */
export const setAssignments = (state: UtilityState, names: readonly (readonly string[])[] | null): void => {
  state.assignments = names;
};

/** Programs associated with DER number `der` (from 1); null: no AssociatedDERProgramListLink. */
export const associate = (state: UtilityState, names: readonly string[] | null, der = 1): void => {
  if (names === null) state.associated.delete(String(der));
  else state.associated.set(String(der), names);
};

type Changes = Partial<
  Pick<
    Control,
    | 'creationTime'
    | 'start'
    | 'duration'
    | 'randomizeStart'
    | 'randomizeDuration'
    | 'modes'
    | 'version'
    | 'saidStatus'
    | 'responseRequired'
  >
>;

/** Changes the body of an event that was published: no server may, some do. `saidStatus`: the EventStatus said, whatever the time. */
export const changeControl = (state: UtilityState, mRID: string, changes: Changes): void => {
  Object.assign(controlOf(state, mRID), changes);
};

/** Time tells `seconds` more than the server's time; everything else keeps to that. */
export const jumpTime = (state: UtilityState, seconds: number): void => {
  state.timeJump = seconds;
};

/** Pages the lists of a kind wrongly; null: as it should be again. */
export const setPaging = (state: UtilityState, kind: ResourceKind, paging: Paging | null): void => {
  if (paging === null) state.paging.delete(kind);
  else state.paging.set(kind, paging);
};

type Loss = 'devices' | 'ders' | 'connection-points' | 'mirrors' | 'log-events';

/** Loses what clients told, as a server that was emptied or restored from a backup. `devices`: their registrations, and what hangs below. */
export const lose = (state: UtilityState, what: readonly Loss[]): void => {
  if (what.includes('mirrors')) state.mirrors.clear();
  for (const device of state.devices.values()) {
    for (const key of device.held.keys()) {
      const isDer = DER_PARTS.some((kind) => key.startsWith(`${kind}/`));
      if (what.includes(isDer ? 'ders' : 'connection-points')) device.held.delete(key);
    }
    if (what.includes('log-events')) device.logEvents.length = 0;
  }
  if (what.includes('devices')) state.devices.clear();
};

/** Loses everything clients told. `devices`: their registrations too. */
export const wipe = (state: UtilityState, lost: { readonly devices: boolean }): void => {
  lose(state, ['ders', 'connection-points', 'mirrors', 'log-events', ...(lost.devices ? (['devices'] as const) : [])]);
};

/** Lets all resources of these kinds live at other paths: old links answer 404, what they held is at the new ones. */
export const moveResources = (state: UtilityState, kinds: readonly ResourceKind[]): void => {
  for (const kind of kinds) moveKind(state.hrefs, kind);
};

/** Lists a device as enabled or not (EndDevice.enabled). */
export const enableDevice = (state: UtilityState, lfdi: string, enabled: boolean): void => {
  const device = state.devices.get(lfdi.toUpperCase());
  if (device !== undefined) device.enabled = enabled;
};

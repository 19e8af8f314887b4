import type { Watts } from '#base/units.ts';
import type { Targets } from '#control/limits.ts';
import type { DeviceId, Reactive } from '#site/device.ts';
import type { Command, SiteFacts } from './state.ts';

const FULL_PERCENT = 100;

/** What the inverters are to do with reactive power; null: nothing is asked for. Of several the narrowest word counts: var, share, factor. */
export const reactiveOf = (targets: Targets | undefined, setMaxW: Watts): Reactive | null => {
  const power = targets?.opModTargetVar;
  if (power !== undefined && setMaxW > 0)
    return { kind: 'share', percent: (power.value / setMaxW) * FULL_PERCENT, of: 'setMaxW' };
  const share = targets?.opModFixedVar;
  if (share !== undefined) return { kind: 'share', ...share.value };
  const factor = targets?.opModFixedPFInjectW;
  return factor === undefined ? null : { kind: 'factor', ...factor.value };
};

/** Tells each inverter what it was not told yet; one that was never asked is left alone. Kept when the gateway falls silent. */
export const askReactive = (
  told: ReadonlyMap<DeviceId, Reactive>,
  wanted: Reactive | null,
  facts: SiteFacts,
): { readonly told: ReadonlyMap<DeviceId, Reactive>; readonly commands: readonly Command[] } => {
  if (wanted === null && told.size === 0) return { told, commands: [] };
  const text = JSON.stringify(wanted);
  const news = facts.inverters.map(({ device }) => device).filter((device) => JSON.stringify(told.get(device) ?? null) !== text);
  if (news.length === 0) return { told, commands: [] };
  const next = new Map(told);
  for (const device of news) {
    if (wanted === null) next.delete(device);
    else next.set(device, wanted);
  }
  return {
    told: next,
    commands: news.map((device) => ({
      setpoint: { device, command: { kind: 'reactive', reactive: wanted }, onSilence: { kind: 'holds' } },
      urgency: 'raise',
    })),
  };
};

import { BASE } from '../../rig/site/image.ts';
import { frameOf, isFrame } from '../../rig/site/modbus.ts';
import { RigSite, siteOf, type SiteSettings } from '../../rig/site/site.ts';
import type { Truth } from '../../rig/site/plant.ts';

/** Longest a master waits for an answer, milliseconds. */
const TIMEOUT_MS = 1000;

export const INVERTER = { limit: BASE + 2 + 68 + 52 + 28 + 32 + 46 + 5, body103: BASE + 2 + 68 } as const;
export const METER = { body203: BASE + 2 + 68 } as const;

/** A plain Modbus master in virtual time, for tests of the rig. */
export interface Master {
  readonly site: RigSite;
  readonly truth: Truth[];
  now: number;
  /** Reply PDU, `null` after the time-out, `bad` for a frame that is none. */
  ask(unitId: number, pdu: readonly number[]): Uint8Array | 'bad' | null;
  read(unitId: number, address: number, count: number): readonly number[] | null;
  write(unitId: number, address: number, words: readonly number[]): Uint8Array | 'bad' | null;
  wait(milliseconds: number): void;
}

export const masterOf = (change: Parameters<typeof siteOf>[0]): Master => masterOn(siteOf(change));

export const masterOn = (settings: SiteSettings): Master => {
  const truth: Truth[] = [];
  const site = new RigSite(settings, (point) => truth.push(point));
  const master: Master = {
    site,
    truth,
    now: 0,
    ask(unitId, pdu) {
      site.advance(master.now);
      site.receive(master.now, frameOf(unitId, Uint8Array.from(pdu)));
      const until = master.now + TIMEOUT_MS;
      for (let next = site.nextAt(); next !== null && next <= until; next = site.nextAt()) {
        master.now = next;
        const frame = site.advance(next)[0]?.bytes;
        if (frame === undefined) continue;
        master.now += 10;
        return isFrame(frame) && frame[0] === unitId ? frame.slice(1, -2) : 'bad';
      }
      master.now = until;
      return null;
    },
    read(unitId, address, count) {
      const pdu = master.ask(unitId, [3, address >> 8, address & 0xff, count >> 8, count & 0xff]);
      if (pdu === null || pdu === 'bad' || pdu[0] !== 3) return null;
      return Array.from({ length: count }, (_, i) => ((pdu[2 + 2 * i] ?? 0) << 8) | (pdu[3 + 2 * i] ?? 0));
    },
    write(unitId, address, words) {
      const data = words.flatMap((word) => [word >> 8, word & 0xff]);
      return master.ask(unitId, [16, address >> 8, address & 0xff, 0, words.length, data.length, ...data]);
    },
    wait(milliseconds) {
      master.now += milliseconds;
      site.advance(master.now);
    },
  };
  return master;
};

export const signed = (word: number | undefined): number => (word === undefined ? NaN : word > 0x7fff ? word - 0x10000 : word);

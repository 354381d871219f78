import { rename, writeFile } from 'node:fs/promises';
import { systemClock, systemRandom } from '../adapters/clock-system.ts';
import { FileRegister } from '../adapters/slot-maps/file-register.ts';
import { openRegister } from '../adapters/slot-maps/open-register.ts';
import { errorLine } from '../contract/errors.ts';
import type { NodeConfig } from '../contract/node-config.ts';
import { readSlotMapPlace } from '../contract/slot-map-place.ts';
import type { SlotMapRegister } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { LiveSlotMaps } from './live-slot-maps.ts';
import { WatchedSlotMaps } from './watched-slot-maps.ts';

/** The slot maps of a node on this machine, and the register that it reads them from. */
export interface NodeSlotMaps {
  readonly slots: LiveSlotMaps;
  readonly register: SlotMapRegister;
}

/**
 * Opens the slot maps that a config names: those of a file, or those of a register with the last good one in that file, by which a node starts
 * while the register is away or holds a bad one (F17, F20).
 * @throws IrisError FILE_UNREADABLE, CONFIG_INVALID, ENGINE_UNAVAILABLE, ENGINE_INVALID, AWS_REFUSED: without either.
 */
export async function openSlotMaps(config: NodeConfig, telemetry: Telemetry): Promise<NodeSlotMaps> {
  const { environment, slotMapPath, slotMap } = config;
  const parts = { environment, clock: systemClock, telemetry };
  const file = new FileRegister(slotMapPath);
  if (slotMap === undefined) return { slots: await LiveSlotMaps.open({ ...parts, source: file }), register: file };
  const register = openRegister(readSlotMapPlace(slotMap));
  const source = new WatchedSlotMaps({ register, clock: systemClock, random: systemRandom, telemetry });
  const slots = await LiveSlotMaps.open({ ...parts, source, kept: async () => (await file.read())?.document });
  const keep = (document: unknown) => {
    keepAt(slotMapPath, document).catch((error: unknown) => telemetry.log.error('slot-map-not-kept', { reason: errorLine(error) }));
  };
  keep(slots.current.map);
  slots.onChange(({ map }) => keep(map));
  return { slots, register };
}

async function keepAt(path: string, document: unknown): Promise<void> {
  const aside = `${path}.${process.pid}`;
  await writeFile(aside, `${JSON.stringify(document)}\n`);
  await rename(aside, path);
}

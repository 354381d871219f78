import type { NodeStorage } from './node-storage.ts';
import type { SimulatedNode, World } from './world.ts';

/** Milliseconds by which a clock jumps, most of the time and at the most. */
const JUMP_MS = 30_000;
const LONG_JUMP_MS = 300_000;

/** A core and what it keeps. */
export function storageOfOne(world: World): { core: SimulatedNode; storage: NodeStorage } {
  const core = world.random.pick(world.nodes.filter((node) => node.storage !== undefined));
  return { core, storage: core.storage as NodeStorage };
}

/** SIGTERM, as with every new release. */
export function stopOne(world: World): readonly SimulatedNode[] {
  const node = world.random.pick(world.nodes);
  world.stop(node);
  return [node];
}

/** A wall clock jumps forward or back; as long as its process lives. */
export function setClock(world: World): readonly SimulatedNode[] {
  const node = world.random.pick(world.nodes);
  const jumpMs = world.random.oneIn(4) ? LONG_JUMP_MS : JUMP_MS;
  if (node.place !== undefined) node.place.clock.skewMs += Math.floor(world.random.between(-jumpMs, jumpMs));
  return [node];
}

/** A disk rejects what it is to write or to sync. */
export function failDisk(world: World): readonly SimulatedNode[] | undefined {
  const { core, storage } = storageOfOne(world);
  return storage.failSome() ? [core] : undefined;
}

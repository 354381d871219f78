import type { SimulatedNode, World } from './world.ts';

/** What a node may be in the middle of when a fault meets it: by name, and how it is seen. A node is in several at a time, or `idle`. */
const STATES: Readonly<Record<string, (world: World, node: SimulatedNode) => boolean>> = {
  down: (_, node) => node.place === undefined,
  opening: (world, node) => node.place !== undefined && !isOpen(world, node),
  'standing by': (_, node) => node.core?.isWaiting === true,
  committing: (_, node) => node.storage?.isCommitting(node.id) === true,
  reading: (_, node) => node.storage?.isReading(node.id) === true,
  bridging: (world, node) => world.gauge(node, 'iris_outbox_under_way') > 0,
  parking: (world, node) => world.gauge(node, 'iris_parked_bytes') > 0,
  importing: (world, node) => world.gauge(node, 'iris_handover_groups_left') > 0,
  serving: (world, node) => world.gauge(node, 'iris_inbox_readers') + world.gauge(node, 'iris_connections') > 0,
  'cut off': (world) => world.network.hasCuts,
};

function isOpen(world: World, node: SimulatedNode): boolean {
  return node.role === 'edge' ? world.openedMs.has(node) : node.core?.owner !== undefined || node.core?.isWaiting === true;
}

/** In the order in which tables show them. */
export const SHOWN_STATES: readonly string[] = [...Object.keys(STATES), 'idle'];

/** States that last for a moment only, so that a fault has to be aimed to meet them. */
export const AIMED_STATES: readonly string[] = ['opening', 'committing', 'reading', 'bridging', 'parking', 'importing'];

export function isIn(world: World, node: SimulatedNode, state: string): boolean {
  return STATES[state]?.(world, node) === true;
}

export function statesOf(world: World, node: SimulatedNode): string[] {
  const found = Object.entries(STATES).flatMap(([name, isIn]) => (isIn(world, node) ? [name] : []));
  return found.length === 0 ? ['idle'] : found;
}

/** How often each fault met each state. */
export class Encounters {
  private readonly counts = new Map<string, Map<string, number>>();

  add(fault: string, states: readonly string[]): void {
    const counts = this.counts.get(fault) ?? new Map<string, number>();
    this.counts.set(fault, counts);
    for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  }

  /** fault → state → count, in the order of the names. */
  table(): Readonly<Record<string, Readonly<Record<string, number>>>> {
    const rows = [...this.counts].toSorted(([a], [b]) => a.localeCompare(b));
    return Object.fromEntries(
      rows.map(([fault, counts]) => [
        fault,
        Object.fromEntries(SHOWN_STATES.flatMap((state) => (counts.has(state) ? [[state, counts.get(state) as number]] : []))),
      ]),
    );
  }
}

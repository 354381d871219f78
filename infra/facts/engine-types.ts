/**
 * Which EC2 families the managed engines run on. Taken in November 2026 from MSK’s page of broker sizes and ElastiCache’s of node types;
 * neither has a `medium`.
 */
export const ENGINE_TYPES_TAKEN = { date: '2026-11', source: 'MSK broker sizes; ElastiCache supported node types' } as const;

export const ENGINE_FAMILIES = {
  standardBroker: ['m7g', 'm5'],
  expressBroker: ['m7g'],
  directory: ['r7g', 'r6g', 'm7g'],
} as const satisfies Record<string, readonly string[]>;

export type ManagedEngine = keyof typeof ENGINE_FAMILIES;

/** Whether the engine has nodes of this type; `name` is EC2’s, such as m7g.large. */
export function runsOn(engine: ManagedEngine, name: string): boolean {
  const [family, size] = name.split('.');
  return size !== 'medium' && ENGINE_FAMILIES[engine].some((known) => known === family);
}

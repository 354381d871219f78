import { IrisError } from '../../runtime/contract/errors.ts';
import type { Plan } from './plan.ts';

/** A data centre of a CQL cluster as its nodes tell of it. */
export interface ClusterDataCentre {
  readonly name: string;
  readonly nodes: number;
}

/** Copies by data centre. */
export type Copies = Readonly<Record<string, number>>;

/**
 * How many copies of every row each data centre keeps: what the plan says of the region of that name, or what was stated.
 * @throws IrisError ENGINE_INVALID when a data centre is no region of the plan, or has fewer nodes than copies.
 */
export function keyspaceCopies(plan: Plan, dataCentres: readonly ClusterDataCentre[], stated?: Copies): Copies {
  const copies = stated ?? Object.fromEntries(dataCentres.map(({ name }) => [name, plannedCopies(plan, name)]));
  for (const [name, count] of Object.entries(copies)) {
    const nodes = dataCentres.find((dataCentre) => dataCentre.name === name)?.nodes ?? 0;
    if (nodes === 0) {
      const known = dataCentres.map((dataCentre) => dataCentre.name).join(', ');
      throw new IrisError('ENGINE_INVALID', `the CQL cluster has no data centre ${name}, it has ${known}`);
    }
    if (nodes < count) {
      throw new IrisError(
        'ENGINE_INVALID',
        `data centre ${name} has ${nodes} ${nodes === 1 ? 'node' : 'nodes'}, ${count} copies are wanted; add nodes, or say --replicas ${name}=${nodes}`,
      );
    }
  }
  return copies;
}

function plannedCopies(plan: Plan, dataCentre: string): number {
  const region = plan.regions.find(({ code }) => code === dataCentre);
  if (region?.store) return region.store.replicas;
  const why =
    region === undefined
      ? `is no region of ${plan.environment} (${plan.regions.map(({ code }) => code).join(', ')})`
      : `has no copies planned: the foundation of ${plan.environment} is embedded`;
  throw new IrisError(
    'ENGINE_INVALID',
    `data centre ${dataCentre} ${why}; say how many copies it keeps, such as --replicas ${dataCentre}=1`,
  );
}

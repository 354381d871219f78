/** How many copies `iris schema` gives each data centre of a cluster: what the plan says, or what is stated. */
import { growth } from '../../../environments/growth.ts';
import { proof } from '../../../environments/proof.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { keyspaceCopies } from '../../../infra/plan/keyspace.ts';

const plan = createPlan(growth);
const [first, second] = plan.regions;

it('takes the copies of the region that a data centre is named after', () => {
  const copies = first?.store?.replicas;
  expect(copies).toBe(3);
  expect(keyspaceCopies(plan, [{ name: first?.code ?? '', nodes: 6 }])).toEqual({ [first?.code ?? '']: copies });
  const both = [first, second].map((region) => ({ name: region?.code ?? '', nodes: 3 }));
  expect(keyspaceCopies(plan, both)).toEqual({ [first?.code ?? '']: 3, [second?.code ?? '']: 3 });
});

it('refuses what nobody has said, and more copies than nodes', () => {
  const dc1 = [{ name: 'dc1', nodes: 2 }];
  expect(keyspaceCopies(plan, dc1, { dc1: 2 })).toEqual({ dc1: 2 });
  expect(() => keyspaceCopies(plan, dc1)).toThrow(
    /dc1 is no region of growth \(.*\); say how many copies it keeps, such as --replicas dc1=1/,
  );
  expect(() => keyspaceCopies(plan, dc1, { dc1: 3 })).toThrow(
    'data centre dc1 has 2 nodes, 3 copies are wanted; add nodes, or say --replicas dc1=2',
  );
  expect(() => keyspaceCopies(plan, dc1, { dc2: 1 })).toThrow('the CQL cluster has no data centre dc2, it has dc1');
  expect(() => keyspaceCopies(createPlan(proof), [{ name: 'tokyo', nodes: 1 }])).toThrow(
    /tokyo has no copies planned: the foundation of proof is embedded/,
  );
});

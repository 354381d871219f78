import { type DeployedStack, type PlacedResource, property, resourcesIn } from './deployed-stacks.ts';

interface Statement {
  readonly Effect: string;
  readonly Action?: string | readonly string[];
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
}

/** What each role may do, by `part logical-id`; the same in every region, else it is listed with what differs. Sorted. */
export function roleActions(stacks: readonly DeployedStack[]): Record<string, readonly string[]> {
  const actions = new Map<string, Set<string>>();
  for (const role of resourcesIn(stacks, 'AWS::IAM::Role')) {
    const key = `${role.stack.part} ${role.id}`;
    const known = actions.get(key) ?? new Set<string>();
    for (const action of [...actionsOf(role), ...trusted(role), ...managed(role)]) known.add(action);
    actions.set(key, known);
  }
  return Object.fromEntries([...actions].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, set]) => [key, [...set].toSorted()]));
}

/** Actions or resources that stand for everything (A14), and policies that are not part of a role, where nobody would look. */
export function wildcards(stacks: readonly DeployedStack[]): string[] {
  const apart = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy', 'AWS::IAM::User', 'AWS::IAM::Group'];
  const hidden = resourcesIn(stacks).filter(({ Type }) => apart.includes(Type));
  const wide = resourcesIn(stacks, 'AWS::IAM::Role').flatMap((role) =>
    statementsOf(role)
      .filter((statement) => listed(statement.Action).some((action) => action.includes('*')) || statement.NotAction !== undefined)
      .map(() => `${role.stack.name} ${role.id} has a wildcard of actions`),
  );
  return [...hidden.map(({ stack, id, Type }) => `${stack.name} ${id} is a ${Type}; write it into its role`), ...wide];
}

function actionsOf(role: PlacedResource): string[] {
  return statementsOf(role).flatMap(({ Effect, Action, Resource }) => {
    const scope = JSON.stringify(Resource) === '"*"' ? ' on *' : '';
    return listed(Action).map((action) => `${Effect === 'Allow' ? '' : 'deny '}${action}${scope}`);
  });
}

function trusted(role: PlacedResource): string[] {
  const statements = (property(role, 'AssumeRolePolicyDocument.Statement') ?? []) as readonly { readonly Principal?: unknown }[];
  return statements.map(({ Principal }) => `assumed by ${JSON.stringify(Principal)}`);
}

function managed(role: PlacedResource): string[] {
  return listed(role.Properties?.['ManagedPolicyArns']).map((arn) => `managed ${arn}`);
}

function statementsOf(role: PlacedResource): Statement[] {
  const policies = (property(role, 'Policies') ?? []) as readonly {
    readonly PolicyDocument: { readonly Statement: readonly Statement[] };
  }[];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

function listed(value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
}

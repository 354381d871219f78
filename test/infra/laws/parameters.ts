import { type DeployedStack, resourcesIn } from './deployed-stacks.ts';

/** Parameters that an operator or the bootstrap sets, by the end of their names; `docs/operations.md` says when. */
const SET_BY_OPERATORS = ['/store-image', '/pager-endpoint', '/reader-endpoint', '/cdk-bootstrap/hnb659fds/version'];
/** Images and the like that AWS publishes. */
const SET_BY_AWS = '/aws/service/';

/**
 * SSM parameters that a stack takes before any earlier stack of its region, or the global stack, has written them in the same account and
 * AWS region; what is global and comes last may take any region’s. Stacks are given in the order of their first deployment.
 */
export function unwrittenParameters(stacks: readonly DeployedStack[]): string[] {
  const writtenBy = new Map<string, Set<string>>();
  return stacks.flatMap((stack) => {
    const missing = Object.values(stack.template.Parameters ?? {}).flatMap(({ Type, Default }) => {
      if (!Type.startsWith('AWS::SSM::Parameter::Value') || Default === undefined) return [];
      if (Default.startsWith(SET_BY_AWS) || SET_BY_OPERATORS.some((name) => Default.endsWith(name))) return [];
      const writers = writtenBy.get(`${stack.place} ${Default}`) ?? new Set();
      return writers.has(stack.region) || writers.has('global') || (stack.region === 'global' && writers.size > 0)
        ? []
        : [`${stack.name} reads ${Default}, which nothing before it writes`];
    });
    for (const parameter of resourcesIn([stack], 'AWS::SSM::Parameter')) {
      const key = `${stack.place} ${String(parameter.Properties?.['Name'])}`;
      writtenBy.set(key, (writtenBy.get(key) ?? new Set()).add(stack.region));
    }
    return missing;
  });
}

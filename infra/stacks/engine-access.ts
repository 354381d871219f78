import { bridgeRights, busRights, directoryRights } from '../../constructs/aws/engine-rights.ts';
import type { NodeRoleProps, PolicyStatement } from '../../constructs/aws/node-role.ts';
import { engineParameters } from './region-parameters.ts';
import type { RegionStackProps } from './region-stack.ts';

/** What a node’s role has of the region’s engines; nothing with the embedded foundation. */
export interface EngineAccess {
  readonly statements: readonly PolicyStatement[];
  /** Where the engines are reached: neither address is known before they are made. */
  readonly parameters: NodeRoleProps['parameters'];
}

export function coreEngineAccess(props: RegionStackProps): EngineAccess {
  const { plan, region } = props;
  if (region.bus === null) return { statements: [], parameters: [] };
  const edge = edgeEngineAccess(props);
  const { busCluster } = engineParameters(plan.environment, region.code);
  return {
    statements: [
      ...busRights({ name: region.names.bus, awsRegion: region.awsRegion }),
      ...bridgeRights(`iris-${plan.environment}-*-bus`),
      ...edge.statements,
    ],
    parameters: [{ name: busCluster, awsRegion: region.awsRegion }, ...edge.parameters],
  };
}

export function edgeEngineAccess({ plan, region }: RegionStackProps): EngineAccess {
  if (region.directory === null) return { statements: [], parameters: [] };
  const { directoryEndpoint } = engineParameters(plan.environment, region.code);
  return {
    statements: directoryRights({ name: region.names.directory, awsRegion: region.awsRegion }),
    parameters: [{ name: directoryEndpoint, awsRegion: region.awsRegion }],
  };
}

import { busRights, directoryRights, storeRights } from '../../constructs/aws/engine-rights.ts';
import type { NodeRoleProps, PolicyStatement } from '../../constructs/aws/node-role.ts';
import { storeSecrets } from '../../constructs/node/store-security.ts';
import { logTopicName } from '../../runtime/contract/log-topic.ts';
import type { NodeBootOptions } from './node-boot.ts';
import { engineParameters, storeSecretPrefix } from './region-parameters.ts';
import type { RegionStackProps } from './region-stack.ts';

/** What a node’s role has of the region’s engines; nothing with the embedded foundation. */
export interface EngineAccess {
  readonly statements: readonly PolicyStatement[];
  /** Where the engines are reached: neither address is known before they are made. */
  readonly parameters: NodeRoleProps['parameters'];
  /** The same parameters by name, for the boot script; undefined with the embedded foundation. */
  readonly engines: NodeBootOptions['engines'];
}

const NONE: EngineAccess = { statements: [], parameters: [], engines: undefined };

/** A core writes and reads its group’s log and rows. */
export function coreEngineAccess({ plan, region }: RegionStackProps): EngineAccess {
  if (region.bus === null) return NONE;
  const { busCluster } = engineParameters(plan.environment, region.code);
  const { awsRegion } = region;
  const secretPrefix = storeSecretPrefix(plan.environment, region.code);
  const { login, certificate } = storeSecrets(secretPrefix);
  const topics = logTopicName({ environment: plan.environment, group: '*' });
  return {
    statements: [...busRights({ name: region.names.bus, awsRegion, topics }), ...storeRights({ secretPrefix, awsRegion })],
    parameters: [busCluster, certificate].map((name) => ({ name, awsRegion })),
    engines: { busCluster, store: { login, certificate } },
  };
}

/** An edge says who is connected to it. */
export function edgeEngineAccess({ plan, region }: RegionStackProps): EngineAccess {
  if (region.directory === null) return NONE;
  const { directoryEndpoint } = engineParameters(plan.environment, region.code);
  return {
    statements: directoryRights({ name: region.names.directory, awsRegion: region.awsRegion }),
    parameters: [{ name: directoryEndpoint, awsRegion: region.awsRegion }],
    engines: { directory: directoryEndpoint },
  };
}

import type { ServiceDiscoveryClientConfig } from '@aws-sdk/client-servicediscovery';
import { errorLine, IrisError } from '../../contract/errors.ts';

export interface CloudMapService {
  readonly awsRegion: string;
  readonly namespace: string;
  readonly service: string;
}

/** What a node says of itself when it lists itself (constructs/node). */
export interface ListedNode {
  readonly ipv4: string;
  readonly port: string;
  readonly group: string;
}

/** As many as one answer of Cloud Map holds; a region has fewer cores. */
const PAGE_INSTANCES = 1_000;

/** The nodes listed there, as `address` puts them; `config` is laid over that of the SDK. @throws IrisError AWS_REFUSED */
export async function cloudMapAddresses(
  { awsRegion, namespace, service }: CloudMapService,
  address: (node: ListedNode) => string,
  config: ServiceDiscoveryClientConfig = {},
): Promise<string[]> {
  const { DiscoverInstancesCommand, ServiceDiscoveryClient } = await import('@aws-sdk/client-servicediscovery');
  const client = new ServiceDiscoveryClient({ region: awsRegion, ...config });
  const command = new DiscoverInstancesCommand({
    NamespaceName: namespace,
    ServiceName: service,
    MaxResults: PAGE_INSTANCES,
    HealthStatus: 'ALL',
  });
  try {
    const { Instances = [] } = await client.send(command);
    const nodes = Instances.map(({ Attributes: attributes = {} }): ListedNode => {
      const { AWS_INSTANCE_IPV4: ipv4 = '', AWS_INSTANCE_PORT: port = '', group = '' } = attributes;
      return { ipv4, port, group };
    });
    return nodes.filter(({ ipv4 }) => ipv4 !== '').map(address);
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : '';
    throw new IrisError(
      'AWS_REFUSED',
      `servicediscovery:DiscoverInstances ${namespace} ${service} in ${awsRegion}: ${name} ${errorLine(cause)}`,
    );
  } finally {
    client.destroy();
  }
}

import { CfnHttpNamespace, CfnService } from 'aws-cdk-lib/aws-servicediscovery';
import { Construct } from 'constructs';

export interface DiscoveryNamespaceProps {
  /** At most 1,024 characters; one of its name to an account and AWS region. */
  readonly name: string;
  /** Name of the one service: whose nodes are found. */
  readonly service: string;
}

/**
 * Cloud Map’s list of nodes that register themselves. Found through its API only: with names in DNS, a node that registers needs the right
 * to change records of a whole zone.
 */
export class DiscoveryNamespace extends Construct {
  readonly serviceId: string;

  constructor(scope: Construct, id: string, props: DiscoveryNamespaceProps) {
    super(scope, id);
    const namespace = new CfnHttpNamespace(this, 'Namespace', { name: props.name });
    this.serviceId = new CfnService(this, 'Service', { name: props.service, namespaceId: namespace.ref }).ref;
  }
}

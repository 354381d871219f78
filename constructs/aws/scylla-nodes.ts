import { CfnInstance, CfnNetworkInterface } from 'aws-cdk-lib/aws-ec2';
import { Fn, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { ClientSecurityGroup } from './client-security-group.ts';
import { retained } from './retained.ts';

const CQL_PORT = 9042;
const GOSSIP_PORT = 7000;
/** Seeds of a cluster: more only slow a new node’s start. */
const SEEDS_MAX = 3;

export interface ScyllaNodesProps {
  /** Name of the cluster; frozen. */
  readonly name: string;
  /** Name of the data centre, which ScyllaDB can never change: the region’s code. */
  readonly dataCentre: string;
  readonly vpcId: string;
  /** One per zone; a zone is a rack. */
  readonly zones: readonly { readonly zoneId: string; readonly subnetId: string }[];
  readonly clientSecurityGroupIds: readonly string[];
  /** A multiple of the zones. */
  readonly nodes: number;
  readonly instanceType: string;
  /** ScyllaDB’s machine image for the architecture of `instanceType`. */
  readonly imageId: string;
  readonly instanceProfileArn?: string;
}

/**
 * The store of one region. Nodes are pets: each keeps a network interface, and so its address, and its disks are its own, so neither an
 * instance nor an interface is ever deleted by CloudFormation.
 */
export class ScyllaNodes extends Construct {
  constructor(scope: Construct, id: string, props: ScyllaNodesProps) {
    super(scope, id);
    const security = new ClientSecurityGroup(this, 'Security', {
      vpcId: props.vpcId,
      description: 'Iris store: CQL from cores, gossip between nodes',
      clientSecurityGroupIds: props.clientSecurityGroupIds,
      clientPorts: [CQL_PORT],
      memberPorts: [GOSSIP_PORT, CQL_PORT],
    });
    const places = Array.from({ length: props.nodes }, (_, ordinal) => props.zones[ordinal % props.zones.length]!);
    const interfaces = places.map((place, ordinal) =>
      retained(
        new CfnNetworkInterface(this, `Interface-${ordinal}`, {
          subnetId: place.subnetId,
          groupSet: [security.securityGroupId],
          description: `${props.name}-${ordinal}`,
        }),
      ),
    );
    const seeds = Fn.join(
      ',',
      interfaces.slice(0, SEEDS_MAX).map((seed) => seed.attrPrimaryPrivateIpAddress),
    );
    for (const [ordinal, card] of interfaces.entries()) {
      this.addNode(props, ordinal, card, nodeUserData(this, props, places[ordinal]!.zoneId, seeds));
    }
  }

  private addNode(props: ScyllaNodesProps, ordinal: number, card: CfnNetworkInterface, userData: string): void {
    retained(
      new CfnInstance(this, `Node-${ordinal}`, {
        instanceType: props.instanceType,
        imageId: props.imageId,
        networkInterfaces: [{ deviceIndex: '0', networkInterfaceId: card.ref }],
        // The root disk; data is on NVMe disks, which encrypt by themselves.
        blockDeviceMappings: [{ deviceName: '/dev/sda1', ebs: { encrypted: true, volumeType: 'gp3' } }],
        disableApiTermination: true,
        ebsOptimized: true,
        monitoring: true,
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1, httpEndpoint: 'enabled' },
        userData: Fn.base64(userData),
        tags: [{ key: 'Name', value: `${props.name}-${ordinal}` }],
      }),
    );
  }
}

/** What the machine image reads at first boot. The snitch gets data centre and rack from a file, so that names are ours and final. */
function nodeUserData(scope: Construct, props: ScyllaNodesProps, zoneId: string, seeds: string): string {
  const place = `dc=${props.dataCentre}\nrack=${zoneId}\nprefer_local=true\n`;
  const script = `#!/bin/bash\nset -euo pipefail\ncat >/etc/scylla/cassandra-rackdc.properties <<'PLACE'\n${place}PLACE\n`;
  return Stack.of(scope).toJsonString({
    scylla_yaml: {
      cluster_name: props.name,
      endpoint_snitch: 'GossipingPropertyFileSnitch',
      seed_provider: [{ class_name: 'org.apache.cassandra.locator.SimpleSeedProvider', parameters: [{ seeds }] }],
    },
    post_configuration_script: Buffer.from(script).toString('base64'),
    start_scylla_on_first_boot: true,
    device_wait_seconds: 300,
  });
}

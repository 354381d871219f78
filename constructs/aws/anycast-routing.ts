import { CfnAccelerator, CfnEndpointGroup, CfnListener } from 'aws-cdk-lib/aws-globalaccelerator';
import { CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { IrisError } from '../../runtime/contract/errors.ts';

/** Where Global Accelerator is made, wherever it sends its traffic: its interface is in this AWS region only. */
export const ANYCAST_AWS_REGION = 'us-west-2';
/** Route 53’s zone of every accelerator’s name. */
const ACCELERATOR_ZONE = 'Z2BJ6XQ5FK7U4H';
/** Endpoint groups of an accelerator, one for each AWS region; network load balancers of one. Quota page of Global Accelerator, 2026-11. */
export const ENDPOINT_GROUPS_MAX = 42;
export const ENDPOINTS_PER_GROUP_MAX = 10;
/** Of 0 to 255, where a region says nothing: all alike. */
const EVEN_WEIGHT = 128;

export interface AnycastRegion {
  readonly code: string;
  readonly awsRegion: string;
  readonly loadBalancerArn: string;
  /** 0 to 255: share of the clients among regions of one AWS region. @default 128 */
  readonly weight?: number;
}

export interface AnycastRoutingProps {
  readonly name: string;
  readonly clientPort: number;
  readonly regions: readonly AnycastRegion[];
  /**
   * One or two IPv4 addresses of a block of your own that AWS announces (BYOIP).
   * @default - two of Amazon’s
   */
  readonly addresses?: readonly string[];
  /** A name for the accelerator. @default - only its own */
  readonly record?: { readonly hostedZoneId: string; readonly host: string };
}

/**
 * The same addresses everywhere (G3): the network brings a client to the nearest AWS region that has healthy edges, over Amazon’s own
 * lines from the nearest point of presence, and elsewhere within seconds, without DNS. Where clients are sent is the network’s choice: places
 * have no say.
 */
export class AnycastRouting extends Construct {
  readonly dnsName: string;

  constructor(scope: Construct, id: string, props: AnycastRoutingProps) {
    super(scope, id);
    const groups = Map.groupBy(props.regions, ({ awsRegion }) => awsRegion);
    expectGroups(props.name, groups);
    const accelerator = new CfnAccelerator(this, 'Accelerator', {
      name: props.name,
      enabled: true,
      ipAddressType: 'IPV4',
      ...(props.addresses === undefined ? {} : { ipAddresses: [...props.addresses] }),
    });
    const listener = new CfnListener(this, 'Listener', {
      acceleratorArn: accelerator.attrAcceleratorArn,
      protocol: 'TCP',
      // A client keeps no state at an edge: it may come to another one after each reconnect.
      clientAffinity: 'NONE',
      portRanges: [{ fromPort: props.clientPort, toPort: props.clientPort }],
    });
    for (const [awsRegion, regions] of groups)
      new CfnEndpointGroup(this, `Group-${awsRegion}`, {
        listenerArn: listener.attrListenerArn,
        endpointGroupRegion: awsRegion,
        trafficDialPercentage: 100,
        healthCheckProtocol: 'TCP',
        healthCheckPort: props.clientPort,
        healthCheckIntervalSeconds: 10,
        thresholdCount: 3,
        endpointConfigurations: regions.map(({ loadBalancerArn, weight = EVEN_WEIGHT }) => ({
          endpointId: loadBalancerArn,
          weight,
          clientIpPreservationEnabled: true,
        })),
      });
    this.dnsName = accelerator.attrDnsName;
    if (props.record !== undefined)
      new CfnRecordSet(this, 'Record', {
        hostedZoneId: props.record.hostedZoneId,
        name: props.record.host,
        type: 'A',
        aliasTarget: { dnsName: this.dnsName, hostedZoneId: ACCELERATOR_ZONE, evaluateTargetHealth: true },
      });
  }
}

/** @throws IrisError SYNTH_FAILED above a limit of Global Accelerator. */
function expectGroups(name: string, groups: ReadonlyMap<string, readonly AnycastRegion[]>): void {
  if (groups.size > ENDPOINT_GROUPS_MAX)
    throw new IrisError('SYNTH_FAILED', `${name}: ${groups.size} AWS regions, an accelerator takes ${ENDPOINT_GROUPS_MAX}`);
  for (const [awsRegion, regions] of groups)
    if (regions.length > ENDPOINTS_PER_GROUP_MAX)
      throw new IrisError(
        'SYNTH_FAILED',
        `${name}: ${regions.length} regions in ${awsRegion}, an endpoint group takes ${ENDPOINTS_PER_GROUP_MAX} load balancers`,
      );
}

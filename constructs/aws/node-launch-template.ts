import { CfnLaunchTemplate } from 'aws-cdk-lib/aws-ec2';
import { Fn } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

/** Amazon Linux 2023 for arm64, looked up by EC2 at launch. Pin an image id where a fleet must not move on its own. */
export const NEWEST_IMAGE = 'resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64';

export interface NodeLaunchTemplateProps {
  readonly instanceType: string;
  /** @default NEWEST_IMAGE - so that an environment without images of its own can be deployed */
  readonly imageId?: string;
  readonly instanceProfileArn: string;
  readonly securityGroupIds: readonly string[];
  /** True where nodes reach out through a public address of their own instead of a gateway. */
  readonly hasPublicAddress: boolean;
  /** The boot script. */
  readonly userData: string;
  /** Root volume; system, runtime and logs. @default 8 - what the image needs */
  readonly rootGibibytes?: number;
  /** Tags of each instance and of its root volume. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Machine of an edge or a core: IMDSv2 one hop away, tags readable through it, encrypted root volume, no key pair (A12, A15, A17). */
export class NodeLaunchTemplate extends Construct {
  readonly launchTemplateId: string;
  readonly version: string;

  constructor(scope: Construct, id: string, props: NodeLaunchTemplateProps) {
    super(scope, id);
    const tags = Object.entries(props.tags).map(([key, value]) => ({ key, value }));
    const template = new CfnLaunchTemplate(this, 'Template', {
      launchTemplateData: {
        imageId: props.imageId ?? NEWEST_IMAGE,
        instanceType: props.instanceType,
        iamInstanceProfile: { arn: props.instanceProfileArn },
        metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1, instanceMetadataTags: 'enabled' },
        // The node publishes more of itself, and once a minute too.
        monitoring: { enabled: false },
        // A burstable machine that has spent its credits is slow; it must not cost more than its price.
        ...(/^t\d/.test(props.instanceType) ? { creditSpecification: { cpuCredits: 'standard' } } : {}),
        networkInterfaces: [
          {
            deviceIndex: 0,
            associatePublicIpAddress: props.hasPublicAddress,
            groups: [...props.securityGroupIds],
            deleteOnTermination: true,
          },
        ],
        blockDeviceMappings: [
          {
            deviceName: '/dev/xvda',
            ebs: { volumeType: 'gp3', volumeSize: props.rootGibibytes ?? 8, encrypted: true, deleteOnTermination: true },
          },
        ],
        userData: Fn.base64(props.userData),
        tagSpecifications: [
          { resourceType: 'instance', tags },
          { resourceType: 'volume', tags },
        ],
      },
    });
    this.launchTemplateId = template.ref;
    this.version = template.attrLatestVersionNumber;
  }
}

const METRICS = 'cloudwatch:PutMetricData knows no resources; a condition limits it to the namespace of nodes';
const OWN_GROUPS = 'ARNs of Auto Scaling groups hold an id that AWS makes; their names limit the right to the fleet of the role';
const DOCUMENTS = 'documents lie under their content hash, which changes with them; the ending limits the right to this kind of document';
const OWN_CLUSTER = 'ARNs of a Kafka cluster end in an id that AWS makes; its name limits the right to the cluster of the region';
const OWN_STACKS = 'ARNs of stacks end in an id that AWS makes; their names limit the right to the environment';
const ACCEPTED = 'ids of networks and peerings are made by AWS; a condition limits the right to what the environment’s accounts ask for';
const TAGGED = 'ids of volumes and instances are made by AWS; a condition on tags limits the right to cores of the region';

/**
 * Every finding of cdk-nag’s AwsSolutions rules that is meant, with the reason (A18). The list equals what is found: a finding that is
 * not here fails, and so does a line that nothing needs any more. Names of environment, region and group stand in angle brackets.
 */
export const SUPPRESSIONS: Readonly<Record<string, string>> = {
  'AEC6 directory/Directory/Valkey': 'clients log in as users of a user group by IAM; a shared AUTH token would be a secret to keep',
  'AS3 core/Core/Nodes-<group>': 'nodes that come and go are metrics and alarms; a message for each would tell nobody anything',
  'AS3 edge/Edge/Nodes': 'edges come and go with the load; a message for each would tell nobody anything',
  'CFR1 media/Media/Distribution': 'users read media wherever they are; who may is decided by the signature of each URL',
  'CFR2 media/Media/Distribution': 'nothing but GET of signed URLs reaches it, and no code of ours is behind it that rules could guard',
  'CFR3 media/Media/Distribution':
    'it logs into buckets with ACLs only, which some AWS regions cannot hold; S3 logs what misses its cache, and signing is the signer’s log',
  'CFR4 media/Media/Distribution': 'under CloudFront’s own name its own certificate is shown, with the versions of TLS that come with it',
  'EC23 network/Security/ClientsToLoadBalancer': 'the one public port of a region: clients connect to it from everywhere',
  'EC26 edge/Edge/Nodes': 'the rule cannot read block devices of a launch template; a law of templates holds that they are encrypted',
  'ELB2 edge/Edge/LoadBalancer':
    'a Network Load Balancer writes access logs of TLS listeners only, one line for connections that last hours',
  'IAM5[Resource::*] core/Role/Role': METRICS,
  'IAM5[Resource::*] edge/Role/Role': METRICS,
  'IAM5[Resource::arn:<AWS::Partition>:autoscaling:<AWS::Region>:<AWS::AccountId>:autoScalingGroup:*:autoScalingGroupName/<region>-<code>-g*] core/Role/Role':
    OWN_GROUPS,
  'IAM5[Resource::arn:<AWS::Partition>:autoscaling:<AWS::Region>:<AWS::AccountId>:autoScalingGroup:*:autoScalingGroupName/<region>-edge] edge/Role/Role':
    OWN_GROUPS,
  'IAM5[Resource::arn:<AWS::Partition>:ec2:<aws-region>:<AWS::AccountId>:instance/*] core/Role/Role': TAGGED,
  'IAM5[Resource::arn:<AWS::Partition>:ec2:<aws-region>:<AWS::AccountId>:volume/*] core/Role/Role': TAGGED,
  'IAM5[Resource::arn:<AWS::Partition>:kafka:<aws-region>:<AWS::AccountId>:cluster/<region>-bus/*] core/Role/Role': OWN_CLUSTER,
  'IAM5[Resource::arn:<AWS::Partition>:kafka:<aws-region>:<AWS::AccountId>:topic/<region>-bus/*/iris.<environment>.*] core/Role/Role':
    OWN_CLUSTER,
  'IAM5[Resource::arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<aws-region>/*.nodeconfig] core/Role/Role': DOCUMENTS,
  'IAM5[Resource::arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<aws-region>/*.nodeconfig] edge/Role/Role': DOCUMENTS,
  'IAM5[Resource::arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<global-aws-region>/*.slotmap] core/Role/Role': DOCUMENTS,
  'IAM5[Resource::arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<global-aws-region>/*.slotmap] edge/Role/Role': DOCUMENTS,
  'IAM5[Resource::arn:<AWS::Partition>:cloudformation:*:<AWS::AccountId>:stack/iris-<environment>-*/*] global-account/Outputs/Role':
    OWN_STACKS,
  'IAM5[Resource::arn:<AWS::Partition>:ec2:*:<AWS::AccountId>:vpc-peering-connection/*] global-account/Peering/Role': ACCEPTED,
  'IAM5[Resource::arn:<AWS::Partition>:ec2:*:<AWS::AccountId>:vpc/*] global-account/Peering/Role': ACCEPTED,
  'IAM5[Resource::arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<global-aws-region>/*.slotmap] global-account/SlotMap/Role':
    DOCUMENTS,
  'SMG4 store/Scylla/Authority':
    'the key that it makes is trusted by running cores; it is changed with them, by the procedure of docs/store.md',
  'SMG4 store/Scylla/Login': 'ScyllaDB must be told of a new password by whoever has the old one: the procedure of docs/store.md',
  'IAM5[Resource::<ScyllaBackupBucketEFA8377A.Arn>/*] store/Scylla/Role':
    'a backup makes objects of names that ScyllaDB chooses, all in the bucket of the region',
};

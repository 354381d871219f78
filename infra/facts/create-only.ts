/**
 * Which properties of a resource CloudFormation cannot change in place. Taken in November 2026 from the resource specification of
 * @aws-cdk/aws-service-spec, joined with rule I9001 of cloudformation-validate 1.14, which knows MSK’s nested ones. A volume’s come from its
 * documentation: CloudFormation refuses to change them, so only another volume can have other values.
 */
export const CREATE_ONLY_TAKEN = {
  date: '2026-11',
  source: '@aws-cdk/aws-service-spec; cloudformation-validate 1.14.0 I9001; AWS::EC2::Volume documentation',
} as const;

export interface CreateOnly {
  /** Property paths, dots between: a change to one, or to anything inside it, makes a new resource. */
  readonly always: readonly string[];
  /** A change may make a new resource; which values do so only AWS knows. */
  readonly sometimes: readonly string[];
}

export const CREATE_ONLY: Readonly<Record<string, CreateOnly>> = {
  'AWS::AppConfig::Application': row(''),
  'AWS::AppConfig::ConfigurationProfile': row('ApplicationId LocationUri Type'),
  'AWS::AppConfig::Deployment': row(
    'ApplicationId ConfigurationProfileId ConfigurationVersion DeploymentStrategyId Description DynamicExtensionParameters EnvironmentId KmsKeyIdentifier Tags',
  ),
  'AWS::AppConfig::DeploymentStrategy': row('Name ReplicateTo'),
  'AWS::AppConfig::Environment': row('ApplicationId'),
  'AWS::AppConfig::HostedConfigurationVersion': row(
    'ApplicationId ConfigurationProfileId Content ContentType Description LatestVersionNumber VersionLabel',
  ),
  'AWS::ApplicationAutoScaling::ScalableTarget': row('ResourceId ScalableDimension ServiceNamespace'),
  'AWS::ApplicationAutoScaling::ScalingPolicy': row('PolicyName ResourceId ScalableDimension ScalingTargetId ServiceNamespace'),
  'AWS::AutoScaling::AutoScalingGroup': row('AutoScalingGroupName InstanceId', 'LaunchTemplate MixedInstancesPolicy VPCZoneIdentifier'),
  'AWS::AutoScaling::LifecycleHook': row('AutoScalingGroupName LifecycleHookName'),
  'AWS::AutoScaling::ScalingPolicy': row('AutoScalingGroupName'),
  'AWS::CertificateManager::Certificate': row(
    'CertificateAuthorityArn DomainName DomainValidationOptions KeyAlgorithm SubjectAlternativeNames ValidationMethod',
  ),
  'AWS::CloudFront::CachePolicy': row(''),
  'AWS::CloudFront::Distribution': row(''),
  'AWS::CloudFront::KeyGroup': row(''),
  'AWS::CloudFront::OriginAccessControl': row(''),
  'AWS::CloudFront::PublicKey': row(''),
  'AWS::CloudWatch::Alarm': row('AlarmName'),
  'AWS::CloudWatch::CompositeAlarm': row('AlarmName'),
  'AWS::CloudWatch::Dashboard': row('DashboardName'),
  'AWS::EC2::EIP': row('Address Domain IpamPoolId NetworkBorderGroup TransferAddress'),
  'AWS::EC2::EIPAssociation': row('AllocationId EIP InstanceId NetworkInterfaceId PrivateIpAddress'),
  'AWS::EC2::FlowLog': row(
    'DeliverCrossAccountRole DeliverLogsPermissionArn DestinationOptions LogDestination LogDestinationType LogFormat LogGroupName MaxAggregationInterval ResourceId ResourceType TagFieldSpecifications TrafficType',
  ),
  'AWS::EC2::Instance': row(
    'AvailabilityZone CpuOptions ElasticGpuSpecifications ElasticInferenceAccelerators EnclaveOptions HibernationOptions HostResourceGroupArn ImageId Ipv6AddressCount Ipv6Addresses KeyName LaunchTemplate LicenseSpecifications NetworkInterfaces PlacementGroupName PrivateIpAddress SecurityGroups SubnetId',
    'AdditionalInfo Affinity BlockDeviceMappings EbsOptimized HostId InstanceType KernelId PrivateDnsNameOptions RamdiskId SecurityGroupIds Tenancy UserData',
  ),
  'AWS::EC2::InternetGateway': row(''),
  'AWS::EC2::LaunchTemplate': row('LaunchTemplateName'),
  'AWS::EC2::NatGateway': row('AllocationId AvailabilityMode ConnectivityType PrivateIpAddress SubnetId VpcId'),
  'AWS::EC2::NetworkInterface': row('InterfaceType PrivateIpAddress SubnetId', 'PrivateIpAddresses'),
  'AWS::EC2::Route': row('DestinationCidrBlock DestinationIpv6CidrBlock DestinationPrefixListId RouteTableId'),
  'AWS::EC2::RouteTable': row('VpcId'),
  'AWS::EC2::SecurityGroup': row('GroupDescription GroupName VpcId'),
  'AWS::EC2::SecurityGroupIngress': row(
    'CidrIp CidrIpv6 FromPort GroupId GroupName IpProtocol SourcePrefixListId SourceSecurityGroupId SourceSecurityGroupName SourceSecurityGroupOwnerId ToPort',
  ),
  'AWS::EC2::Subnet': row(
    'AvailabilityZone AvailabilityZoneId CidrBlock Ipv4IpamPoolId Ipv4NetmaskLength Ipv6IpamPoolId Ipv6Native Ipv6NetmaskLength OutpostArn VpcId',
    'Ipv6CidrBlock',
  ),
  'AWS::EC2::SubnetRouteTableAssociation': row('RouteTableId SubnetId'),
  'AWS::EC2::TransitGatewayAttachment': row('TransitGatewayId VpcId'),
  'AWS::EC2::VPC': row('CidrBlock Ipv4IpamPoolId Ipv4NetmaskLength VpcEncryptionControl', 'InstanceTenancy'),
  'AWS::EC2::VPCEndpoint': row('ResourceConfigurationArn ServiceName ServiceNetworkArn ServiceRegion VpcEndpointType VpcId'),
  'AWS::EC2::VPCGatewayAttachment': row('VpcId'),
  'AWS::EC2::VPCPeeringConnection': row('AssumeRoleRegion PeerOwnerId PeerRegion PeerRoleArn PeerVpcId VpcId'),
  'AWS::EC2::Volume': row('AvailabilityZone AvailabilityZoneId KmsKeyId SnapshotId Encrypted'),
  'AWS::EC2::VolumeAttachment': row('Device EbsCardIndex InstanceId VolumeId'),
  'AWS::ElastiCache::ParameterGroup': row('CacheParameterGroupFamily'),
  'AWS::ElastiCache::ReplicationGroup': row(
    'AtRestEncryptionEnabled CacheSubnetGroupName DataTieringEnabled Engine GlobalReplicationGroupId KmsKeyId NetworkType Port PreferredCacheClusterAZs ReplicasPerNodeGroup ReplicationGroupId SnapshotArns SnapshotName',
    'AuthToken NodeGroupConfiguration NumNodeGroups',
  ),
  'AWS::ElastiCache::SubnetGroup': row('CacheSubnetGroupName'),
  'AWS::ElastiCache::User': row('Engine UserId UserName'),
  'AWS::ElastiCache::UserGroup': row('Engine UserGroupId'),
  'AWS::ElasticLoadBalancingV2::Listener': row('LoadBalancerArn'),
  'AWS::ElasticLoadBalancingV2::LoadBalancer': row('Name Scheme Type'),
  'AWS::ElasticLoadBalancingV2::TargetGroup': row('IpAddressType Name Port Protocol ProtocolVersion TargetType VpcId'),
  'AWS::GlobalAccelerator::Accelerator': row(''),
  'AWS::GlobalAccelerator::EndpointGroup': row('EndpointGroupRegion ListenerArn'),
  'AWS::GlobalAccelerator::Listener': row('AcceleratorArn'),
  'AWS::IAM::InstanceProfile': row('InstanceProfileName Path'),
  'AWS::IAM::Role': row('Path RoleName'),
  'AWS::KMS::Alias': row('AliasName'),
  'AWS::KMS::Key': row(''),
  'AWS::Lambda::Function': row('FunctionName PackageType TenancyConfig'),
  'AWS::Logs::LogGroup': row('LogGroupName'),
  'AWS::MSK::Cluster': row(
    'BrokerNodeGroupInfo.ClientSubnets BrokerNodeGroupInfo.SecurityGroups ClusterName EncryptionInfo.EncryptionAtRest EncryptionInfo.EncryptionInTransit.InCluster',
  ),
  'AWS::MSK::Configuration': row('KafkaVersionsList Name'),
  'AWS::MSK::Replicator': row('Description KafkaClusters ReplicatorName ServiceExecutionRoleArn'),
  'AWS::MSK::ServerlessCluster': row('ClientAuthentication ClusterName Tags VpcConfigs'),
  'AWS::Route53::HealthCheck': row(''),
  'AWS::Route53::HostedZone': row('Name'),
  'AWS::Route53::RecordSet': row('HostedZoneId HostedZoneName Name'),
  'AWS::S3::Bucket': row('BucketName BucketNamePrefix BucketNamespace ObjectLockEnabled'),
  'AWS::S3::BucketPolicy': row('Bucket'),
  'AWS::SNS::Subscription': row('Endpoint Protocol TopicArn'),
  'AWS::SNS::TopicPolicy': row(''),
  'AWS::SNS::Topic': row('FifoTopic TopicName'),
  'AWS::SSM::Parameter': row('Name'),
  'AWS::SecretsManager::Secret': row('Name'),
  'AWS::ServiceDiscovery::HttpNamespace': row('Name'),
  'AWS::ServiceDiscovery::PrivateDnsNamespace': row('Name Vpc'),
  'AWS::ServiceDiscovery::Service': row('HealthCheckCustomConfig Name NamespaceId Type'),
};

/** Resources that hold what cannot be made again. Others of a template count too when they are retained on deletion. */
export const STATEFUL_TYPES: readonly string[] = [
  'AWS::EC2::Volume',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::KMS::Key',
  'AWS::MSK::Cluster',
  'AWS::MSK::ServerlessCluster',
  'AWS::Route53::HostedZone',
  'AWS::S3::Bucket',
  'AWS::SecretsManager::Secret',
];

function row(always: string, sometimes = ''): CreateOnly {
  return { always: words(always), sometimes: words(sometimes) };
}

function words(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ');
}

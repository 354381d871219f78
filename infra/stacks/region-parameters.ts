import { CfnParameter as SsmParameter } from 'aws-cdk-lib/aws-ssm';
import { CfnParameter, Fn } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

/**
 * Values that one stack of a region leaves for the others, as SSM parameters with computed names: stacks never import each other's
 * outputs, so none is locked by another, and templates hold only names.
 */
export interface NetworkParameters {
  readonly vpcId: string;
  readonly loadBalancerSubnetIds: string;
  readonly nodeSubnetIds: string;
  /** Of the subnets in which nodes live. */
  readonly nodeRouteTableIds: string;
  readonly privateSubnetIds: string;
  readonly loadBalancerSecurityGroupId: string;
  readonly edgeSecurityGroupId: string;
  readonly coreSecurityGroupId: string;
}

/** Names of a region's network parameters: the network stack writes them, the other stacks read them. */
export function networkParameters(environment: string, code: string): NetworkParameters {
  const folder = `/iris/${environment}/${code}/network`;
  return {
    vpcId: `${folder}/vpc`,
    loadBalancerSubnetIds: `${folder}/load-balancer-subnets`,
    nodeSubnetIds: `${folder}/node-subnets`,
    nodeRouteTableIds: `${folder}/node-route-tables`,
    privateSubnetIds: `${folder}/private-subnets`,
    loadBalancerSecurityGroupId: `${folder}/load-balancer-security-group`,
    edgeSecurityGroupId: `${folder}/edge-security-group`,
    coreSecurityGroupId: `${folder}/core-security-group`,
  };
}

/** Full names of the edges’ load balancer and target group, which CloudWatch knows them by: the edge stack writes them. */
export function balancerParameters(environment: string, code: string): { loadBalancer: string; targetGroup: string } {
  const folder = `/iris/${environment}/${code}/edge`;
  return { loadBalancer: `${folder}/balancer-name`, targetGroup: `${folder}/targets-name` };
}

/** The subnet of one zone in which nodes live. */
export function nodeSubnetParameter(environment: string, code: string, zoneId: string): string {
  return `/iris/${environment}/${code}/network/node-subnet-${zoneId}`;
}

/** Where a region’s engines are reached, written by their stacks: AWS gives the addresses when it makes them. */
export interface EngineParameters {
  /** ARN of the Kafka cluster, for which MSK tells the brokers’ addresses. */
  readonly busCluster: string;
  /** Host of the Valkey cluster’s configuration endpoint. */
  readonly directoryEndpoint: string;
}

export function engineParameters(environment: string, code: string): EngineParameters {
  const folder = `/iris/${environment}/${code}`;
  return { busCluster: `${folder}/bus/cluster`, directoryEndpoint: `${folder}/directory/endpoint` };
}

/** What a signer of media URLs needs, and where media and old messages lie; written by the media stack. */
export function mediaParameters(environment: string, code: string) {
  const folder = `/iris/${environment}/${code}/media`;
  return { bucket: `${folder}/bucket`, archive: `${folder}/archive`, host: `${folder}/host`, signingKey: `${folder}/signing-key` };
}

/** ARN under which AppConfig tells nodes of a role their config; what their role names to ask. */
export function configArnParameter(environment: string, code: string, role: string): string {
  return `/iris/${environment}/${code}/config/${role}-configuration`;
}

/** Id of the Cloud Map service of a region’s cores; distributed foundation only. */
export function discoveryParameter(environment: string, code: string): string {
  return `/iris/${environment}/${code}/network/discovery-service`;
}

/** Begins the names of what guards a region’s store. */
export function storeSecretPrefix(environment: string, code: string): string {
  return `/iris/${environment}/${code}/store`;
}

/** Names the ScyllaDB image of an AWS region, where the environment does not. */
export function storeImageParameter(environment: string): string {
  return `/iris/${environment}/store-image`;
}

/** Writes a parameter; a list as StringList. */
export function publish(scope: Construct, name: string, value: string | readonly string[]): void {
  const isList = typeof value !== 'string';
  new SsmParameter(scope, logicalName(name), {
    name,
    type: isList ? 'StringList' : 'String',
    value: isList ? Fn.join(',', [...value]) : value,
  });
}

type ValueType = 'String' | 'AWS::EC2::VPC::Id' | 'AWS::EC2::Subnet::Id' | 'AWS::EC2::SecurityGroup::Id' | 'AWS::EC2::Image::Id';

/** Reads a parameter when the stack is deployed. */
export function read(scope: Construct, name: string, type: ValueType): string {
  return new CfnParameter(scope, logicalName(name), { type: `AWS::SSM::Parameter::Value<${type}>`, default: name }).valueAsString;
}

/** Reads a list when the stack is deployed. */
export function readList(scope: Construct, name: string, type: ValueType): string[] {
  return new CfnParameter(scope, logicalName(name), { type: `AWS::SSM::Parameter::Value<List<${type}>>`, default: name }).valueAsList;
}

/** Reads a list of so many texts, of no type that CloudFormation could check. */
export function readStrings(scope: Construct, name: string, count: number): string[] {
  const list = new CfnParameter(scope, logicalName(name), { type: 'AWS::SSM::Parameter::Value<List<String>>', default: name }).valueAsList;
  return Array.from({ length: count }, (_, index) => Fn.select(index, list));
}

/** `/iris/proof/tokyo/network/vpc` → `NetworkVpc`: the part below the region, so that every region has the same logical ids. */
function logicalName(name: string): string {
  const words = name.split('/').slice(4).join('-') || name.split('/').slice(3).join('-');
  return words
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

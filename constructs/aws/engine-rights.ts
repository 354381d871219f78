import { Aws } from 'aws-cdk-lib/core';
import type { PolicyStatement } from './node-role.ts';

/** A managed engine by name, so that rights need nothing of the stack that made it. */
export interface EngineName {
  readonly name: string;
  readonly awsRegion: string;
}

const TALK_TO_BROKERS = ['kafka-cluster:Connect', 'kafka-cluster:DescribeCluster', 'kafka-cluster:WriteDataIdempotently'];

/** To find a Kafka cluster’s brokers and to read and write its topics: nothing about topics’ settings, and none may be deleted. */
export function busRights({ name, awsRegion }: EngineName): PolicyStatement[] {
  const arn = kafkaArn(awsRegion);
  return [
    { Effect: 'Allow', Action: ['kafka:GetBootstrapBrokers', ...TALK_TO_BROKERS], Resource: `${arn}:cluster/${name}/*` },
    {
      Effect: 'Allow',
      Action: ['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData', 'kafka-cluster:WriteData'],
      Resource: `${arn}:topic/${name}/*/*`,
    },
    { Effect: 'Allow', Action: ['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'], Resource: `${arn}:group/${name}/*/*` },
  ];
}

/**
 * To write into the topics of other regions’ clusters, for whoever drains this region’s outbound topics.
 * @param names pattern of their names, such as `iris-planet-*-bus`: with names, a new region would change the roles of all others (L11)
 */
export function bridgeRights(names: string): PolicyStatement[] {
  const arn = kafkaArn('*');
  return [
    { Effect: 'Allow', Action: ['kafka:GetBootstrapBrokers', ...TALK_TO_BROKERS], Resource: `${arn}:cluster/${names}/*` },
    { Effect: 'Allow', Action: ['kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData'], Resource: `${arn}:topic/${names}/*/*` },
  ];
}

/** To log in to a session directory as its one user. */
export function directoryRights({ name, awsRegion }: EngineName): PolicyStatement[] {
  const arn = `arn:${Aws.PARTITION}:elasticache:${awsRegion}:${Aws.ACCOUNT_ID}`;
  return [{ Effect: 'Allow', Action: ['elasticache:Connect'], Resource: [`${arn}:replicationgroup:${name}`, `${arn}:user:${name}`] }];
}

function kafkaArn(awsRegion: string): string {
  return `arn:${Aws.PARTITION}:kafka:${awsRegion}:${Aws.ACCOUNT_ID}`;
}

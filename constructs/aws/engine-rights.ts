import { Aws } from 'aws-cdk-lib/core';
import { storeSecrets } from '../node/store-security.ts';
import type { PolicyStatement } from './node-role.ts';

/** A managed engine by name, so that rights need nothing of the stack that made it. */
export interface EngineName {
  readonly name: string;
  readonly awsRegion: string;
}

const TALK_TO_BROKERS = ['kafka-cluster:Connect', 'kafka-cluster:DescribeCluster', 'kafka-cluster:WriteDataIdempotently'];
const USE_TOPICS = [
  'kafka-cluster:CreateTopic',
  'kafka-cluster:DescribeTopic',
  'kafka-cluster:DescribeTopicDynamicConfiguration',
  'kafka-cluster:ReadData',
  'kafka-cluster:WriteData',
];

/**
 * To find a Kafka cluster’s brokers, and to make, check, read and write the topics that `topics` names, a pattern such as `iris.proof.*`: no topic’s settings may be
 * changed and none may be deleted.
 */
export function busRights({ name, awsRegion, topics }: EngineName & { readonly topics: string }): PolicyStatement[] {
  const arn = `arn:${Aws.PARTITION}:kafka:${awsRegion}:${Aws.ACCOUNT_ID}`;
  return [
    { Effect: 'Allow', Action: ['kafka:GetBootstrapBrokers', ...TALK_TO_BROKERS], Resource: `${arn}:cluster/${name}/*` },
    { Effect: 'Allow', Action: USE_TOPICS, Resource: `${arn}:topic/${name}/*/${topics}` },
  ];
}

/** A secret by name: Secrets Manager adds six characters of its own. */
export function secretArn(awsRegion: string, name: string): string {
  return `arn:${Aws.PARTITION}:secretsmanager:${awsRegion}:${Aws.ACCOUNT_ID}:secret:${name}-??????`;
}

/** To read who logs in to a store; its certificate is an SSM parameter like others. */
export function storeRights({ secretPrefix, awsRegion }: { readonly secretPrefix: string; readonly awsRegion: string }): PolicyStatement[] {
  return [
    {
      Effect: 'Allow',
      Action: ['secretsmanager:GetSecretValue'],
      Resource: secretArn(awsRegion, storeSecrets(secretPrefix).login),
    },
  ];
}

/** To log in to a session directory as its one user. */
export function directoryRights({ name, awsRegion }: EngineName): PolicyStatement[] {
  const arn = `arn:${Aws.PARTITION}:elasticache:${awsRegion}:${Aws.ACCOUNT_ID}`;
  return [{ Effect: 'Allow', Action: ['elasticache:Connect'], Resource: [`${arn}:replicationgroup:${name}`, `${arn}:user:${name}`] }];
}

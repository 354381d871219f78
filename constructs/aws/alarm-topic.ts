import { CfnKey } from 'aws-cdk-lib/aws-kms';
import { CfnSubscription, CfnTopic, CfnTopicPolicy } from 'aws-cdk-lib/aws-sns';
import { Aws } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

export interface AlarmTopicProps {
  /** At most 256 characters. */
  readonly name: string;
  /** Key that CloudWatch may use; that of SNS itself does not let alarms in. */
  readonly keyArn: string;
  /**
   * Who hears of alarms: a pager’s integration over https, or an address that confirms by e-mail. The endpoint of a pager is a secret, so it
   * comes from outside the template.
   * @default - nobody; subscribe by hand
   */
  readonly subscription?: { readonly protocol: 'https' | 'email'; readonly endpoint: string };
}

/** A topic that alarms of this account publish to, and nobody else; encrypted, over TLS only. */
export class AlarmTopic extends Construct {
  readonly topicArn: string;

  constructor(scope: Construct, id: string, props: AlarmTopicProps) {
    super(scope, id);
    const topic = new CfnTopic(this, 'Topic', { topicName: props.name, kmsMasterKeyId: props.keyArn });
    this.topicArn = topic.ref;
    new CfnTopicPolicy(this, 'Policy', { topics: [topic.ref], policyDocument: publishers(topic.ref) });
    if (props.subscription !== undefined) {
      const { protocol, endpoint } = props.subscription;
      new CfnSubscription(this, 'Subscription', { topicArn: topic.ref, protocol, endpoint });
    }
  }
}

/** A key for topics that alarms publish to. Nothing stays encrypted under it, so it goes with its stack. */
export class AlarmKey extends Construct {
  readonly keyArn: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.keyArn = new CfnKey(this, 'Key', {
      description: 'Alarms on their way to who is paged',
      enableKeyRotation: true,
      keyPolicy: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:root` },
            Action: 'kms:*',
            Resource: '*',
          },
          {
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
            Resource: '*',
            Condition: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
          },
        ],
      },
    }).attrArn;
  }
}

function publishers(topicArn: string) {
  const tls = { Bool: { 'aws:SecureTransport': 'false' } };
  const own = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AlarmsOfThisAccount',
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Resource: topicArn,
        Condition: own,
      },
      { Sid: 'TlsOnly', Effect: 'Deny', Principal: '*', Action: 'sns:Publish', Resource: topicArn, Condition: tls },
    ],
  };
}

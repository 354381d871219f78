import { CfnHostedZone } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { retained } from './retained.ts';

export interface EnvironmentZoneProps {
  readonly domain: string;
}

/** The public DNS zone of an environment. Kept when its stack goes: a new one would get other name servers. */
export class EnvironmentZone extends Construct {
  readonly hostedZoneId: string;

  constructor(scope: Construct, id: string, props: EnvironmentZoneProps) {
    super(scope, id);
    this.hostedZoneId = retained(new CfnHostedZone(this, 'Zone', { name: props.domain })).ref;
  }
}

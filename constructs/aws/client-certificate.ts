import { CfnCertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Construct } from 'constructs';
import { refuse } from './known-props.ts';

export interface ClientCertificateProps {
  /** Names under which clients connect, the first one also as the certificate’s own; 10 at most by ACM’s first quota. */
  readonly hosts: readonly string[];
  /**
   * Public zone of all of them, where ACM finds the records that prove the claim, now and at each renewal. Until its domain is delegated to
   * it, the stack waits, and fails after three days.
   */
  readonly hostedZoneId: string;
}

/** A certificate that ACM makes, proves by DNS and renews by itself. With other names it is another one, made before the old one goes. */
export class ClientCertificate extends Construct {
  readonly certificateArn: string;

  /** @throws IrisError SYNTH_FAILED without a name. */
  constructor(scope: Construct, id: string, { hosts, hostedZoneId }: ClientCertificateProps) {
    super(scope, id);
    const [domainName, ...others] = hosts;
    if (domainName === undefined) refuse(`the certificate ${this.node.path} is for no name; give it hosts`);
    this.certificateArn = new CfnCertificate(this, 'Certificate', {
      domainName,
      subjectAlternativeNames: others,
      validationMethod: 'DNS',
      domainValidationOptions: hosts.map((host) => ({ domainName: host, hostedZoneId })),
    }).ref;
  }
}

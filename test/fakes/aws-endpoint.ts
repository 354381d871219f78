import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What this AWS has. A quota, zone or type that is not listed is not there. */
export interface AwsAccount {
  /** Of the credentials. */
  readonly id?: string;
  /** By service, code and AWS region: `ec2 L-1216C47A ap-northeast-1`. */
  readonly quotas: Readonly<Record<string, number>>;
  /** AWS’s defaults, for quotas that the account has never changed. */
  readonly defaults: Readonly<Record<string, number>>;
  /** Zone ids by AWS region. */
  readonly zones: Readonly<Record<string, readonly string[]>>;
  /** `c7g.large apne1-az1` */
  readonly offers: (instanceType: string, zoneId: string) => boolean;
  readonly hostedZone: {
    readonly id: string;
    readonly name: string;
    readonly records: number;
    readonly nameServers: readonly string[];
  } | null;
  /** Addresses of a name for a client of the network. */
  readonly answers: (name: string, subnet: string) => readonly string[];
  /** Actions that these credentials may not do. */
  readonly denied: ReadonlySet<string>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * The interfaces of Service Quotas, EC2 and Route 53 that Iris asks, with their documented refusals, for what the emulated AWS of the live
 * tests lacks. Speaks each service’s own protocol, so that the SDK’s clients are what is tested.
 */
export class AwsEndpoint {
  account: AwsAccount;
  readonly asked: string[] = [];
  private readonly server: Server;

  private constructor(account: AwsAccount) {
    this.account = account;
    this.server = createServer((request, response) => {
      void this.answer(request).then(({ status, body }) => {
        const type = body.startsWith('{') ? 'application/x-amz-json-1.1' : 'text/xml';
        response.writeHead(status, { 'content-type': type }).end(body);
      });
    });
  }

  static async start(account: AwsAccount): Promise<AwsEndpoint> {
    const endpoint = new AwsEndpoint(account);
    await new Promise<void>((resolve) => endpoint.server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  get env(): Record<string, string> {
    const { port } = this.server.address() as AddressInfo;
    return {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const region = /Credential=[^/]+\/\d+\/([\w-]+)\//.exec(String(request.headers.authorization))?.[1] ?? '';
    const target = String(request.headers['x-amz-target'] ?? '');
    if (target !== '')
      return this.quota(target.replace(/^.*\./, ''), JSON.parse(body) as { ServiceCode: string; QuotaCode: string }, region);
    if (request.url?.startsWith('/2013-04-01/') === true) return this.route53(new URL(request.url, 'http://localhost'));
    const form = new URLSearchParams(body);
    return form.get('Action') === 'GetCallerIdentity' ? this.callerIdentity() : this.ec2(form, region);
  }

  private callerIdentity(): Answer {
    this.asked.push('sts:GetCallerIdentity');
    const result = `<GetCallerIdentityResult><Account>${this.account.id ?? ''}</Account></GetCallerIdentityResult>`;
    return xml(200, `<GetCallerIdentityResponse>${result}</GetCallerIdentityResponse>`);
  }

  private quota(action: string, { ServiceCode, QuotaCode }: { ServiceCode: string; QuotaCode: string }, region: string): Answer {
    this.asked.push(`servicequotas:${action} ${QuotaCode} ${region}`);
    if (this.account.denied.has(`servicequotas:${action}`))
      return json(400, { __type: 'AccessDeniedException', Message: 'not authorized' });
    const value = (action === 'GetServiceQuota' ? this.account.quotas : this.account.defaults)[`${ServiceCode} ${QuotaCode} ${region}`];
    if (value === undefined) return json(400, { __type: 'NoSuchResourceException', Message: 'The specified resource does not exist.' });
    return json(200, { Quota: { ServiceCode, QuotaCode, Value: value } });
  }

  private ec2(form: URLSearchParams, region: string): Answer {
    const action = form.get('Action') ?? '';
    this.asked.push(`ec2:${action} ${region}`);
    if (this.account.denied.has(`ec2:${action}`))
      return xml(403, '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>');
    const zones = this.account.zones[region] ?? [];
    const items =
      action === 'DescribeAvailabilityZones'
        ? zones.map((zone) => `<zoneId>${zone}</zoneId><regionName>${region}</regionName><optInStatus>opt-in-not-required</optInStatus>`)
        : zones.flatMap((zone) =>
            [...form]
              .filter(([key, type]) => /^Filter\.1\.Value\.\d+$/.test(key) && this.account.offers(type, zone))
              .map(([, type]) => `<instanceType>${type}</instanceType><location>${zone}</location>`),
          );
    const list = items.map((item) => `<item>${item}</item>`).join('');
    const name = action === 'DescribeAvailabilityZones' ? 'availabilityZoneInfo' : 'instanceTypeOfferingSet';
    return xml(200, `<${action}Response><${name}>${list}</${name}></${action}Response>`);
  }

  private route53({ pathname, searchParams }: URL): Answer {
    const [, , what = '', id = ''] = pathname.split('/');
    this.asked.push(`route53:${what} ${searchParams.get('recordname') ?? id}`);
    if (this.account.denied.has(`route53:${what}`)) return refusal(403, 'AccessDenied', 'not authorized');
    const zone = this.account.hostedZone;
    const described = zone === null ? '' : zoneXml(zone);
    if (what === 'hostedzonesbyname')
      return xml(200, `<ListHostedZonesByNameResponse><HostedZones>${described}</HostedZones></ListHostedZonesByNameResponse>`);
    if (zone === null || zone.id !== (searchParams.get('hostedzoneid') ?? id))
      return refusal(404, 'NoSuchHostedZone', 'No hosted zone found with that id');
    if (what === 'hostedzone') {
      const servers = zone.nameServers.map((server) => `<NameServer>${server}</NameServer>`).join('');
      return xml(
        200,
        `<GetHostedZoneResponse>${described}<DelegationSet><NameServers>${servers}</NameServers></DelegationSet></GetHostedZoneResponse>`,
      );
    }
    if (what === 'hostedzonelimit')
      return xml(200, `<R><Limit><Type>MAX_RRSETS_BY_ZONE</Type><Value>10000</Value></Limit><Count>${zone.records}</Count></R>`);
    return this.testDnsAnswer(searchParams);
  }

  private testDnsAnswer(query: URLSearchParams): Answer {
    const name = query.get('recordname') ?? '';
    const subnet = query.get('edns0clientsubnetip') ?? '';
    const mask = Number(query.get('edns0clientsubnetmask') ?? 24);
    if (!/^\d+\.\d+\.\d+\.\d+$/.test(subnet)) return refusal(400, 'InvalidInput', 'edns0clientsubnetip must be an IP address');
    if (!(mask >= 0 && mask <= 32)) return refusal(400, 'InvalidInput', 'edns0clientsubnetmask must be 0 to 32 for IPv4');
    const addresses = this.account.answers(name, subnet);
    const data = addresses.map((address) => `<RecordDataEntry>${address}</RecordDataEntry>`).join('');
    const code = addresses.length === 0 ? 'NXDOMAIN' : 'NOERROR';
    const fields = `<Nameserver>ns-1.awsdns-01.com</Nameserver><RecordName>${name}</RecordName><RecordType>A</RecordType>`;
    return xml(
      200,
      `<TestDNSAnswerResponse>${fields}<RecordData>${data}</RecordData><ResponseCode>${code}</ResponseCode><Protocol>UDP</Protocol></TestDNSAnswerResponse>`,
    );
  }
}

function zoneXml({ id, name, records }: NonNullable<AwsAccount['hostedZone']>): string {
  const reference = '<CallerReference>test</CallerReference>';
  return `<HostedZone><Id>/hostedzone/${id}</Id><Name>${name}.</Name>${reference}<ResourceRecordSetCount>${records}</ResourceRecordSetCount></HostedZone>`;
}

function json(status: number, body: object): Answer {
  return { status, body: JSON.stringify(body) };
}

function xml(status: number, body: string): Answer {
  return { status, body: `<?xml version="1.0" encoding="UTF-8"?>${body}` };
}

function refusal(status: number, code: string, message: string): Answer {
  return xml(status, `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`);
}

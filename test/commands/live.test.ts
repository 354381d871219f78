/** X20, G1: what AWS itself says, through its SDK, from an endpoint that answers and refuses as AWS documents it. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proof } from '../../environments/proof.ts';
import { CLIENT_NETWORKS } from '../../infra/facts/client-networks.ts';
import { checkDns, regionsFor } from '../../infra/live/dns-check.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { type AwsAccount, AwsEndpoint } from '../fakes/aws-endpoint.ts';
import { GLOBAL_ACCOUNT, OTHER_ACCOUNT, twoAccounts } from '../infra/apps/two-accounts.ts';
import { runIris, temporaryFolder } from './run-iris.ts';

const plan = createPlan(proof);
const awsRegions = plan.regions.map(({ awsRegion }) => awsRegion);
const everyQuota = (value: number) =>
  Object.fromEntries(
    awsRegions.flatMap((region) => [
      [`ec2 L-1216C47A ${region}`, value],
      [`ec2 L-34B43A08 ${region}`, value],
    ]),
  );
/** 198.51.100.x are the addresses of the region with index x. */
const addressOf = (code: string) => `198.51.100.${plan.regions.findIndex((region) => region.code === code)}`;

const roomy: AwsAccount = {
  quotas: everyQuota(1_000),
  defaults: {},
  zones: Object.fromEntries(plan.regions.map(({ awsRegion, zoneIds }) => [awsRegion, zoneIds])),
  offers: () => true,
  hostedZone: { id: 'Z123', name: plan.domain, records: 20, nameServers: ['ns-1.awsdns-01.com'] },
  answers(name, subnet) {
    const own = plan.regions.find(({ addresses }) => addresses.edgeHost === name);
    if (own !== undefined) return [addressOf(own.code)];
    const network = CLIENT_NETWORKS.find(({ address }) => address === subnet)!;
    return regionsFor(plan, network).map(addressOf);
  },
  denied: new Set(),
};

const folder = temporaryFolder();
let aws: AwsEndpoint;

function ask(args: readonly string[], env: Readonly<Record<string, string>> = aws.env) {
  return runIris(args, { env });
}

beforeAll(async () => {
  aws = await AwsEndpoint.start(roomy);
});
beforeEach(() => {
  aws.account = roomy;
  aws.asked.length = 0;
});
afterAll(async () => {
  await aws.stop();
  rmSync(folder, { recursive: true });
});

describe('iris preflight --live', () => {
  it('asks each AWS region for its quotas, zones and types, and the zone, and counts what the account has', async () => {
    const { stdout } = await ask(['preflight', 'proof', '--live', '--json']);
    const { problems, quotas } = JSON.parse(stdout) as { problems: string[]; quotas: { source: string }[] };
    // This machine sees no delegation of the preset’s domain; nothing else is in the way.
    expect(problems).toEqual([
      expect.stringMatching(
        /^proof\.iris\.io is delegated to .*, by what this machine sees; its zone’s name servers are ns-1\.awsdns-01\.com$/,
      ),
    ]);
    expect(quotas.filter(({ source }) => source === 'live')).toEqual([]);
    for (const region of awsRegions)
      expect(aws.asked).toEqual(
        expect.arrayContaining([`servicequotas:GetServiceQuota L-1216C47A ${region}`, `ec2:DescribeInstanceTypeOfferings ${region}`]),
      );
  }, 60_000);

  it('asks the account that its credentials are for, about its regions and its zone, and says of which it asked nothing', async () => {
    const file = join(folder, 'two.json');
    writeFileSync(file, JSON.stringify(twoAccounts));
    const hostedZone = { ...roomy.hostedZone!, id: 'Z0123456789TWO', name: 'two.proof.iris.io' };
    aws.account = { ...roomy, id: OTHER_ACCOUNT, hostedZone };
    const { problems } = JSON.parse((await ask(['preflight', file, '--live', '--json'])).stdout) as { problems: string[] };
    expect(problems).toEqual([
      expect.stringMatching(/^two\.proof\.iris\.io is delegated to /),
      `tokyo of account ${GLOBAL_ACCOUNT}: not asked; ask with the credentials of each`,
    ]);
    expect(new Set(aws.asked.filter((what) => what.startsWith('ec2:')).map((what) => what.split(' ')[1]))).toEqual(
      new Set(['sa-east-1', 'ap-south-1']),
    );
    aws.account = { ...roomy, id: '999999999999' };
    expect((await ask(['preflight', file, '--live'])).stdout).toMatch(
      /credentials are for account 999999999999, which two does not have; use those of 123456789012 or 222222222222/,
    );
  }, 120_000);

  it('takes AWS’s default where the account has never changed a quota, and names what is too small with its source', async () => {
    aws.account = { ...roomy, quotas: {}, defaults: everyQuota(3) };
    const { code, stdout } = await ask(['preflight', 'proof', '--live', '--json']);
    const { quotas } = JSON.parse(stdout) as { quotas: { code: string; have: number; source: string }[] };
    expect(code).toBe(1);
    expect(quotas).toContainEqual(expect.objectContaining({ code: 'L-1216C47A', have: 3, source: 'live' }));
    expect(aws.asked).toContain('servicequotas:GetAWSDefaultServiceQuota L-1216C47A ap-northeast-1');
  }, 60_000);

  it('names a zone that the account does not have, a type that a zone does not offer, and a zone that is full', async () => {
    const [tokyo, saoPaulo] = plan.regions;
    aws.account = {
      ...roomy,
      zones: { ...roomy.zones, [tokyo!.awsRegion]: ['apne1-az9'] },
      offers: (type, zone) => !(type === saoPaulo!.instanceTypes.edge && zone === saoPaulo!.zoneIds[0]),
      hostedZone: { ...roomy.hostedZone!, records: 9_999 },
    };
    const { stdout } = await ask(['preflight', 'proof', '--live', '--json']);
    const { problems } = JSON.parse(stdout) as { problems: string[] };
    expect(problems).toContainEqual(
      expect.stringMatching(new RegExp(`^tokyo: this account has no zone ${tokyo!.zoneIds[0]!} in ap-northeast-1`)),
    );
    expect(problems).toContainEqual(
      expect.stringMatching(new RegExp(`^sao-paulo: zone ${saoPaulo!.zoneIds[0]!} does not offer ${saoPaulo!.instanceTypes.edge}`)),
    );
    expect(problems).toContainEqual(expect.stringMatching(/holds 9999 record sets of 10000/));
  }, 60_000);

  it.each([
    [
      'servicequotas:GetServiceQuota',
      /^iris: AWS_REFUSED: servicequotas:GetServiceQuota in [\w-]+: AWS says AccessDeniedException; let these credentials/m,
    ],
    [
      'ec2:DescribeAvailabilityZones',
      /^iris: AWS_REFUSED: ec2:DescribeAvailabilityZones in ap-northeast-1: AWS says UnauthorizedOperation;/m,
    ],
    ['route53:hostedzonesbyname', /^iris: AWS_REFUSED: route53:ListHostedZonesByName: AWS says AccessDenied;/m],
  ])(
    'says in one line that %s is not allowed',
    async (action, line) => {
      aws.account = { ...roomy, denied: new Set([action]) };
      const { code, stderr } = await ask(['preflight', 'proof', '--live']);
      expect([code, stderr]).toEqual([1, expect.stringMatching(line)]);
    },
    60_000,
  );

  it('says in one line that there are no credentials, and what gives some', async () => {
    const { code, stderr } = await ask(['preflight', 'proof', '--live'], {
      ...aws.env,
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      HOME: '/nonexistent',
    });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^iris: AWS_REFUSED: .*: no credentials were found; set AWS_PROFILE/m)]);
  }, 60_000);
});

describe('iris dns check', () => {
  it('asks Route 53 for a client of each continent, and finds the environment’s regions', async () => {
    const { code, stdout } = await ask(['dns', 'check', 'proof']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^AS +JP +192\.41\.192\.0\/24 +tokyo +tokyo +right$/m);
    expect(stdout).toMatch(/^SA +UY +200\.3\.14\.0\/24 +sao-paulo +sao-paulo +right$/m);
    expect(stdout.match(/right$/gm)).toHaveLength(CLIENT_NETWORKS.length);
  }, 60_000);

  it('knows regions of other accounts by the addresses that everyone gets for their names', async () => {
    const saved = { ...process.env };
    Object.assign(process.env, aws.env);
    const two = createPlan(twoAccounts);
    const addressesOf = async (host: string) => [addressOf(two.regions.find(({ addresses }) => addresses.edgeHost === host)!.code)];
    const answers = await checkDns(two, 'Z123', { addressesOf }).finally(() => {
      process.env = saved;
    });
    expect(answers.filter(({ isRight }) => !isRight)).toEqual([]);
    expect(answers.find(({ country }) => country === 'UY')?.given).toEqual(['sao-paulo']);
    expect(aws.asked).toContain('route53:testdnsanswer edge-tokyo.proof.iris.io');
    expect(aws.asked.filter((what) => what.includes('edge-sao-paulo'))).toEqual([]);
  }, 60_000);

  it('ends with 1 where a client is given another region, or none', async () => {
    aws.account = {
      ...roomy,
      answers: (name, subnet) =>
        subnet.startsWith('193.') && name === plan.names.endpointHost ? [addressOf('tokyo')] : roomy.answers(name, subnet),
    };
    const wrong = await ask(['dns', 'check', 'proof', '--json']);
    expect(wrong.code).toBe(1);
    const { answers } = JSON.parse(wrong.stdout) as {
      answers: { continent: string; given: string[]; wanted: string[]; isRight: boolean }[];
    };
    expect(answers.filter(({ isRight }) => !isRight)).toEqual([
      expect.objectContaining({ continent: 'EU', wanted: ['bangalore'], given: ['tokyo'] }),
    ]);
    aws.account = { ...roomy, answers: () => [] };
    const none = await ask(['dns', 'check', 'proof']);
    expect([none.code, none.stdout.match(/no region +wrong$/gm)?.length]).toEqual([1, CLIENT_NETWORKS.length]);
  }, 60_000);

  it('says that there is no zone yet, and what is wrong with its arguments', async () => {
    aws.account = { ...roomy, hostedZone: null };
    const { code, stderr } = await ask(['dns', 'check', 'proof']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/proof\.iris\.io has no zone in this account; deploy the global stack first/),
    ]);
    expect((await ask(['dns', 'look', 'proof'])).code).toBe(2);
  }, 60_000);
});

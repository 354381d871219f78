import { CfnInstance, CfnLaunchTemplate, CfnNetworkInterface } from 'aws-cdk-lib/aws-ec2';
import { CfnInstanceProfile, CfnRole } from 'aws-cdk-lib/aws-iam';
import { CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Aws, Fn } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { IrisError } from '../../runtime/contract/errors.ts';
import { USER_DATA_BYTES_MAX } from '../node/boot-script.ts';
import { BACKUP_BUCKET_TAG } from '../node/store-backup.ts';
import { storeBoot } from '../node/store-boot.ts';
import { type StoreSecrets, storeSecrets } from '../node/store-security.ts';
import { ClientSecurityGroup } from './client-security-group.ts';
import { secretArn } from './engine-rights.ts';
import { PrivateBucket } from './private-bucket.ts';
import { retained } from './retained.ts';

const CQL_PORT = 9042;
const GOSSIP_PORT = 7000;
/** Seeds of a cluster: more only slow a new node’s start. */
const SEEDS_MAX = 3;
/** Gibibytes of a node’s system disk; data are on its NVMe. */
const ROOT_GIBIBYTES = 30;
const RECORD_TTL_SECONDS = '60';
/** Days that access logs of the backup bucket are kept. */
const LOG_DAYS = 90;
/** Characters of a generated secret: letters and digits, 5.9 bits each. */
const SECRET_CHARACTERS = 64;
/** The one role: cores make the keyspace and its tables themselves. */
const LOGIN_USER = 'iris';

/** One node of the cluster; its place in the list is its number, and never changes. */
export interface ScyllaNode {
  /** DNS name that follows the node through its replacements; seeds and clients know nodes by these. */
  readonly host: string;
  /** Host ids (`nodetool status`) of its dead predecessors, oldest first. Each makes another machine that takes the last one’s place. */
  readonly replaced?: readonly string[];
}

/**
 * A cluster over neighbouring regions, of which each is a data centre. A row has copies in each data centre that its keyspace’s replication names; cores ask their own alone.
 * Networks have to be joined, and nodes find each other by name. Traffic between nodes is encrypted as AWS does it between its regions, and not by TLS.
 */
export interface ScyllaRealm {
  /** The other data centres, and the ranges that their nodes have addresses of. */
  readonly others: readonly { readonly dataCentre: string; readonly cidr: string }[];
  /**
   * The data centre that is deployed first makes the one login and the one authority of the realm and has them copied to these AWS regions. Each further one reads the copies
   * under the same names, so all have the same `secretPrefix`, and its new nodes ask hosts of one that is up for the cluster: with seeds of its own it would begin another.
   */
  readonly part: { readonly copiesSecretsTo: readonly string[] } | { readonly seeds: readonly string[] };
}

export interface ScyllaNodesProps {
  /** Name of the cluster, the same in all data centres of a realm; frozen. */
  readonly name: string;
  /** Name of the data centre, which ScyllaDB can never change: the region’s code. */
  readonly dataCentre: string;
  readonly awsRegion: string;
  readonly vpcId: string;
  /** One per zone; a zone is a rack. */
  readonly zones: readonly { readonly zoneId: string; readonly subnetId: string }[];
  readonly clientSecurityGroupIds: readonly string[];
  /** A multiple of the zones; they take the zones in turn. */
  readonly nodes: readonly ScyllaNode[];
  /** Zone of the nodes’ host names. */
  readonly hostedZoneId: string;
  /**
   * Begins the names of what guards the cluster, such as `/chat/tokyo/store`; frozen. `<prefix>/login` is a secret with user and password,
   * `<prefix>/certificate` an SSM parameter with the authority that cores trust: `storeRights` lets a core read both.
   */
  readonly secretPrefix: string;
  /** For nodes that are made from now on: those that run stay as they are. */
  readonly instanceType: string;
  /** ScyllaDB’s machine image for the architecture of `instanceType`; for nodes that are made from now on. */
  readonly imageId: string;
  /**
   * Days that a daily backup is kept. The nodes of the first zone make it: with a copy in each zone they hold everything once.
   * @default 2 - messages live in the store for a week, and each day of backups is a whole copy
   */
  readonly backupDays?: number;
  /** @default none - the cluster is this region’s alone, as in all of Iris’s environments (decision 0062) */
  readonly realm?: ScyllaRealm;
}

interface PlacedNode extends ScyllaNode {
  readonly ordinal: number;
  /** 1 for the first machine of this number, one more for each replacement. */
  readonly generation: number;
  readonly zoneId: string;
  readonly subnetId: string;
}

/**
 * The store of one region. Nodes are pets, whose data are on disks of their own: each is made once, from the first version of a launch
 * template of its own, so that another image, type or seed changes the template and no running machine; and neither machine nor interface
 * is ever deleted by CloudFormation. A node is replaced by naming its host id. NVMe is encrypted by its machine, and traffic between
 * nodes by Nitro. Clients come over TLS and log in; password and authority are generated, and in no template.
 */
export class ScyllaNodes extends Construct {
  readonly backup: PrivateBucket;

  /** @throws IrisError SYNTH_FAILED when a node’s user data is above 16 KB, or for a realm with a data centre twice. */
  constructor(scope: Construct, id: string, props: ScyllaNodesProps) {
    super(scope, id);
    const others = props.realm?.others ?? [];
    expectDataCentres([props.dataCentre, ...others.map(({ dataCentre }) => dataCentre)]);
    const security = new ClientSecurityGroup(this, 'Security', {
      vpcId: props.vpcId,
      description: 'Iris store: CQL from cores, gossip between nodes',
      clientSecurityGroupIds: props.clientSecurityGroupIds,
      clientPorts: [CQL_PORT],
      memberPorts: [GOSSIP_PORT, CQL_PORT],
    });
    for (const { dataCentre, cidr } of others) security.allowNetwork(`Realm-${dataCentre}`, cidr, GOSSIP_PORT);
    const logs = new PrivateBucket(this, 'BackupLogs', { expireAfterDays: LOG_DAYS, takesLogs: true });
    this.backup = new PrivateBucket(this, 'Backup', {
      expireAfterDays: props.backupDays ?? 2,
      keepsOverwritten: false,
      logBucketName: logs.bucketName,
    });
    const secrets = storeSecrets(props.secretPrefix);
    const part = props.realm?.part ?? { copiesSecretsTo: [] };
    if ('copiesSecretsTo' in part) this.addSecrets(secrets, part.copiesSecretsTo);
    const profile = this.addProfile(props.awsRegion, secrets);
    for (const [ordinal, node] of props.nodes.entries()) {
      const zone = props.zones[ordinal % props.zones.length]!;
      this.addNode(props, { ...node, ...zone, ordinal, generation: 1 + (node.replaced?.length ?? 0) }, [security.securityGroupId, profile]);
    }
  }

  private addSecrets({ login, authority }: StoreSecrets, copiedTo: readonly string[]): void {
    const generated = { excludePunctuation: true, passwordLength: SECRET_CHARACTERS };
    const copies = copiedTo.length === 0 ? {} : { replicaRegions: copiedTo.map((region) => ({ region })) };
    retained(
      new CfnSecret(this, 'Login', {
        name: login,
        description: 'Role of the cores in the store',
        ...copies,
        generateSecretString: {
          ...generated,
          secretStringTemplate: JSON.stringify({ username: LOGIN_USER }),
          generateStringKey: 'password',
        },
      }),
    );
    retained(
      new CfnSecret(this, 'Authority', {
        name: authority,
        description: 'Of this the nodes make the key that signs their certificates',
        ...copies,
        generateSecretString: generated,
      }),
    );
  }

  /** What ScyllaDB itself needs to write a backup and to read it again, and a node to be known. */
  private addProfile(awsRegion: string, { login, authority, certificate }: StoreSecrets): string {
    const { arn } = this.backup;
    const statements = [
      { Effect: 'Allow', Action: ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload'], Resource: `${arn}/*` },
      { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: arn },
      {
        Effect: 'Allow',
        Action: ['secretsmanager:GetSecretValue'],
        Resource: [login, authority].map((name) => secretArn(awsRegion, name)),
      },
      {
        Effect: 'Allow',
        Action: ['ssm:GetParameter', 'ssm:PutParameter'],
        Resource: `arn:${Aws.PARTITION}:ssm:${awsRegion}:${Aws.ACCOUNT_ID}:parameter${certificate}`,
      },
    ];
    const role = new CfnRole(this, 'Role', {
      assumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      policies: [{ policyName: 'node', policyDocument: { Version: '2012-10-17', Statement: statements } }],
    });
    return new CfnInstanceProfile(this, 'Profile', { roles: [role.ref] }).attrArn;
  }

  private addNode(props: ScyllaNodesProps, node: PlacedNode, [securityGroupId, profile]: readonly [string, string]): void {
    const suffix = node.generation === 1 ? `${node.ordinal}` : `${node.ordinal}-${node.generation}`;
    const name = `${props.name}-${suffix}`;
    const card = retained(
      new CfnNetworkInterface(this, `Interface-${suffix}`, { subnetId: node.subnetId, groupSet: [securityGroupId], description: name }),
    );
    const machine = new CfnLaunchTemplate(this, `Machine-${suffix}`, {
      launchTemplateData: {
        imageId: props.imageId,
        instanceType: props.instanceType,
        iamInstanceProfile: { arn: profile },
        metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1, instanceMetadataTags: 'enabled' },
        networkInterfaces: [{ deviceIndex: 0, networkInterfaceId: card.ref }],
        blockDeviceMappings: [{ deviceName: '/dev/sda1', ebs: { volumeType: 'gp3', volumeSize: ROOT_GIBIBYTES, encrypted: true } }],
        userData: Fn.base64(userData(props, node)),
        tagSpecifications: [{ resourceType: 'volume', tags: [{ key: 'Name', value: name }] }],
      },
    });
    retained(
      new CfnInstance(this, `Node-${suffix}`, {
        // The first version: a later one is for the node’s successor.
        launchTemplate: { launchTemplateId: machine.ref, version: '1' },
        disableApiTermination: true,
        ebsOptimized: true,
        monitoring: true,
        tags: [
          { key: 'Name', value: name },
          { key: BACKUP_BUCKET_TAG, value: this.backup.bucketName },
        ],
      }),
    );
    new CfnRecordSet(this, `Host-${node.ordinal}`, {
      hostedZoneId: props.hostedZoneId,
      name: node.host,
      type: 'A',
      ttl: RECORD_TTL_SECONDS,
      resourceRecords: [card.attrPrimaryPrivateIpAddress],
    });
  }
}

function userData(props: ScyllaNodesProps, node: PlacedNode): string {
  const seeds = seedsOf(props);
  const isSuccessor = node.generation > 1;
  const text = JSON.stringify(
    storeBoot({
      cluster: props.name,
      dataCentre: props.dataCentre,
      rack: node.zoneId,
      // A successor that found itself among the seeds would begin a cluster of its own.
      seeds: isSuccessor ? seeds.filter((host) => host !== node.host) : seeds,
      ...(isSuccessor ? { replaces: node.replaced!.at(-1)! } : {}),
      awsRegion: props.awsRegion,
      host: node.host,
      secrets: storeSecrets(props.secretPrefix),
      ...(node.zoneId === props.zones[0]?.zoneId
        ? { backup: { awsRegion: props.awsRegion, prefix: `${props.name}/${props.dataCentre}` } }
        : {}),
    }),
  );
  const bytes = Buffer.byteLength(text);
  if (bytes > USER_DATA_BYTES_MAX)
    throw new IrisError('SYNTH_FAILED', `user data of ${node.host} is ${bytes} bytes, EC2 takes ${USER_DATA_BYTES_MAX}; shorten names`);
  return text;
}

function seedsOf({ nodes, realm }: ScyllaNodesProps): readonly string[] {
  if (realm !== undefined && 'seeds' in realm.part) return realm.part.seeds.slice(0, SEEDS_MAX);
  return nodes.slice(0, SEEDS_MAX).map(({ host }) => host);
}

function expectDataCentres(names: readonly string[]): void {
  const twice = names.find((name, place) => names.indexOf(name) < place);
  if (twice !== undefined) throw new IrisError('SYNTH_FAILED', `data centre ${twice} is twice in its realm; give each region’s code once`);
}

import { type StoreBackupProps, storageEndpoint, storeBackupScript, storeBackupUnits } from './store-backup.ts';
import {
  STORE_CERTIFICATE,
  STORE_KEY,
  STORE_SECURITY_PATH,
  type StoreSecrets,
  storeSecurityScript,
  storeSecurityUnits,
} from './store-security.ts';

export interface StoreBootProps {
  /** Name of the cluster. */
  readonly cluster: string;
  readonly dataCentre: string;
  readonly rack: string;
  /** Hosts that a new node asks for the cluster. */
  readonly seeds: readonly string[];
  /** Host id of the dead node whose place this one takes. @default none - it joins as one more */
  readonly replaces?: string;
  readonly awsRegion: string;
  /** Name that the node’s certificate holds. */
  readonly host: string;
  readonly secrets: StoreSecrets;
  /** @default none - this node backs nothing up */
  readonly backup?: StoreBackupProps;
}

/**
 * What ScyllaDB’s machine image reads at first boot. Data centre and rack come from a file, so that their names are ours and final; S3 is
 * reached with the rights of the machine’s role.
 */
export function storeBoot(props: StoreBootProps): object {
  return {
    scylla_yaml: {
      cluster_name: props.cluster,
      endpoint_snitch: 'GossipingPropertyFileSnitch',
      seed_provider: [{ class_name: 'org.apache.cassandra.locator.SimpleSeedProvider', parameters: [{ seeds: props.seeds.join(',') }] }],
      // Whoever connects logs in, over TLS. Without the certificate, which is made before each start, ScyllaDB does not start.
      authenticator: 'PasswordAuthenticator',
      authorizer: 'CassandraAuthorizer',
      client_encryption_options: { enabled: true, certificate: STORE_CERTIFICATE, keyfile: STORE_KEY },
      object_storage_endpoints: [{ name: storageEndpoint(props.awsRegion), port: 443, https: true, aws_region: props.awsRegion }],
      ...(props.replaces === undefined ? {} : { replace_node_first_boot: props.replaces }),
    },
    // In base64: the image tries to decode it, and some plain scripts can be decoded too.
    post_configuration_script: Buffer.from(bootCommands(props)).toString('base64'),
    start_scylla_on_first_boot: true,
    device_wait_seconds: 300,
  };
}

/** The image gives them to `sh -c`, which is no bash there. */
function bootCommands(props: StoreBootProps): string {
  const { dataCentre, rack, backup } = props;
  const place = file('/etc/scylla/cassandra-rackdc.properties', `dc=${dataCentre}\nrack=${rack}\nprefer_local=true\n`);
  return ['set -eu', place, ...securityCommands(props), ...(backup === undefined ? [] : backupCommands(backup)), ''].join('\n');
}

function securityCommands({ awsRegion, secrets, host }: StoreBootProps): string[] {
  const units = storeSecurityUnits([STORE_SECURITY_PATH, awsRegion, secrets.login, secrets.authority, secrets.certificate, host].join(' '));
  return [
    file(STORE_SECURITY_PATH, storeSecurityScript()),
    `chmod 0755 ${STORE_SECURITY_PATH}`,
    'mkdir -p /etc/systemd/system/scylla-server.service.d',
    file('/etc/systemd/system/scylla-server.service.d/iris.conf', units.dropIn),
    file('/etc/systemd/system/iris-store-security.service', units.service),
    file('/etc/systemd/system/iris-store-security.timer', units.timer),
    'systemctl daemon-reload',
    'systemctl enable --now iris-store-security.timer',
  ];
}

function backupCommands(backup: StoreBackupProps): string[] {
  const units = storeBackupUnits();
  return [
    file('/usr/local/sbin/iris-store-backup', storeBackupScript(backup)),
    'chmod 0755 /usr/local/sbin/iris-store-backup',
    file('/etc/systemd/system/iris-store-backup.service', units.service),
    file('/etc/systemd/system/iris-store-backup.timer', units.timer),
    'systemctl daemon-reload',
    'systemctl enable --now iris-store-backup.timer',
  ];
}

/** The text ends in a line break. */
function file(path: string, text: string): string {
  return `cat >${path} <<'FILE'\n${text}FILE\n`;
}

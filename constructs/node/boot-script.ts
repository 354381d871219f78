import { IrisError } from '../../runtime/contract/errors.ts';
import { DRAIN_TIMEOUT_MS } from '../../runtime/contract/limits.ts';
import { METRIC_DIMENSIONS } from '../../runtime/contract/node-metrics.ts';
import { INSTALL_ENTRY, INSTALL_FUNCTIONS } from './install-functions.ts';
import { printed } from './printed-text.ts';
import { serviceUnit } from './service-unit.ts';

/** EC2 takes no more user data than this, in bytes before base64. */
export const USER_DATA_BYTES_MAX = 16_384;

/** Seconds between the end of a drain and a kill: time to flush and to close the store. */
const KILL_MARGIN_SECONDS = 30;

/** Stands for the zone’s id in tag `iris:host`, where cores of one group are told apart by their zones. */
export const ZONE_IN_HOST = '@zone';

/** Minutes after its restart’s drain in which a node must be ready with a new config. */
const READY_MARGIN_MINUTES = 5;

/** An object of S3 with the hash that its content must have. */
export interface HashedObject {
  readonly bucket: string;
  readonly key: string;
  /** Lower-case hex. Of the object, or of what it unpacks to where the script unpacks it. */
  readonly sha256: string;
}

/** An SSM parameter. A pointer’s value is `{"bucket":…,"key":…,"sha256":…}`. */
export interface ParameterAddress {
  readonly name: string;
  readonly awsRegion: string;
}

export interface BootScriptProps {
  readonly role: 'edge' | 'core';
  /** The region the node runs in; its package is there too. */
  readonly awsRegion: string;
  /** Uncompressed tar of the runtime bundle and of what the script does with it; of this release. */
  readonly runtime: HashedObject;
  /** Gzip of the Node binary; the hash is the binary’s. */
  readonly node: HashedObject;
  readonly nodeConfig: ParameterAddress;
  /**
   * AppConfig application whose environment and profile, both named after the role, bring this node newer configs while it runs.
   * @default none - the parameter is followed at each start of the service
   */
  readonly configApplication?: string;
  /**
   * `published`, in the same AWS region, counts instead as soon as there is one: who publishes slot maps makes it. `roleArn` is the role with
   * which both are read, where another account has them. @default neither
   */
  readonly slotMap: ParameterAddress & { readonly published?: string; readonly roleArn?: string };
  /** PEM public keys of client tokens; edges only. */
  readonly tokenKeys?: ParameterAddress;
  /** True where tag `iris:volume` names the volume that this node must have; it does not start on its root disk instead. */
  readonly needsVolume?: boolean;
  /** Where the node answers `/metrics` and `/ownership`, on loopback. */
  readonly adminPort: number;
  /** Environment and region under which the node's metrics go to CloudWatch once a minute. */
  readonly environment: string;
  readonly region: string;
  /**
   * Port under which the node is listed in the Cloud Map service that its tag `iris:discovery` names, with its group, from each start of its
   * service until its machine leaves.
   * @default none - it is listed nowhere
   */
  readonly discoverablePort?: number;
  /**
   * Parameters that say where the region's engines are: the Kafka cluster's ARN, for which MSK tells the brokers, and host:port of the session
   * directory. A node reads the addresses from IRIS_KAFKA_BROKERS and IRIS_DIRECTORY. Of the store, the secret with its login and the parameter
   * with its authority, which the script writes to STORE_LOGIN_PATH and STORE_AUTHORITY_PATH.
   * @default none - the node uses no engines
   */
  readonly engines?: {
    readonly busCluster?: string;
    readonly directory?: string;
    readonly store?: { readonly login: string; readonly certificate: string };
  };
  /** Hosted zone in which a core registers the host name of its tag `iris:host`, with its own zone for ZONE_IN_HOST, with its own address. */
  readonly registerInZone?: string;
  /**
   * Milliseconds the node config gives a leaving node; systemd waits half a minute longer before it kills.
   * @default DRAIN_TIMEOUT_MS - the runtime's own
   */
  readonly drainTimeoutMs?: number;
}

/**
 * What cloud-init runs at first boot, and the service at every start as `boot.sh refresh`. It holds addresses and hashes, no secret: who
 * the node is comes from its instance-metadata tags, what it may read from its role. Nothing is unpacked or run before its hash fits.
 * @throws IrisError SYNTH_FAILED above 16 KB.
 */
export function bootScript(props: BootScriptProps): string {
  const script = [
    '#!/bin/bash',
    '# Iris node boot: checks hashes, then installs. No secrets here.',
    'set -euo pipefail',
    ...variables(props),
    '',
    ...printed(
      'unit_text',
      serviceUnit({ role: props.role, stopTimeoutSeconds: stopTimeoutSeconds(props.drainTimeoutMs ?? DRAIN_TIMEOUT_MS) }),
    ),
    INSTALL_FUNCTIONS,
    INSTALL_ENTRY,
  ].join('\n');
  const bytes = Buffer.byteLength(script);
  if (bytes > USER_DATA_BYTES_MAX) {
    throw new IrisError(
      'SYNTH_FAILED',
      `user data of the ${props.role} is ${bytes} bytes, EC2 takes ${USER_DATA_BYTES_MAX}; shorten names`,
    );
  }
  return script;
}

function variables(props: BootScriptProps): string[] {
  const values: Record<string, string> = {
    ROLE: props.role,
    AWS_REGION: props.awsRegion,
    RUNTIME_BUCKET: props.runtime.bucket,
    RUNTIME_KEY: props.runtime.key,
    RUNTIME_SHA256: props.runtime.sha256,
    NODE_BUCKET: props.node.bucket,
    NODE_KEY: props.node.key,
    NODE_SHA256: props.node.sha256,
    CONFIG_PARAMETER: props.nodeConfig.name,
    CONFIG_REGION: props.nodeConfig.awsRegion,
    SLOT_MAP_PARAMETER: props.slotMap.name,
    PUBLISHED_MAP_PARAMETER: props.slotMap.published ?? '',
    SLOT_MAP_REGION: props.slotMap.awsRegion,
    ...(props.slotMap.roleArn === undefined ? {} : { SLOT_MAP_ROLE: props.slotMap.roleArn }),
    TOKEN_KEYS_PARAMETER: props.tokenKeys?.name ?? '',
    TOKEN_KEYS_REGION: props.tokenKeys?.awsRegion ?? '',
    NEEDS_VOLUME: props.needsVolume === true ? 'yes' : '',
    CONFIG_APPLICATION: props.configApplication ?? '',
    READY_MINUTES: `${Math.ceil(stopTimeoutSeconds(props.drainTimeoutMs ?? DRAIN_TIMEOUT_MS) / 60) + READY_MARGIN_MINUTES}`,
    LINK_PORT: props.discoverablePort === undefined ? '' : `${props.discoverablePort}`,
    BUS_PARAMETER: props.engines?.busCluster ?? '',
    DIRECTORY_PARAMETER: props.engines?.directory ?? '',
    STORE_LOGIN: props.engines?.store?.login ?? '',
    STORE_CERTIFICATE: props.engines?.store?.certificate ?? '',
    DNS_ZONE: props.registerInZone ?? '',
    ADMIN_PORT: `${props.adminPort}`,
    METRIC_DIMENSIONS: JSON.stringify(dimensionsOf(props)),
  };
  return Object.entries(values).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'`);
}

function dimensionsOf({ environment, region, role }: BootScriptProps) {
  const values = { Environment: environment, Region: region, Role: role };
  return METRIC_DIMENSIONS.map((name) => ({ Name: name, Value: values[name] }));
}

function stopTimeoutSeconds(drainTimeoutMs: number): number {
  return Math.ceil(drainTimeoutMs / 1_000) + KILL_MARGIN_SECONDS;
}

export interface CassandraSettings {
  readonly directory: string;
  readonly index: number;
  /** Addresses of all nodes. */
  readonly nodes: readonly string[];
  readonly cqlPort: number;
  readonly storagePort: number;
  readonly hasLogin: boolean;
  readonly tls?: { readonly keyStorePath: string; readonly keyStorePassword: string };
}

/** What Cassandra asks of Java 11 and later. */
export const JAVA_OPENS: readonly string[] = [
  ...[
    'java.base/jdk.internal.misc',
    'java.base/java.lang.ref',
    'java.base/java.lang.reflect',
    'java.management.rmi/com.sun.jmx.remote.internal.rmi',
    'java.rmi/sun.rmi.registry',
    'java.rmi/sun.rmi.server',
    'java.sql/java.sql',
    'jdk.unsupported/sun.misc',
    'jdk.compiler/com.sun.tools.javac.file',
  ].flatMap((name) => ['--add-exports', `${name}=ALL-UNNAMED`]),
  ...'java.lang.module java.lang java.lang.reflect java.io java.net java.nio java.util java.util.concurrent java.util.concurrent.atomic java.math sun.nio.ch'
    .split(' ')
    .concat('sun.net.dns', 'jdk.internal.loader', 'jdk.internal.ref', 'jdk.internal.reflect', 'jdk.internal.math', 'jdk.internal.module')
    .concat('jdk.internal.util.jar')
    .flatMap((name) => ['--add-opens', `java.base/${name}=ALL-UNNAMED`]),
  '--add-opens',
  'jdk.management/com.sun.management.internal=ALL-UNNAMED',
];

export const LOGBACK = `<configuration><appender name="out" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d{HH:mm:ss.SSS} %-5level %logger{0} %msg%n</pattern></encoder></appender>
<root level="INFO"><appender-ref ref="out"/></root></configuration>
`;

/** Small in every respect, and each acknowledged write is on the disk: \`commitlog_sync: batch\`. */
export function cassandraYaml({ directory, index, nodes, cqlPort, storagePort, hasLogin, tls }: CassandraSettings): string {
  const seeds = nodes.map((node) => `${node}:${storagePort}`).join(',');
  const encryption =
    tls === undefined
      ? ''
      : `client_encryption_options:
  enabled: true
  optional: false
  keystore: ${tls.keyStorePath}
  keystore_password: ${tls.keyStorePassword}
  store_type: PKCS12
`;
  return `cluster_name: iris
num_tokens: 1
initial_token: ${tokenOf(index, nodes.length)}
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
data_file_directories: [ ${directory}/data ]
commitlog_directory: ${directory}/commitlog
hints_directory: ${directory}/hints
saved_caches_directory: ${directory}/saved_caches
cdc_raw_directory: ${directory}/cdc_raw
commitlog_sync: batch
commitlog_segment_size: 8MiB
commitlog_total_space: 128MiB
commitlog_disk_access_mode: legacy
memtable_heap_space: 64MiB
memtable_offheap_space: 64MiB
key_cache_size: 8MiB
row_cache_size: 0MiB
counter_cache_size: 0MiB
networking_cache_size: 32MiB
file_cache_size: 32MiB
concurrent_reads: 8
concurrent_writes: 8
concurrent_counter_writes: 2
concurrent_compactors: 1
memtable_flush_writers: 1
native_transport_max_threads: 64
listen_address: ${nodes[index]}
rpc_address: ${nodes[index]}
native_transport_port: ${cqlPort}
storage_port: ${storagePort}
ssl_storage_port: ${storagePort + 1}
start_native_transport: true
endpoint_snitch: GossipingPropertyFileSnitch
authenticator: ${hasLogin ? 'PasswordAuthenticator' : 'AllowAllAuthenticator'}
authorizer: ${hasLogin ? 'CassandraAuthorizer' : 'AllowAllAuthorizer'}
auto_bootstrap: false
auto_snapshot: false
incremental_backups: false
snapshot_before_compaction: false
disk_failure_policy: stop
commit_failure_policy: stop
read_request_timeout: 5000ms
range_request_timeout: 10000ms
write_request_timeout: 2000ms
request_timeout: 10000ms
${encryption}seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [ { seeds: "${seeds}" } ]
`;
}

/** Spread evenly over all that there are. */
function tokenOf(index: number, count: number): bigint {
  return -(2n ** 63n) + 1n + BigInt(index) * (2n ** 64n / BigInt(count));
}

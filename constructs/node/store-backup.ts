export interface StoreBackupProps {
  readonly awsRegion: string;
  /** Begins every object’s key: the cluster and its data centre. */
  readonly prefix: string;
}

/** Tag of a node that names the bucket; a machine reads it through its metadata, so that user data holds no reference. */
export const BACKUP_BUCKET_TAG = 'iris:backup-bucket';

/** The host that `scylla.yaml` lists under object_storage_endpoints, and `nodetool backup` names. */
export function storageEndpoint(awsRegion: string): string {
  return `s3.${awsRegion}.amazonaws.com`;
}

/**
 * Backs a node’s tables up: a snapshot, which costs no copy, then each table’s files into the bucket by ScyllaDB itself, then the snapshot
 * goes, also after a failure. IRIS_ROOT prefixes the data folder for tests.
 */
export function storeBackupScript({ awsRegion, prefix }: StoreBackupProps): string {
  return `#!/bin/bash
set -euo pipefail
data="\${IRIS_ROOT:-}/var/lib/scylla/data"
snapshot="iris-$(date -u +%Y%m%dT%H%M%SZ)"
host=$(nodetool info | sed -n 's/^ID *: *//p')
token=$(curl -sf --max-time 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' http://169.254.169.254/latest/api/token)
bucket=$(curl -sf --max-time 5 -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/tags/instance/${BACKUP_BUCKET_TAG})
[[ -n "$host" && -n "$bucket" ]]
trap 'nodetool clearsnapshot -t "$snapshot"' EXIT
nodetool snapshot -t "$snapshot"
for folder in "$data"/*/*/snapshots/"$snapshot"; do
  table=\${folder#"$data"/}; keyspace=\${table%%/*}; table=\${table#*/}; table=\${table%%-*}
  case "$keyspace" in system*) continue ;; esac
  nodetool backup --endpoint ${storageEndpoint(awsRegion)} --bucket "$bucket" \\
    --prefix "${prefix}/$host/$snapshot/$keyspace/$table" --keyspace "$keyspace" --table "$table" --snapshot "$snapshot"
done
`;
}

/** Runs it once a day, each node at an hour of its own, behind everything else that wants the disks. */
export function storeBackupUnits(): { readonly service: string; readonly timer: string } {
  return {
    service: `[Unit]
Description=Iris store backup
After=scylla-server.service

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/iris-store-backup
Nice=19
IOSchedulingClass=idle
TimeoutStartSec=20h
`,
    timer: `[Unit]
Description=Iris store backup, daily

[Timer]
OnCalendar=daily
RandomizedDelaySec=4h
FixedRandomDelay=true
Persistent=true

[Install]
WantedBy=timers.target
`,
  };
}

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeBackupScript } from '../../../constructs/node/store-backup.ts';

/** Makes the snapshot's folders, as ScyllaDB does, and logs every call. */
const FAKE_NODETOOL = `#!/bin/bash
echo "$*" >>"$FAKE/calls"
data="$IRIS_ROOT/var/lib/scylla/data"
case "$1" in
  info) echo "ID                     : 675ed9f4-6564-4dbd-8ca8-43fddce952a1" ;;
  snapshot) mkdir -p "$data"/{iris/inbox-0aa1,iris/leases-0bb2,system_schema/keyspaces-0cc3}/snapshots/"$3" ;;
  backup) [[ "$*" != *"$FAIL"* ]] ;;
  clearsnapshot) ;;
  *) exit 64 ;;
esac
`;
const FAKE_CURL = `#!/bin/bash
for url; do :; done
case "$url" in
  */api/token) echo token ;;
  */tags/instance/iris:backup-bucket) echo backups-tokyo ;;
  *) exit 22 ;;
esac
`;

describe('the store’s backup script', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'iris-backup-'));
    mkdirSync(join(folder, 'bin'));
    for (const [name, text] of Object.entries({ nodetool: FAKE_NODETOOL, curl: FAKE_CURL })) {
      writeFileSync(join(folder, 'bin', name), text);
      chmodSync(join(folder, 'bin', name), 0o755);
    }
    writeFileSync(join(folder, 'backup.sh'), storeBackupScript({ awsRegion: 'ap-northeast-1', prefix: 'iris-growth-tokyo-store/tokyo' }));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function run(fail = 'nothing'): { status: number | null; calls: string[] } {
    const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, FAKE: folder, FAIL: fail, IRIS_ROOT: join(folder, 'root') };
    const { status } = spawnSync('bash', [join(folder, 'backup.sh')], { env, encoding: 'utf8' });
    return { status, calls: readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') };
  }

  it('snapshots, sends every table but the system’s into the bucket of its tag, and clears the snapshot', () => {
    const { status, calls } = run();
    assert.equal(status, 0);
    const snapshot = /snapshot -t (iris-\d{8}T\d{6}Z)/.exec(calls[1]!)![1]!;
    const sent = (table: string) =>
      'backup --endpoint s3.ap-northeast-1.amazonaws.com --bucket backups-tokyo --prefix iris-growth-tokyo-store/tokyo/' +
      `675ed9f4-6564-4dbd-8ca8-43fddce952a1/${snapshot}/iris/${table} --keyspace iris --table ${table} --snapshot ${snapshot}`;
    assert.deepEqual(calls, ['info', `snapshot -t ${snapshot}`, sent('inbox'), sent('leases'), `clearsnapshot -t ${snapshot}`]);
  });

  it('fails when a table cannot be sent, and clears the snapshot all the same', () => {
    const { status, calls } = run('--table inbox');
    assert.notEqual(status, 0);
    assert.match(calls.at(-1)!, /^clearsnapshot/);
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BootScriptProps, bootScript } from '../../../constructs/node/boot-script.ts';
import { installTasks } from './installed-tasks.ts';

/** AppConfig tells a pointer once per session, as the real one does: afterwards its answer is empty until `staged` changes. */
const FAKES = {
  aws: `echo "aws $*" >>"$FAKE/calls"
case "$1 $2" in
  's3 cp') cp "$FAKE/s3/\${6##*/}" "$7" ;;
  'ssm get-parameter' | 'ssm get-parameters') cat "$FAKE/ssm/\${6##*/}" ;;
  'appconfigdata start-configuration-session') : >"$FAKE/told"; echo token-0 ;;
  'appconfigdata get-latest-configuration')
    for last; do :; done
    if cmp -s "$FAKE/staged" "$FAKE/told"; then : >"$last"; else cp "$FAKE/staged" "$last"; cp "$FAKE/staged" "$FAKE/told"; fi
    echo token-1 ;;
esac`,
  curl: `for url; do :; done
case "$url" in
  */api/token) echo token ;;
  */readyz) cat "$FAKE/readyz" ;;
  *) exit 22 ;;
esac`,
  systemctl: `echo "systemctl $*" >>"$FAKE/calls"
if [[ "$1" == is-active ]]; then [[ "$(cat "$FAKE/service")" == active ]]; fi`,
};
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const OLD = '{"format":"iris-node/1","version":1}';
const NEW = '{"format":"iris-node/1","version":2}';

describe('updates of a node that runs (X9, L12)', () => {
  let folder: string;
  let props: BootScriptProps;
  const config = () => readFileSync(join(folder, 'root/etc/iris/node.json'), 'utf8');
  const kept = () => join(folder, 'root/var/lib/iris-update/before');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'iris-update-'));
    for (const name of ['bin', 's3', 'ssm', 'root/etc/iris', 'root/var/lib/iris']) mkdirSync(join(folder, name), { recursive: true });
    for (const [name, text] of Object.entries(FAKES)) {
      writeFileSync(join(folder, 'bin', name), `#!/bin/bash\n${text}\n`);
      chmodSync(join(folder, 'bin', name), 0o755);
    }
    for (const [name, text] of Object.entries({ calls: '', told: '', service: 'active', readyz: 'ready\n' }))
      writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, 'root/etc/iris/node.json'), OLD);
    point('ssm/slot-map', 'map', '{"version":1}');
    point('ssm/edge-config', 'old', OLD);
    point('staged', 'old', OLD);
    const empty = { bucket: 'assets', key: 'x', sha256: '1'.repeat(64) };
    props = {
      role: 'edge',
      environment: 'proof',
      region: 'tokyo',
      adminPort: 9400,
      awsRegion: 'ap-northeast-1',
      runtime: empty,
      node: empty,
      nodeConfig: { name: '/iris/proof/tokyo/edge-config', awsRegion: 'ap-northeast-1' },
      slotMap: { name: '/iris/proof/slot-map', awsRegion: 'us-east-1' },
      configApplication: 'iris-proof-tokyo',
    };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Publishes a document and lets a parameter, or AppConfig, point to it. */
  function point(from: string, key: string, text: string): void {
    writeFileSync(join(folder, 's3', key), text);
    writeFileSync(join(folder, from), JSON.stringify({ bucket: 'assets', key, sha256: sha256(text) }));
  }

  function run(task = 'update'): string {
    writeFileSync(join(folder, 'boot.sh'), bootScript(props));
    writeFileSync(join(folder, 'calls'), '');
    installTasks(join(folder, 'root'), props);
    const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, FAKE: folder, IRIS_ROOT: join(folder, 'root') };
    const { status, stderr } = spawnSync('bash', [join(folder, 'boot.sh'), task], { env, encoding: 'utf8' });
    return `${status} ${stderr}${readFileSync(join(folder, 'calls'), 'utf8')}`;
  }

  it('asks as its role in its application, and leaves a node alone that has what is told', () => {
    const said = run();
    assert.match(
      said,
      /start-configuration-session --region ap-northeast-1 --application-identifier iris-proof-tokyo --environment-identifier edge/,
    );
    assert.match(said, /--configuration-token token-0/);
    assert.doesNotMatch(said, /restart/);
    assert.match(run(), /^0 (?![\s\S]*start-configuration-session)[\s\S]*--configuration-token token-1/);
  });

  it('leaves the slot map to the node, which watches it', () => {
    assert.doesNotMatch(run(), /slot-map/);
    assert.equal(existsSync(join(folder, 'root/var/lib/iris/slot-map.json')), false);
  });

  it('restarts with a new config, and keeps it when it is ready with it, or a standby', () => {
    run();
    point('staged', 'new', NEW);
    assert.match(run(), /restarting with config [0-9a-f]{64}\n[\s\S]*systemctl restart --no-block iris.service/);
    assert.equal(config(), NEW);
    writeFileSync(join(folder, 'readyz'), 'standby: core-a owns the shards in epoch 3\n');
    assert.doesNotMatch(run(), /restart/);
    assert.equal(existsSync(kept()), false);
    assert.equal(config(), NEW);
  });

  it('does not go back to the pointer of new nodes when its service starts again', () => {
    run();
    point('staged', 'new', NEW);
    run();
    assert.match(run('refresh'), /^0 /);
    assert.equal(config(), NEW);
  });

  it('gives a config back that it is not ready with in time, tells CloudWatch, and does not take it again', () => {
    run();
    point('staged', 'bad', NEW);
    run();
    for (const [name, text] of Object.entries({ readyz: 'reaches no core\n', service: 'activating' }))
      writeFileSync(join(folder, name), text);
    assert.doesNotMatch(run(), /restart|put-metric-data/);
    const long = new Date(Date.now() - 3_600_000);
    utimesSync(kept(), long, long);
    const said = run();
    assert.match(said, /the one before comes back/);
    assert.match(said, /systemctl restart --no-block iris.service/);
    assert.match(said, /put-metric-data .*iris_config_rejected_total.*"Value":1.*"Name":"Role","Value":"edge"/);
    assert.equal(config(), OLD);
    for (const [name, text] of Object.entries({ readyz: 'ready\n', service: 'active', told: '' })) writeFileSync(join(folder, name), text);
    assert.doesNotMatch(run(), /restart/);
    assert.equal(config(), OLD);
  });

  it('keeps its config when the new document does not hash to its pointer, and asks from the beginning', () => {
    run();
    point('staged', 'new', NEW);
    writeFileSync(join(folder, 's3/new'), `${NEW} tampered`);
    assert.match(run(), /^1 [\s\S]*refused/);
    assert.equal(config(), OLD);
    assert.equal(existsSync(kept()), false);
    assert.match(run(), /start-configuration-session/);
  });

  it('leaves a stopped node alone', () => {
    writeFileSync(join(folder, 'service'), 'inactive');
    assert.doesNotMatch(run(), /aws/);
  });
});

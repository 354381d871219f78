import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BootScriptProps, bootScript } from '../../../constructs/node/boot-script.ts';
import { createPinoTelemetry } from '../../../runtime/adapters/telemetry-pino.ts';
import { installTasks } from './installed-tasks.ts';

/** Commands of a machine: `$FAKE` holds what the metadata service, the node, SSM, S3 and systemd answer; each call is logged. */
const FAKES = {
  curl: `for url; do :; done
case "$url" in
  */api/token) echo token ;;
  http://127.0.0.1:9400/*) cat "$FAKE/node/\${url##*/}" ;;
  */latest/meta-data/*) path=\${url#*/meta-data/}; cat "$FAKE/metadata/\${path//\\//_}" 2>/dev/null || exit 22 ;;
  *) exit 22 ;;
esac`,
  aws: `echo "aws $*" >>"$FAKE/calls"
case "$1 $2" in
  's3 cp') cp "$FAKE/s3/\${6##*/}" "$7" ;;
  'ssm get-parameter') cat "$FAKE/pointer" ;;
esac`,
  systemctl: `echo "systemctl $*" >>"$FAKE/calls"
if [[ "$1" == is-active ]]; then cat "$FAKE/service"; [[ "$(cat "$FAKE/service")" == active ]]; fi`,
  umount: 'echo "umount $*" >>"$FAKE/calls"',
};
const HOOK = '--lifecycle-hook-name drain --auto-scaling-group-name iris-proof-tokyo-tokyo-g0 --instance-id i-0123456789abcdef0';

describe('timed tasks of a node', () => {
  let folder: string;
  let props: BootScriptProps;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'iris-watch-'));
    for (const name of ['bin', 'metadata', 'node', 's3', 'root/var/lib/iris']) mkdirSync(join(folder, name), { recursive: true });
    for (const [name, text] of Object.entries(FAKES)) {
      writeFileSync(join(folder, 'bin', name), `#!/bin/bash\n${text}\n`);
      chmodSync(join(folder, 'bin', name), 0o755);
    }
    metadata('instance-id', 'i-0123456789abcdef0');
    metadata('tags/instance/Name', 'iris-proof-tokyo-tokyo-g0');
    metadata('tags/instance/iris:group', 'tokyo-g0');
    write('service', 'active');
    writeFileSync(join(folder, 'calls'), '');
    publishMap('{"regions":[{"groups":[{"id":"tokyo-g0"}]}]}');
    props = {
      role: 'core',
      environment: 'proof',
      region: 'tokyo',
      adminPort: 9400,
      awsRegion: 'ap-northeast-1',
      runtime: { bucket: 'assets', key: 'runtime.tar', sha256: '1'.repeat(64) },
      node: { bucket: 'assets', key: 'node.gz', sha256: '2'.repeat(64) },
      nodeConfig: { name: '/iris/proof/tokyo/core-config', awsRegion: 'ap-northeast-1' },
      slotMap: { name: '/iris/proof/slot-map', awsRegion: 'us-east-1' },
      needsVolume: true,
    };
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, text: string) => writeFileSync(join(folder, name), `${text}\n`);
  const metadata = (path: string, text: string) => write(join('metadata', path.replaceAll('/', '_')), text);
  const calls = (): string[] =>
    readFileSync(join(folder, 'calls'), 'utf8')
      .split('\n')
      .filter((line) => /autoscaling|cloudwatch|servicediscovery|stop|umount/.test(line));

  function publishMap(text: string): void {
    writeFileSync(join(folder, 's3/map.slotmap'), text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    write('pointer', JSON.stringify({ bucket: 'assets', key: 'map.slotmap', sha256 }));
  }

  /** Calls of one run. */
  function run(task: 'watch' | 'publish'): string[] {
    const path = join(folder, 'boot.sh');
    writeFileSync(path, bootScript(props));
    installTasks(join(folder, 'root'), props);
    const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, FAKE: folder, IRIS_ROOT: join(folder, 'root') };
    const before = calls().length;
    const { status, stderr } = spawnSync('bash', [path, task], { env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return calls().slice(before);
  }

  it('let a node alone that stays, and one that no group holds', () => {
    assert.deepEqual(run('watch'), []);
    metadata('autoscaling/target-lifecycle-state', 'InService');
    assert.deepEqual(run('watch'), []);
  });

  it('stop a replaced core, hold its machine until it has stopped, free its volume, then let it go, once', () => {
    metadata('autoscaling/target-lifecycle-state', 'Terminated');
    const heartbeat = `aws autoscaling record-lifecycle-action-heartbeat --region ap-northeast-1 ${HOOK}`;
    assert.deepEqual(run('watch'), ['systemctl stop --no-block iris.service', heartbeat]);
    write('service', 'deactivating');
    assert.deepEqual(run('watch'), [heartbeat]);
    write('service', 'inactive');
    const [unmounted, completed] = run('watch');
    assert.match(unmounted!, /^umount .*\/var\/lib\/iris\/store$/);
    assert.equal(completed, `aws autoscaling complete-lifecycle-action --region ap-northeast-1 ${HOOK} --lifecycle-action-result CONTINUE`);
    assert.deepEqual(run('watch'), []);
  });

  it('take a leaving core off its region’s list before its machine goes (R6)', () => {
    props = { ...props, needsVolume: false, discoverablePort: 7_400 };
    metadata('tags/instance/iris:discovery', 'srv-1');
    metadata('placement/availability-zone-id', 'apne1-az4');
    metadata('autoscaling/target-lifecycle-state', 'Terminated');
    write('service', 'inactive');
    const [listed, completed] = run('watch');
    assert.equal(
      listed,
      'aws servicediscovery deregister-instance --region ap-northeast-1 --service-id srv-1 --instance-id tokyo-g0-apne1-az4',
    );
    assert.match(completed!, /complete-lifecycle-action/);
  });

  it('keep a core of a group that is given up until it owns nothing (X6)', () => {
    publishMap('{"regions":[{"groups":[{"id":"tokyo-g1"}]}]}');
    metadata('autoscaling/target-lifecycle-state', 'Terminated');
    for (const owned of ['{"owned":12,"users":3}', '{"owned":10}', '{"isStandby":true}', '']) {
      write('node/ownership', owned);
      assert.deepEqual(
        run('watch').map((call) => call.split(' ')[2]),
        ['record-lifecycle-action-heartbeat'],
        owned,
      );
    }
    write('node/ownership', '{"owned":0,"users":0}');
    assert.equal(run('watch')[0], 'systemctl stop --no-block iris.service');
  });

  it('go by the last good map where the published one cannot be had', () => {
    write('pointer', 'None');
    writeFileSync(join(folder, 'root/var/lib/iris/slot-map.json'), '{"regions":[{"groups":[{"id":"tokyo-g0"}]}]}');
    metadata('autoscaling/target-lifecycle-state', 'Terminated');
    assert.equal(run('watch')[0], 'systemctl stop --no-block iris.service');
  });

  it('drain an edge at the spot market’s notice (K11)', () => {
    props = { ...props, role: 'edge', needsVolume: false };
    metadata('spot/instance-action', '{"action":"terminate"}');
    assert.deepEqual(run('watch'), ['systemctl stop --no-block iris.service']);
  });

  it('publish gauges as they are and counters as their growth, of the table’s metrics only', () => {
    props = { ...props, role: 'edge', needsVolume: false };
    const telemetry = createPinoTelemetry({ environment: 'proof', node: 'tokyo-edge-0' });
    const logins = telemetry.counter('iris_logins_total', 'Logins');
    telemetry.gauge('iris_connections', 'Open client connections', () => 45_001);
    telemetry.gauge('iris_login_p99_ms', 'Login', () => Number.NaN);
    telemetry.gauge('iris_delivery_p99_ms', 'Delivery', () => 1.5e-7);
    telemetry.gauge('iris_of_no_table', 'Nobody asks', () => 1);
    logins.value = 3_000_000_000;
    write('node/metrics', telemetry.render());
    assert.deepEqual(published(), { iris_connections: [45_001, 'Count'], iris_delivery_p99_ms: [1.5e-7, 'Milliseconds'] });
    logins.value += 4_000_000_001;
    write('node/metrics', telemetry.render());
    assert.deepEqual(published()['iris_logins_total'], [4_000_000_001, 'Count']);
    logins.value = 5;
    write('node/metrics', telemetry.render());
    assert.deepEqual(published()['iris_logins_total'], [5, 'Count'], 'a node that was started anew counts from zero');
    assert.ok(existsSync(join(folder, 'root/run/iris/metrics')));
  });

  /** Value and unit by name, of one run. */
  function published(): Record<string, readonly [number, string]> {
    const call = run('publish')[0]!;
    const [command, json] = call.split(' --metric-data ') as [string, string];
    assert.equal(command, 'aws cloudwatch put-metric-data --region ap-northeast-1 --namespace Iris/Node');
    const data = JSON.parse(json) as { MetricName: string; Value: number; Unit: string; Dimensions: unknown }[];
    for (const { Dimensions } of data) {
      assert.deepEqual(Dimensions, [
        { Name: 'Environment', Value: 'proof' },
        { Name: 'Region', Value: 'tokyo' },
        { Name: 'Role', Value: 'edge' },
      ]);
    }
    return Object.fromEntries(data.map(({ MetricName, Value, Unit }) => [MetricName, [Value, Unit] as const]));
  }
});

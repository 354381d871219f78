import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BootScriptProps, bootScript, USER_DATA_BYTES_MAX, ZONE_IN_HOST } from '../../../constructs/node/boot-script.ts';
import { BOOT_TASKS_FILE, bootTasks } from '../../../constructs/node/boot-tasks.ts';
import { tarArchive } from '../../../infra/package/tar-archive.ts';
import { STORE_AUTHORITY_PATH, STORE_LOGIN_PATH } from '../../../runtime/contract/engine-addresses.ts';
import { secretsIn } from '../../infra/laws/secrets.ts';
import { installTasks } from './installed-tasks.ts';

const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

/** Stands for AWS: `s3/` holds objects, `ssm/` parameter values, and every call is logged. */
const FAKE_AWS = `#!/bin/bash
echo "aws $*\${AWS_PROFILE:+ as $AWS_PROFILE of $(cat "$AWS_CONFIG_FILE" | tr '\\n' ' ')}" >>"$FAKE/calls"
case "$1 $2" in
  's3 cp') for last; do :; done; from=$6; cp "$FAKE/s3/\${from#s3://}" "$last" ;;
  'ssm get-parameter') cat "$FAKE/ssm/\${6//\\//_}" ;;
  'ssm get-parameters') cat "$FAKE/ssm/\${7//\\//_}" 2>/dev/null || cat "$FAKE/ssm/\${6//\\//_}" 2>/dev/null || echo None ;;
  'ec2 attach-volume') mkdir -p "$IRIS_ROOT/dev/disk/by-id"; touch "$IRIS_ROOT/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_\${6//-/}" ;;
  'secretsmanager get-secret-value') cat "$FAKE/ssm/\${6//\\//_}" ;;
  'kafka get-bootstrap-brokers') [[ "$*" == *'--cluster-arn arn:bus '* ]] && echo 'b-1.bus:9098,b-2.bus:9098' ;;
  'route53 change-resource-record-sets' | 'servicediscovery register-instance') echo '{}' ;;
  *) exit 64 ;;
esac
`;
const FAKE_CURL = `#!/bin/bash
for url; do :; done
case "$url" in
  */api/token) echo token ;;
  */instance-id) echo i-0123456789abcdef0 ;;
  */local-ipv4) echo 10.0.0.7 ;;
  */tags/instance/iris:group) echo tokyo-g0 ;;
  */tags/instance/iris:host) echo tokyo-g0.core.example.com ;;
  */tags/instance/iris:volume) echo vol-0aa ;;
  */tags/instance/iris:discovery) echo srv-1 ;;
  */placement/availability-zone-id) echo apne1-az4 ;;
  *) exit 22 ;;
esac
`;
/** The runtime’s tar. */
const packageOf = (tasks: string) =>
  tarArchive([
    { path: 'core.mjs', content: Buffer.from('core') },
    { path: BOOT_TASKS_FILE, content: Buffer.from(tasks) },
  ]);
const FAKE_ANYTHING = '#!/bin/bash\necho "$(basename "$0") $*" >>"$FAKE/calls"\n[[ "$(basename "$0")" != blkid ]]\n';

describe('boot script', () => {
  let folder: string;
  let props: BootScriptProps;
  const root = (...path: string[]): string => join(folder, 'root', ...path);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'iris-boot-'));
    for (const name of ['s3/assets', 'ssm', 'bin', 'root']) mkdirSync(join(folder, name), { recursive: true });
    const commands = { aws: FAKE_AWS, curl: FAKE_CURL };
    for (const name of ['systemctl', 'sysctl', 'useradd', 'chown', 'mount', 'mkfs.xfs', 'blkid'])
      Object.assign(commands, { [name]: FAKE_ANYTHING });
    for (const [name, text] of Object.entries(commands)) {
      writeFileSync(join(folder, 'bin', name), text);
      chmodSync(join(folder, 'bin', name), 0o755);
    }
    const runtime = packageOf(bootTasks());
    writeFileSync(join(folder, 's3/assets/runtime.tar'), runtime);
    writeFileSync(join(folder, 's3/assets/node.gz'), gzipSync('a node binary'));
    publish('_iris_proof_tokyo_core-config', 'config.nodeconfig', '{"format":"iris-node/1"}');
    publish('_iris_proof_slot-map', 'map.slotmap', '{"format":"iris-slot-map/1"}');
    props = {
      role: 'core',
      environment: 'proof',
      region: 'tokyo',
      adminPort: 9400,
      awsRegion: 'ap-northeast-1',
      runtime: { bucket: 'assets', key: 'runtime.tar', sha256: sha256(runtime) },
      node: { bucket: 'assets', key: 'node.gz', sha256: sha256('a node binary') },
      nodeConfig: { name: '/iris/proof/tokyo/core-config', awsRegion: 'ap-northeast-1' },
      slotMap: { name: '/iris/proof/slot-map', awsRegion: 'us-east-1' },
      needsVolume: true,
      registerInZone: 'Z1',
    };
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function publish(parameter: string, key: string, text: string): void {
    writeFileSync(join(folder, 's3/assets', key), text);
    writeFileSync(join(folder, 'ssm', parameter), JSON.stringify({ bucket: 'assets', key, sha256: sha256(text) }));
  }

  function run(...args: string[]) {
    const path = join(folder, 'boot.sh');
    writeFileSync(path, bootScript(props));
    if (args.length > 0) installTasks(root(), props);
    const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin:/usr/sbin:/sbin`, FAKE: folder, IRIS_ROOT: root() };
    return spawnSync('bash', [path, ...args], { env, encoding: 'utf8' });
  }

  const calls = (): string => readFileSync(join(folder, 'calls'), 'utf8');

  it('installs package, identity, volume and service from pointers and hashes', () => {
    const { status, stderr } = run();
    assert.equal(status, 0, stderr);
    assert.equal(readlinkSync(root('opt/iris/current')), props.runtime.sha256);
    assert.equal(readFileSync(root('opt/iris/current/core.mjs'), 'utf8'), 'core');
    assert.equal(readFileSync(root('opt/iris/current/node'), 'utf8'), 'a node binary');
    assert.equal(readFileSync(root('etc/iris/node.env'), 'utf8'), 'IRIS_NODE=core-i-0123456789abcdef0\nIRIS_GROUP=tokyo-g0\n');
    const unit = readFileSync(root('etc/systemd/system/iris.service'), 'utf8');
    for (const line of ['User=iris', 'Restart=always', 'LimitNOFILE=1048576', 'TimeoutStopSec=40', 'NoNewPrivileges=true']) {
      assert.ok(unit.includes(`${line}\n`), line);
    }
    assert.match(calls(), /aws ec2 attach-volume --region ap-northeast-1 --volume-id vol-0aa --instance-id i-0123456789abcdef0/);
    assert.match(calls(), /mkfs.xfs -q .*nvme-Amazon_Elastic_Block_Store_vol0aa/);
    assert.match(
      calls(),
      /systemctl enable --now iris-task@watch.timer iris-task@publish.timer iris-task@update.timer\nsystemctl enable --now iris.service/,
    );
    assert.match(readFileSync(root('etc/systemd/system/iris-task@publish.timer'), 'utf8'), /OnUnitActiveSec=60\n/);
    assert.match(readFileSync(root('etc/systemd/system/iris-task@.service'), 'utf8'), /ExecStart=\/opt\/iris\/boot.sh %i\n/);
  });

  it('fails on a tampered runtime before anything of it is unpacked (A20)', () => {
    writeFileSync(join(folder, 's3/assets/runtime.tar'), packageOf('echo evil'));
    const { status, stderr } = run();
    assert.notEqual(status, 0);
    assert.match(stderr, /runtime.tar has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}: refused/);
    assert.equal(existsSync(root('opt/iris/current')), false);
    assert.doesNotMatch(calls(), /systemctl/);
  });

  it('fails on a tampered Node before it is installed (A20)', () => {
    writeFileSync(join(folder, 's3/assets/node.gz'), gzipSync('an evil binary'));
    const { status, stderr } = run();
    assert.notEqual(status, 0);
    assert.match(stderr, /node has sha256 .*: refused/);
    assert.equal(existsSync(root('opt/iris/current')), false);
  });

  it('follows pointers at each start and registers its name in its zone', () => {
    const { status, stderr } = run('refresh');
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(root('etc/iris/node.json'), 'utf8'), '{"format":"iris-node/1"}');
    assert.equal(readFileSync(root('var/lib/iris/slot-map.json'), 'utf8'), '{"format":"iris-slot-map/1"}');
    assert.match(calls(), /ssm get-parameters --region us-east-1 --names \/iris\/proof\/slot-map --query/);
    assert.match(calls(), /route53 .*--hosted-zone-id Z1 .*"Name":"tokyo-g0.core.example.com".*"Value":"10.0.0.7"/);
  });

  it('reads the slot map, and nothing else, with the role that another account has for it', () => {
    assert.equal(run('refresh').status, 0);
    assert.doesNotMatch(calls(), / as /);
    const roleArn = 'arn:aws:iam::123456789012:role/iris-proof-slot-map';
    props = { ...props, slotMap: { ...props.slotMap, roleArn } };
    rmSync(root('var/lib/iris/slot-map.json'));
    rmSync(join(folder, 'calls'));
    assert.equal(run('refresh').status, 0);
    assert.equal(readFileSync(root('var/lib/iris/slot-map.json'), 'utf8'), '{"format":"iris-slot-map/1"}');
    const withRole = calls()
      .split('\n')
      .filter((line) =>
        line.includes(
          ` as slot-map of [profile slot-map] role_arn = ${roleArn} role_session_name = core region = us-east-1 credential_source = Ec2InstanceMetadata`,
        ),
      );
    assert.deepEqual(
      withRole.map((line) => line.split(' ', 3).slice(1).join(' ')),
      ['ssm get-parameters', 's3 cp'],
    );
    assert.match(calls(), /route53 change-resource-record-sets [^\n]*(?<! as slot-map.*)$/m);
  });

  it('takes the planned slot map while none is published, and from then on the published one, also where a deployment plans another (L10)', () => {
    props = { ...props, slotMap: { ...props.slotMap, published: '/iris/proof/slot-map/published' } };
    const map = () => readFileSync(root('var/lib/iris/slot-map.json'), 'utf8');
    publish('_iris_proof_slot-map', 'planned.slotmap', '{"version":1}');
    assert.equal(run('refresh').status, 0);
    assert.equal(map(), '{"version":1}');
    publish('_iris_proof_slot-map_published', 'published.slotmap', '{"version":3}');
    publish('_iris_proof_slot-map', 'planned.slotmap', '{"version":2}');
    assert.equal(run('refresh').status, 0);
    assert.equal(map(), '{"version":3}');
    assert.match(calls(), /--names \/iris\/proof\/slot-map \/iris\/proof\/slot-map\/published --query/);
  });

  it('registers a core that shares its group under its own zone (0020)', () => {
    const curl = join(folder, 'bin/curl');
    writeFileSync(curl, FAKE_CURL.replace('echo tokyo-g0.core.example.com', `echo tokyo-g0-${ZONE_IN_HOST}.core.example.com`));
    assert.equal(run('refresh').status, 0);
    assert.match(calls(), /"Name":"tokyo-g0-apne1-az4.core.example.com".*"Value":"10.0.0.7"/);
  });

  it('asks AWS where the engines are, and keeps the last answer while it has none (R21)', () => {
    props = { ...props, engines: { busCluster: '/iris/proof/tokyo/bus/cluster', directory: '/iris/proof/tokyo/directory/endpoint' } };
    writeFileSync(join(folder, 'ssm/_iris_proof_tokyo_bus_cluster'), 'arn:bus\n');
    writeFileSync(join(folder, 'ssm/_iris_proof_tokyo_directory_endpoint'), 'cache.example.com:6379\n');
    const answer = 'IRIS_KAFKA_BROKERS=b-1.bus:9098,b-2.bus:9098\nIRIS_DIRECTORY=cache.example.com:6379\n';
    assert.equal(run('refresh').status, 0);
    assert.equal(readFileSync(root('etc/iris/engines.env'), 'utf8'), answer);
    rmSync(join(folder, 'ssm/_iris_proof_tokyo_bus_cluster'));
    const { status, stderr } = run('refresh');
    assert.equal(status, 0, stderr);
    assert.match(stderr, /keeping the last good .*engines.env/);
    assert.equal(readFileSync(root('etc/iris/engines.env'), 'utf8'), answer);
  });

  it('hands the login of the store to the node’s process alone, and its authority to all; the last ones where AWS is away (A13)', () => {
    props = {
      ...props,
      engines: { store: { login: '/iris/proof/tokyo/store/login', certificate: '/iris/proof/tokyo/store/certificate' } },
    };
    const login = join(folder, 'ssm/_iris_proof_tokyo_store_login');
    writeFileSync(login, '{"username":"iris","password":"x"}\n');
    writeFileSync(
      join(folder, 'ssm/_iris_proof_tokyo_store_certificate'),
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
    );
    const { status, stderr } = run('refresh');
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(root(STORE_LOGIN_PATH), 'utf8'), '{"username":"iris","password":"x"}\n');
    assert.equal(statSync(root(STORE_LOGIN_PATH)).mode & 0o777, 0o440);
    assert.match(calls(), /chown root:iris .*store-login.json.new/);
    assert.match(readFileSync(root(STORE_AUTHORITY_PATH), 'utf8'), /BEGIN CERTIFICATE/);
    rmSync(login);
    const again = run('refresh');
    assert.equal(again.status, 0, again.stderr);
    assert.match(again.stderr, /keeping the last good .*store-login.json/);
    assert.doesNotMatch(again.stderr + stderr, /password/);
  });

  it('keeps the last good config when the new one does not hash to its pointer (L12)', () => {
    assert.equal(run('refresh').status, 0);
    publish('_iris_proof_tokyo_core-config', 'config.nodeconfig', '{"format":"iris-node/1","newer":true}');
    writeFileSync(join(folder, 's3/assets/config.nodeconfig'), '{"format":"iris-node/1","tampered":true}');
    const { status, stderr } = run('refresh');
    assert.equal(status, 0, stderr);
    assert.match(stderr, /config|node.json.new has sha256/);
    assert.match(stderr, /keeping the last good/);
    assert.equal(readFileSync(root('etc/iris/node.json'), 'utf8'), '{"format":"iris-node/1"}');
  });

  it('lists itself under its group and zone with its address, port and instance, where it is told a port (R6)', () => {
    const { registerInZone: _, ...others } = props;
    props = { ...others, discoverablePort: 7_400 };
    assert.equal(run('refresh').status, 0);
    const listed = 'AWS_INSTANCE_IPV4=10.0.0.7,AWS_INSTANCE_PORT=7400,group=tokyo-g0,instance=i-0123456789abcdef0';
    const call = `servicediscovery register-instance --region ap-northeast-1 --service-id srv-1 --instance-id tokyo-g0-apne1-az4 --attributes ${listed}`;
    assert.ok(calls().includes(call), calls());
  });

  it('starts all the same where it cannot be listed, and is listed by a later update', () => {
    const { registerInZone: _, ...others } = props;
    props = { ...others, discoverablePort: 7_400 };
    const aws = join(folder, 'bin', 'aws');
    writeFileSync(aws, FAKE_AWS.replace(" | 'servicediscovery register-instance'", ''));
    const { status, stderr } = run('refresh');
    assert.equal(status, 0, stderr);
    assert.match(stderr, /not listed in Cloud Map/);
    writeFileSync(aws, FAKE_AWS);
    writeFileSync(join(folder, 'bin', 'systemctl'), '#!/bin/bash\nexit 0\n');
    writeFileSync(join(folder, 'calls'), '');
    assert.equal(run('update').status, 0);
    assert.match(calls(), /servicediscovery register-instance/);
    writeFileSync(join(folder, 'calls'), '');
    run('update');
    assert.doesNotMatch(calls(), /servicediscovery/);
  });

  it('reads token keys as PEM and nothing else, on edges only', () => {
    props = { ...props, role: 'edge', needsVolume: false, tokenKeys: { name: '/iris/proof/token-keys', awsRegion: 'ap-northeast-1' } };
    writeFileSync(join(folder, 'ssm/_iris_proof_token-keys'), '-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n');
    const { status, stderr } = run('refresh');
    assert.equal(status, 0, stderr);
    assert.match(readFileSync(root('etc/iris/token-keys.pem'), 'utf8'), /BEGIN PUBLIC KEY/);
  });

  it('is clean for bash, as are the tasks of its package', () => {
    for (const text of [bootScript(props), bootTasks()]) {
      const path = join(folder, 'script.sh');
      writeFileSync(path, text);
      assert.equal(spawnSync('bash', ['-n', path]).status, 0);
    }
  });

  it('stops before it installs a service from a package of another release, and names it', () => {
    const runtime = tarArchive([{ path: 'core.mjs', content: Buffer.from('core') }]);
    writeFileSync(join(folder, 's3/assets/runtime.tar'), runtime);
    props = { ...props, runtime: { ...props.runtime, sha256: sha256(runtime) } };
    const { status, stderr } = run();
    assert.equal(status, 1);
    assert.match(stderr, /the package has no boot-tasks.sh: it is of another release than this script/);
    assert.equal(existsSync(root('etc/systemd/system/iris.service')), false);
  });

  it('leaves room in user data: names as long as AWS takes fill less than 60 % of it', () => {
    const name = `/${'x'.repeat(200)}`;
    const object = { bucket: 'x'.repeat(63), key: name, sha256: '1'.repeat(64) };
    const address = { name, awsRegion: 'ap-northeast-1' };
    const longest = { runtime: object, node: object, nodeConfig: address, tokenKeys: address, slotMap: { ...address, published: name } };
    const script = bootScript({ ...props, ...longest, engines: { busCluster: name, directory: name } });
    assert.ok(Buffer.byteLength(script) < 0.6 * USER_DATA_BYTES_MAX, `${Buffer.byteLength(script)} bytes`);
  });

  it('fails above the 16 KB that EC2 takes, with both sizes', () => {
    const name = `/${'x'.repeat(USER_DATA_BYTES_MAX)}`;
    assert.throws(() => bootScript({ ...props, nodeConfig: { name, awsRegion: 'eu-west-1' } }), {
      code: 'SYNTH_FAILED',
      message: /user data of the core is \d+ bytes, EC2 takes 16384/,
    });
  });

  it('holds no secret: no key, password or token value (A13)', () => {
    assert.deepEqual(secretsIn('a boot script', bootScript(props) + bootTasks()), []);
    assert.doesNotMatch(bootScript(props), /AKIA|PRIVATE KEY|password|secret(?!s here)/i);
  });
});

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { requireTool, type Tool } from './tool.ts';

const DEBOOTSTRAP: Tool = { command: 'debootstrap', install: 'apt-get install debootstrap', debianPackage: 'debootstrap' };
const VOLUME_BYTES = '400M';

/** In a root systemctl installs and enables units, and refuses to start them. */
const WITHOUT_NOW = `#!/bin/bash
words=()
for word; do [[ "$word" == --now ]] || words+=("$word"); done
exec /usr/bin/systemctl "\${words[@]}"
`;

export interface MachineOptions {
  readonly name: string;
  /** What the metadata service says of it, beside its address. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface RoomOptions {
  readonly awsPort: number;
  readonly machines: readonly MachineOptions[];
}

export interface CommandEnd {
  readonly status: number | null;
  readonly output: string;
}

/**
 * Machines as clean Debian roots in a mount namespace of their own, each with a network of its own: nothing that a boot script does in there reaches the machine
 * that the test runs on, and all of it goes with the room. Needs root.
 */
export class MachineRoom {
  private readonly folder = mkdtempSync(join(tmpdir(), 'iris-machines-'));
  private readonly processes: ChildProcess[] = [];
  private readonly names: readonly string[];
  /** Processes that hold the machines' networks. */
  private readonly networks = new Map<string, ChildProcess>();
  private readonly awsPort: number;
  private holder: ChildProcess | undefined;
  private bridge: Server | undefined;
  private loop: string | undefined;

  private constructor({ awsPort, machines }: RoomOptions) {
    this.awsPort = awsPort;
    this.names = machines.map(({ name }) => name);
  }

  /** @throws Error with the command that installs what is missing. */
  static async open(options: RoomOptions): Promise<MachineRoom> {
    requireTool(DEBOOTSTRAP);
    if (process.getuid?.() !== 0) throw new Error('this test makes namespaces and loop devices; run it as root: sudo npm run test:deploy');
    const base = execFileSync(resolve(__dirname, 'debian-root.sh'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
    const room = new MachineRoom(options);
    try {
      await room.build(base, options);
    } catch (error) {
      await room.close();
      throw error;
    }
    return room;
  }

  /** Path of a file of a machine, as the room sees it. */
  private root(name: string): string {
    return join(this.folder, 'machines', name, 'root');
  }

  private async build(base: string, { machines }: RoomOptions): Promise<void> {
    this.bridge = createServer((inside) => {
      const outside = createConnection(this.awsPort, '127.0.0.1');
      inside.pipe(outside).pipe(inside);
      inside.on('error', () => outside.destroy());
      outside.on('error', () => inside.destroy());
    }).listen(join(this.folder, 'aws.sock'));
    this.holder = spawn('unshare', ['--mount', 'sh', '-c', 'echo ready; exec sleep infinity'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(this.holder.stdout!, 'data');
    this.inRoom(`set -e; mkdir -p ${this.folder}/machines; mount -t tmpfs tmpfs ${this.folder}/machines`);
    for (const [index, machine] of machines.entries()) await this.buildMachine(base, machine, index);
  }

  private async buildMachine(base: string, { name, metadata }: MachineOptions, index: number): Promise<void> {
    this.buildRoot(base, name);
    const network = this.spawnIn(['unshare', '--net', 'sh', '-c', 'echo ready; exec sleep infinity']);
    await once(network.stdout!, 'data');
    const [first] = this.networks.values();
    this.networks.set(name, network);
    this.inNetwork(name, 'ip link set lo up; ip address add 169.254.169.254/32 dev lo');
    // A cable from the first machine to each other one.
    if (first !== undefined) {
      this.inNetwork(this.names[0]!, `ip link add to-${index} type veth peer name uplink netns ${network.pid}`);
      this.inNetwork(this.names[0]!, `ip address add ${addressOf(0)} peer ${addressOf(index)} dev to-${index}; ip link set to-${index} up`);
      this.inNetwork(name, `ip address add ${addressOf(index)} peer ${addressOf(0)} dev uplink; ip link set uplink up`);
    }
    const around = {
      awsPort: this.awsPort,
      awsSocket: join(this.folder, 'aws.sock'),
      metadata: { ...metadata, 'local-ipv4': addressOf(index) },
    };
    const path = join(this.folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(around));
    const server = this.outside(name, [process.execPath, resolve(__dirname, 'aws/metadata-server.ts'), path]);
    await once(server.stdout!, 'data');
  }

  /** A root over the clean one, with its own /proc whose kernel settings are files that nobody reads. */
  private buildRoot(base: string, name: string): void {
    const [home, root] = [join(this.folder, 'machines', name), this.root(name)];
    this.inRoom(`set -e
      mkdir -p ${home}/upper ${home}/work ${root}
      mount -t overlay overlay -o lowerdir=${base},upperdir=${home}/upper,workdir=${home}/work ${root}
      mount -t proc proc ${root}/proc
      (cd /proc/sys && find . -type d 2>/dev/null) | (mkdir -p ${home}/sys && cd ${home}/sys && xargs mkdir -p)
      (cd /proc/sys && find . -type f 2>/dev/null) | (cd ${home}/sys && xargs touch)
      mount --bind ${home}/sys ${root}/proc/sys
      mkdir -p ${root}/dev/disk/by-id`);
    this.write(name, '/usr/local/bin/systemctl', WITHOUT_NOW);
  }

  /** A new disk at a path of the machine, as EC2 shows an attached volume. */
  addDisk(name: string, device: string): void {
    const image = join(this.folder, 'volume.img');
    execFileSync('truncate', ['-s', VOLUME_BYTES, image]);
    this.loop = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
    this.inRoom(`set -e; cp -a ${this.loop} ${this.root(name)}${device}`);
  }

  /** Runs a script in a machine as root. Not synchronously: the way to the emulated AWS goes through this process. */
  async run(name: string, script: string): Promise<CommandEnd> {
    const child = this.start(name, 'root', ['/bin/bash', '-c', script]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream!.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, output };
  }

  /** The same without waiting, as a user of the machine. */
  start(name: string, user: string, command: readonly string[]): ChildProcess {
    return this.outside(name, this.chroot(name, user, command));
  }

  /** Runs a command of the test's own machine on the network of one of the room. */
  outside(name: string, command: readonly string[]): ChildProcess {
    return this.spawnIn(['nsenter', '--target', `${this.networks.get(name)!.pid}`, '--net', '--', ...command]);
  }

  write(name: string, path: string, text: string): void {
    const source = join(this.folder, 'file');
    writeFileSync(source, text);
    this.inRoom(`set -e; install -D -m 0755 ${source} ${this.root(name)}${path}`);
  }

  async close(): Promise<void> {
    for (const child of this.processes) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    if (this.holder !== undefined) {
      for (const name of this.names) this.inRoom(`umount -R ${this.root(name)} || true`);
      this.holder.kill('SIGKILL');
      await once(this.holder, 'exit');
    }
    if (this.loop !== undefined) execFileSync('losetup', ['--detach', this.loop]);
    this.bridge?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private inNetwork(name: string, script: string): void {
    this.inRoom(`set -e; nsenter --target ${this.networks.get(name)!.pid} --net -- /bin/sh -ec '${script}'`);
  }

  private inRoom(script: string): void {
    const { status, stderr } = spawnSync('nsenter', this.enter(['/bin/bash', '-c', script]), { encoding: 'utf8', timeout: 60_000 });
    if (status !== 0) throw new Error(`in the room: ${stderr}`);
  }

  private spawnIn(command: readonly string[]): ChildProcess {
    const child = spawn('nsenter', this.enter(command), { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = join(this.folder, `${this.processes.length}.log`);
    for (const stream of [child.stdout, child.stderr]) stream!.on('data', (chunk: Buffer) => appendFileSync(log, chunk));
    this.processes.push(child);
    return child;
  }

  private enter(command: readonly string[]): string[] {
    return ['--target', `${this.holder!.pid}`, '--mount', '--', ...command];
  }

  private chroot(name: string, user: string, command: readonly string[]): string[] {
    const env = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      AWS_ENDPOINT_URL: `http://127.0.0.1:${this.awsPort}`,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      // Told, since it cannot see it from its own process table.
      SYSTEMD_IN_CHROOT: '1',
    };
    const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    return ['chroot', `--userspec=${user}`, this.root(name), 'env', '-i', ...variables, ...command];
  }
}

function addressOf(index: number): string {
  return `10.200.0.${index + 1}`;
}

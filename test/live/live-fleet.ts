import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSlotMap, readSlotMap, type SlotRouter } from '../../runtime/contract/slot-map.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { NodeProcess, type NodeProcessOptions, until } from '../servers/node-pair.ts';
import { type FaultPath, Toxiproxy } from '../services/toxiproxy.ts';

export interface LiveFleetShape {
  /** Its name; fleets that share engines have one each. @default 'live' */
  readonly environment?: string;
  /** Edges and cores of each region; a core is a group of `shards` shards. Nodes are called `tokyo-edge-0`, `tokyo-core-0`. */
  readonly regions: Readonly<Record<string, { readonly edges: number; readonly cores: number }>>;
  /** Shards of each core. @default 4 */
  readonly shards?: number;
  /** Whether links from a node to a core go through the fault proxy. @default none does */
  isProxied?(from: string, to: string): boolean;
  /** Of the token that allows commands to every node. @default no commands */
  readonly adminTokenPath?: string;
  /** Laid over the configs; `admin` is the listener alone, as the first release knew it. */
  fields?(node: string, admin: { readonly host: string; readonly port: number }): Readonly<Record<string, unknown>>;
  /** Publishes the first slot map where `fields` says that nodes read it. @default it is in the file `slotMapPath` */
  published?(map: SlotMap): Promise<void>;
  /** How the process is started; `folder` is where the fleet keeps everything. */
  started?(node: string, folder: string): NodeProcessOptions;
}

interface Place {
  readonly node: string;
  readonly role: 'edge' | 'core';
  readonly region: string;
  readonly port: number;
  readonly adminPort: number;
}

const HOST = '127.0.0.1';

/** Edges and cores of one or more regions as processes of their own, with faults between them. */
export class LiveFleet {
  readonly folder = mkdtempSync(join(tmpdir(), 'iris-live-'));
  readonly slots: SlotRouter;
  private readonly shape: LiveFleetShape;
  private readonly places: readonly Place[];
  private readonly processes = new Map<string, NodeProcess>();
  private readonly paths = new Map<string, FaultPath>();
  private toxiproxy: Toxiproxy | undefined;

  private constructor(shape: LiveFleetShape, firstPort: number) {
    this.shape = shape;
    this.places = placesOf(shape, firstPort);
    const map = slotMapOf(shape, this.places);
    this.slots = readSlotMap(map);
    writeFileSync(this.slotMapPath, JSON.stringify(map));
    writeFileSync(this.tokenPath, randomBytes(16).toString('hex'));
  }

  /** Resolves when every edge reaches a core. */
  static async start(shape: LiveFleetShape): Promise<LiveFleet> {
    const fleet = new LiveFleet(shape, await freePortRow());
    try {
      await shape.published?.(fleet.slots.map);
      await fleet.writeConfigs();
      for (const role of ['core', 'edge'] as const)
        await Promise.all(fleet.places.filter((place) => place.role === role).map(({ node }) => fleet.startNode(node)));
    } catch (error) {
      await fleet.stop();
      throw error;
    }
    return fleet;
  }

  get slotMapPath(): string {
    return join(this.folder, 'slot-map.json');
  }

  /** The token for the admin commands of every node. */
  get tokenPath(): string {
    return join(this.folder, 'admin-token');
  }

  get edges(): string[] {
    return this.places.filter(({ role }) => role === 'edge').map(({ node }) => node);
  }

  get cores(): string[] {
    return this.places.filter(({ role }) => role === 'core').map(({ node }) => node);
  }

  /** Where clients connect. */
  address(edge: string): string {
    return `${HOST}:${this.place(edge).port}`;
  }

  process(node: string): NodeProcess {
    const process = this.processes.get(node);
    if (process === undefined) throw new Error(`${node} was never started`);
    return process;
  }

  /** The proxied path of a link. */
  path(from: string, to: string): FaultPath {
    const path = this.paths.get(`${from} ${to}`);
    if (path === undefined) throw new Error(`the link from ${from} to ${to} is not proxied`);
    return path;
  }

  /** The first `count` of `prefix-0`, `prefix-1`, … whose inboxes this core owns. */
  usersOf(core: string, count: number, prefix = 'user'): string[] {
    const users: string[] = [];
    for (let i = 0; users.length < count; i++) {
      const user = `${prefix}-${i}`;
      if (`${this.slots.homeOf(this.slots.shardOf(Buffer.from(user))).group}` === core) users.push(user);
    }
    return users;
  }

  /** Resolves when the node serves; an edge, when it reaches a core too. */
  async startNode(node: string, options: NodeProcessOptions = this.shape.started?.(node, this.folder) ?? {}): Promise<void> {
    const { role } = this.place(node);
    const process = new NodeProcess(role, join(this.folder, `${node}.json`), options);
    this.processes.set(node, process);
    await process.ready();
    if (role === 'edge') await until(async () => (await this.admin(node, '/readyz')).status === 200, `${node} is ready`, 20_000);
  }

  adminAddress(node: string): string {
    return `${HOST}:${this.place(node).adminPort}`;
  }

  async admin(node: string, path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://${HOST}:${this.place(node).adminPort}${path}`, { headers: { connection: 'close' } });
    return { status: response.status, body: await response.text() };
  }

  /** A metric’s value now. */
  async metric(node: string, name: string): Promise<number> {
    const { body } = await this.admin(node, '/metrics');
    return Number(new RegExp(`^${name}\\{[^}]*\\} (.+)$`, 'm').exec(body)?.[1]);
  }

  /** Kills what runs and removes the folder. */
  async stop(): Promise<void> {
    await Promise.all([...this.processes.values()].filter(({ isRunning }) => isRunning).map((process) => process.kill()));
    await this.toxiproxy?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private place(node: string): Place {
    const place = this.places.find((candidate) => candidate.node === node);
    if (place === undefined) throw new Error(`no node is called ${node}`);
    return place;
  }

  private async writeConfigs(): Promise<void> {
    for (const place of this.places) {
      const { adminTokenPath: tokenPath } = this.shape;
      const config = configOf(place, this.slots.map.environment);
      const admin = tokenPath === undefined ? config.admin : { ...config.admin, tokenPath };
      const listener = { host: HOST, port: place.adminPort };
      const document = { ...config, admin, addresses: await this.addressesOf(place), ...this.shape.fields?.(place.node, listener) };
      writeFileSync(join(this.folder, `${place.node}.json`), JSON.stringify(document));
    }
  }

  private async addressesOf({ node }: Place): Promise<Record<string, string>> {
    const addresses: Record<string, string> = {};
    for (const core of this.places.filter(({ role }) => role === 'core')) {
      if (core.node === node || this.shape.isProxied?.(node, core.node) !== true) continue;
      this.toxiproxy ??= await Toxiproxy.start();
      const path = await this.toxiproxy.path(`${HOST}:${core.port}`);
      this.paths.set(`${node} ${core.node}`, path);
      addresses[`${HOST}:${core.port}`] = path.listen;
    }
    return addresses;
  }
}

function placesOf({ regions }: LiveFleetShape, firstPort: number): Place[] {
  let port = firstPort;
  return Object.entries(regions).flatMap(([region, { edges, cores }]) =>
    (['edge', 'core'] as const).flatMap((role) =>
      Array.from({ length: role === 'edge' ? edges : cores }, (_, i): Place => {
        const place = { node: `${region}-${role}-${i}`, role, region, port, adminPort: port + 1 };
        port += 2;
        return place;
      }),
    ),
  );
}

/** A group is called like its core. */
function slotMapOf({ environment = 'live', regions, shards = 4 }: LiveFleetShape, places: readonly Place[]) {
  const cores = places.filter(({ role }) => role === 'core');
  const groups = cores.map(({ node, region, port }, i) => ({
    region,
    group: { id: node, firstShard: i * shards, shardCount: shards, address: `${HOST}:${port}` },
  }));
  return createSlotMap({
    environment,
    version: 1,
    shards: cores.length * shards,
    regions: Object.keys(regions).map((code) => ({
      code,
      awsRegion: 'ap-northeast-1',
      groups: groups.filter(({ region }) => region === code).map(({ group }) => group),
    })),
  });
}

function configOf({ node, role, region, port, adminPort }: Place, environment: string) {
  const shared = {
    format: 'iris-node/1',
    environment,
    region,
    local: true,
    slotMapPath: 'slot-map.json',
    role,
    node,
    admin: { host: HOST, port: adminPort, tokenPath: 'admin-token' },
    drainTimeoutMs: 1_000,
  };
  const listen = { host: HOST, port };
  return role === 'edge'
    ? { ...shared, client: listen, authentication: { kind: 'none' } }
    : { ...shared, group: node, link: listen, store: { kind: 'embedded', directory: `${node}-store` } };
}

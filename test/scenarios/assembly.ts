import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import { PINNED_NODE } from '../../infra/package/pinned-node.ts';
import type { NodeConfigDocument } from '../../runtime/contract/node-config.ts';

const iris = resolve(import.meta.dirname, '../../bin/iris.js');

interface Manifest {
  readonly nodeConfigs: readonly {
    readonly region: string;
    readonly role: 'edge' | 'core';
    readonly path: string;
    readonly sha256: string;
  }[];
  readonly slotMap: { readonly path: string; readonly sha256: string };
}

export interface NodePlace {
  readonly role: 'edge' | 'core';
  readonly region: string;
  readonly name: string;
  /** Needed by a core. */
  readonly group?: string;
}

/** A folder that `iris synth` wrote, and nodes started from nothing but its documents. */
export class AssemblyOnDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'iris-assembly-node-'));
  readonly manifest: Manifest;
  private readonly directory: string;
  private readonly nodes: { child: ChildProcess; name: string; said: string[] }[] = [];

  /** Runs the command as a user does, with a cache that has the pinned Node already: no registry is asked. */
  constructor(environment: string) {
    this.directory = join(this.folder, 'assembly');
    const cache = join(this.folder, 'cache');
    mkdirSync(cache);
    writeFileSync(join(cache, `node-${PINNED_NODE.version}-${PINNED_NODE.sha256.slice(0, 16)}.gz`), gzipSync('node'));
    const args = [iris, 'synth', environment, '--out', this.directory, '--no-validation'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, IRIS_CACHE: cache } });
    if (status !== 0) throw new Error(`iris synth ended with ${status}: ${stderr}`);
    this.manifest = JSON.parse(readFileSync(join(this.directory, 'iris-manifest.json'), 'utf8')) as Manifest;
  }

  get slotMapPath(): string {
    return join(this.directory, this.manifest.slotMap.path);
  }

  /** The region's document for that role, as a node would download it. */
  config(role: 'edge' | 'core', region: string): { path: string; document: NodeConfigDocument } {
    const entry = this.manifest.nodeConfigs.find((candidate) => candidate.role === role && candidate.region === region);
    if (entry === undefined) throw new Error(`the manifest has no ${role} config of ${region}`);
    const path = join(this.directory, entry.path);
    return { path, document: JSON.parse(readFileSync(path, 'utf8')) as NodeConfigDocument };
  }

  sha256(path: string): string {
    return createHash('sha256')
      .update(readFileSync(join(this.directory, path)))
      .digest('hex');
  }

  /** `iris node <config of the assembly> --overlay <what differs on this machine>`; resolves with the addresses of its ready line. */
  async startNode({ role, region, name, group }: NodePlace, overlay: object): Promise<Record<string, string>> {
    const overlayPath = join(this.folder, `${name}.overlay.json`);
    const machine = { slotMapPath: this.slotMapPath, slotMap: null, admin: { host: '127.0.0.1', port: 0 }, drainTimeoutMs: 500 };
    writeFileSync(overlayPath, JSON.stringify({ ...machine, ...overlay }));
    const env = { ...process.env, IRIS_NODE: name, ...(group === undefined ? {} : { IRIS_GROUP: group }) };
    const args = [iris, 'node', this.config(role, region).path, '--overlay', overlayPath];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const said: string[] = [];
    this.nodes.push({ child, name, said });
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const lines = createInterface({ input: child.stdout });
    const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown];
    if (typeof line !== 'string') throw new Error(`${name} ended before it was ready: ${said.join('')}`);
    return (JSON.parse(line) as { listen: Record<string, string> }).listen;
  }

  /** SIGTERM to every node, edges first; resolves with the exit code of each. */
  async stop(): Promise<Record<string, number | null>> {
    const codes: Record<string, number | null> = {};
    for (const { child, name } of this.nodes.toReversed()) {
      const exited = once(child, 'exit');
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await exited;
      }
      codes[name] = child.exitCode;
    }
    rmSync(this.folder, { recursive: true, force: true });
    return codes;
  }
}

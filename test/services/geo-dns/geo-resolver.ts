import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from '../../servers/node-pair.ts';
import { freePort } from '../free-port.ts';
import { PYTHON, requireTool, type Tool } from '../tool.ts';

const INSTALL = 'apt-get install --no-install-recommends pdns-server pdns-backend-geoip knot-dnsutils';
const PACKAGES = 'pdns-server pdns-backend-geoip knot-dnsutils';
const POWERDNS: Tool = { command: 'pdns_server', install: INSTALL, debianPackage: PACKAGES };
const KDIG: Tool = { command: 'kdig', install: INSTALL, debianPackage: PACKAGES };

/** A network and where its clients are. */
export type Place = readonly [network: string, continent: string, country: string];

/** A real authoritative name server on loopback that answers by where the client’s network is (EDNS client subnet). */
export class GeoResolver {
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly port: number;

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.child = child;
    this.folder = folder;
    this.port = port;
  }

  static async start(zone: string, places: readonly Place[], domain: string): Promise<GeoResolver> {
    for (const tool of [PYTHON, POWERDNS, KDIG]) requireTool(tool);
    const folder = mkdtempSync(join(tmpdir(), 'iris-geo-dns-'));
    const database = join(folder, 'geo.mmdb');
    execFileSync(resolve(__dirname, 'geo-database.sh'), [database, JSON.stringify(places)], { stdio: ['ignore', 'ignore', 'inherit'] });
    writeFileSync(join(folder, 'zones.yml'), zone);
    const port = await freePort();
    const settings = {
      launch: 'geoip',
      'local-address': '127.0.0.1',
      'local-port': port,
      'geoip-database-files': `mmdb:${database}`,
      'geoip-zones-file': join(folder, 'zones.yml'),
      'edns-subnet-processing': 'yes',
      'socket-dir': folder,
      daemon: 'no',
      guardian: 'no',
      'cache-ttl': 0,
      'query-cache-ttl': 0,
    };
    const log = openSync(join(folder, 'log'), 'w');
    const args = ['--no-config', ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)];
    const child = spawn('pdns_server', args, { stdio: ['ignore', log, log] });
    closeSync(log);
    const resolver = new GeoResolver(child, folder, port);
    await until(async () => resolver.answers(domain), 'the resolver answers', 20_000);
    return resolver;
  }

  /** Addresses of a name for a client of that network, without one for a client whose place nobody knows. */
  ask(name: string, network?: string): string[] {
    const subnet = network === undefined ? [] : [`+subnet=${network}`];
    const args = ['@127.0.0.1', '-p', String(this.port), '+short', '+timeout=2', ...subnet, name, 'A'];
    return execFileSync('kdig', args, { encoding: 'utf8' })
      .trim()
      .split('\n')
      .filter((line) => line !== '');
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private answers(domain: string): boolean {
    if (this.child.exitCode !== null) throw new Error(`the resolver ended: ${readFileSync(join(this.folder, 'log'), 'utf8')}`);
    const args = ['@127.0.0.1', '-p', String(this.port), '+short', '+timeout=1', '+retry=0', domain, 'SOA'];
    try {
      return execFileSync('kdig', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).includes('hostmaster');
    } catch {
      // It does not listen yet.
      return false;
    }
  }
}

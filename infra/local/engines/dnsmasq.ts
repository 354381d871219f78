import { promises as dns } from 'node:dns';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { systemCode } from '../../../runtime/contract/system-error.ts';
import { enginePorts } from './engine-ports.ts';
import { EngineProcess, requireCommand } from './engine-process.ts';

const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 30_000;
const ASK_TIMEOUT_MS = 500;

/** One target of a service. */
export interface ServiceRecord {
  /** `_iris-admin._tcp.core.test` */
  readonly service: string;
  readonly host: string;
  readonly port: number;
  /** @default 0 */
  readonly priority?: number;
  /** @default 0 */
  readonly weight?: number;
}

/** A name server on this machine, for names that end in `.test`. */
export class DnsmasqServer {
  private readonly process: EngineProcess;
  private readonly directory: string;
  private readonly port: number;

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
    this.process = new EngineProcess('dnsmasq', directory, { command: 'dnsmasq', args: ['-k', '-C', join(directory, 'dnsmasq.conf')] });
  }

  /** @throws IrisError ENGINE_UNAVAILABLE when dnsmasq is missing, with the command that installs it, or does not come up. */
  static async start(directory: string, records: readonly ServiceRecord[] = []): Promise<DnsmasqServer> {
    requireCommand('dnsmasq', 'apt-get install dnsmasq-base');
    mkdirSync(directory, { recursive: true });
    const { dns: port } = await enginePorts(directory, ['dns']);
    const server = new DnsmasqServer(directory, port);
    await server.serve(records);
    return server;
  }

  /** host:port, as `Resolver.setServers` takes it. */
  get address(): string {
    return `${HOST}:${this.port}`;
  }

  /** Has these records and no others from now on; it starts anew for them, which takes 30 ms. */
  async serve(records: readonly ServiceRecord[]): Promise<void> {
    const lines = [
      `port=${this.port}`,
      `listen-address=${HOST}`,
      'bind-interfaces',
      'no-resolv',
      'no-hosts',
      'local=/test/',
      'local-ttl=0',
      'cache-size=0',
      'log-facility=-',
      'pid-file=',
      `user=${userInfo().username}`,
      ...records.map(({ service, host, port, priority = 0, weight = 0 }) => `srv-host=${service},${host},${port},${priority},${weight}`),
    ];
    await this.process.stop();
    writeFileSync(join(this.directory, 'dnsmasq.conf'), `${lines.join('\n')}\n`);
    await this.process.start(() => this.answers(), READY_TIMEOUT_MS);
  }

  async kill(): Promise<void> {
    await this.process.kill();
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }

  private async answers(): Promise<boolean> {
    const resolver = new dns.Resolver({ timeout: ASK_TIMEOUT_MS, tries: 1 });
    resolver.setServers([this.address]);
    try {
      await resolver.resolve4('ready.test');
      return true;
    } catch (error) {
      return ['ENOTFOUND', 'ENODATA'].includes(systemCode(error) ?? '');
    }
  }
}

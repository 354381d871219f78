import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { enginePorts } from './engine-ports.ts';
import { EngineProcess, requireCommand } from './engine-process.ts';

const HOST = '127.0.0.1';
/** Milliseconds until one server answers; it takes 1 s on a free machine. */
const READY_TIMEOUT_MS = 60_000;
const ASK_TIMEOUT_MS = 2_000;

/** One etcd on this machine. */
export class EtcdServer {
  private readonly process: EngineProcess;
  /** host:port for clients. */
  readonly address: string;

  private constructor(process: EngineProcess, port: number) {
    this.process = process;
    this.address = `${HOST}:${port}`;
  }

  /**
   * Resolves when it answers; the same folder again is the same data at the same port.
   * @throws IrisError ENGINE_UNAVAILABLE when etcd is missing, with the command that installs it, or does not come up.
   */
  static async start(directory: string): Promise<EtcdServer> {
    requireCommand('etcd', 'apt-get install etcd-server');
    mkdirSync(directory, { recursive: true });
    const { client, peer } = await enginePorts(directory, ['client', 'peer']);
    const [clients, peers] = [`http://${HOST}:${client}`, `http://${HOST}:${peer}`];
    const settings = {
      name: 'iris',
      'data-dir': join(directory, 'data'),
      'log-level': 'warn',
      'listen-client-urls': clients,
      'advertise-client-urls': clients,
      'listen-peer-urls': peers,
      'initial-advertise-peer-urls': peers,
      'initial-cluster': `iris=${peers}`,
    };
    const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    const server = new EtcdServer(new EngineProcess('etcd', directory, { command: 'etcd', args }), client);
    await server.restart();
    return server;
  }

  /** After `kill` or `stop`. */
  async restart(): Promise<void> {
    await this.process.start(() => this.isHealthy(), READY_TIMEOUT_MS);
  }

  async kill(): Promise<void> {
    await this.process.kill();
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.process.signal(signal);
  }

  private async isHealthy(): Promise<boolean> {
    try {
      const response = await fetch(`http://${this.address}/health`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
      return ((await response.json()) as { health?: string }).health === 'true';
    } catch {
      // Not yet; who starts it has the deadline.
      return false;
    }
  }
}

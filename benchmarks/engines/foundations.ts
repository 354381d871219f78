import type { FleetEngine } from '../../infra/local/local-engines.ts';
import type { BenchmarkIo } from '../benchmark.ts';
import type { Figure } from '../report.ts';
import type { Stretch } from '../traffic.ts';
import { EMBEDDED_STORE, type FleetStore } from './fleet-store.ts';
import type { StoreEngines } from './store-engines.ts';

/** What a scenario is measured on, side by side in one run: embedded, and with `--engine distributed` a real Kafka and Cassandra too. */
export class Foundations {
  readonly engines: readonly FleetEngine[];
  private readonly started: StoreEngines | undefined;

  private constructor(started: StoreEngines | undefined) {
    this.started = started;
    this.engines = started === undefined ? ['embedded'] : ['embedded', 'distributed'];
  }

  static async open(io: BenchmarkIo): Promise<Foundations> {
    if (io.engine === 'embedded') return new Foundations(undefined);
    // Who measures embedded only loads no driver.
    const { StoreEngines: Engines } = await import('./store-engines.ts');
    return new Foundations(await Engines.start(io));
  }

  /** For one fleet, which has to have ended when the next one asks: then nothing is left of it. */
  async storeFor(engine: FleetEngine): Promise<FleetStore> {
    await this.started?.clear();
    return engine === 'distributed' && this.started !== undefined ? this.started.storeFor() : EMBEDDED_STORE;
  }

  /** What a reader must know of figures of both; nothing to say of embedded ones alone. */
  get remarks(): string[] {
    if (this.started === undefined) return [];
    return [
      'distributed: one Kafka broker and one Cassandra node, started once; each fleet has a topic and a keyspace of its own, dropped after it',
      'an embedded acknowledgement waits for an fsync of the core’s log (D2); a distributed one for the broker (acks=all of its one copy) and a lease that still holds',
      'that broker answers before its disk has the batch, so the class is D1; on three brokers, as deployed, it is D2q',
      'a distributed figure is of Iris’s own processes too; the engines’ CPU is a line of its own, idle burn included, on both CPUs beside servers and generator',
    ];
  }

  async close(): Promise<void> {
    await this.started?.stop();
  }
}

/** What the engines’ figure is taken from: stretches of traffic with the messages that they count for. */
export interface EngineShare {
  readonly stretch: Stretch;
  readonly messages: number;
}

/** CPU of the engines beside that of Iris; nothing for an embedded store, which has none. */
export function engineFigures(what: string, shares: readonly EngineShare[]): Figure[] {
  const names = [...new Set(shares.flatMap(({ stretch }) => Object.keys(stretch.engineSeconds)))];
  if (names.length === 0) return [];
  const microseconds = (share: EngineShare, name: string) => ((share.stretch.engineSeconds[name] ?? 0) / Math.max(1, share.messages)) * 1e6;
  const last = shares.at(-1)!;
  return [
    {
      what,
      unit: 'µs CPU/message',
      values: shares.map((share) => names.reduce((sum, name) => sum + microseconds(share, name), 0)),
      details: Object.fromEntries(names.map((name) => [name, Number(microseconds(last, name).toFixed(2))])),
      voidReasons: [...new Set(shares.flatMap(({ stretch }) => stretch.voidReasons))],
    },
  ];
}

import type { FleetEngine } from '../../infra/local/local-engines.ts';

/** What the core of one fleet keeps what it has acknowledged on. */
export interface FleetStore {
  readonly engine: FleetEngine;
  /** What the fleet’s environment is called; topic and keyspace are called by it. */
  readonly environment: string;
  /** `store` of the core’s config. */
  readonly config: object;
  /** User and system seconds of the engines so far, by name; nothing where there are none. */
  engineSeconds(): EngineSeconds;
}

export type EngineSeconds = Readonly<Record<string, number>>;

/** A folder of the core’s own, on the disk of the fleet. */
export const EMBEDDED_STORE: FleetStore = {
  engine: 'embedded',
  environment: 'benchmark',
  config: { kind: 'embedded', directory: 'store' },
  engineSeconds: () => ({}),
};

import type { CqlSettings } from '../contract/cql-settings.ts';
import type { Clock } from '../ports/clock.ts';
import { CqlSession } from './cql-session.ts';

export interface CqlCluster {
  readonly dataCentres: readonly { readonly name: string; readonly nodes: number }[];
  readonly isScylla: boolean;
}

const SCYLLA = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'system_schema' AND table_name = 'scylla_tables'";

/**
 * What a cluster is, for who does not know it yet.
 * @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID
 */
export async function clusterAt(settings: Omit<CqlSettings, 'dataCentre'>, clock: Clock): Promise<CqlCluster> {
  const session = await CqlSession.connect({ settings: { ...settings, dataCentre: '' }, clock });
  try {
    return { dataCentres: session.dataCentres, isScylla: await isScylla(session) };
  } finally {
    await session.close();
  }
}

export async function isScylla(session: CqlSession): Promise<boolean> {
  return (await session.readOne(SCYLLA, [])) !== undefined;
}

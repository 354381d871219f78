import type { Plan } from '../../plan/plan.ts';
import type { Layer } from './cost-line.ts';

/** A figure of the seeds beside ours. */
export interface CostTarget {
  /** Requirement row. */
  readonly row: string;
  readonly says: string;
  readonly target: number;
  readonly actual: number;
}

/** Dollars of S3 §9 a month, for a billion users of whom ten million are connected. */
const K5 = { dollars: 590_000, connections: 10_000_000 };
/** Dollars of S2 §10 per connection and month, and per user and month with cores included. */
const K6 = { perConnection: 0.0001, perUser: 0.00063 };
/** Dollars of S4 a month: middle of 3 to 4 million, for 500 million connections. */
const K7 = { dollars: 3_500_000, connections: 500_000_000 };

/** The seeds’ figures, scaled to this environment’s size; they contradict each other (C2), so all are named. */
export function targetsOf({ totals }: Plan, { layers, total }: { layers: Readonly<Record<Layer, number>>; total: number }): CostTarget[] {
  const { concurrentConnections: connections, dailyActiveUsers: users } = totals;
  return [
    {
      row: 'K6',
      says: '$0.0001 a connection, which only the edges can be meant by',
      target: connections * K6.perConnection,
      actual: layers.edge,
    },
    { row: 'K6', says: '$0.00063 a daily user, edges and cores', target: users * K6.perUser, actual: layers.edge + layers.core },
    { row: 'K7', says: '$3 to 4 M for 500 M connections, everything', target: (connections / K7.connections) * K7.dollars, actual: total },
    { row: 'K5', says: '$590,000 for 10 M connections, everything', target: (connections / K5.connections) * K5.dollars, actual: total },
  ];
}

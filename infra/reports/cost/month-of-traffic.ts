import { PING_INTERVAL_MS } from '../../../runtime/contract/limits.ts';
import { DELIVERY_OVERHEAD_BYTES, ENVELOPE_BYTES, HEARTBEAT_BYTES, SENDING_OVERHEAD_BYTES } from '../../facts/measured-needs.ts';
import { DAYS_PER_MONTH, HOURS_PER_MONTH } from '../../facts/prices.ts';
import type { Plan, RegionPlan } from '../../plan/plan.ts';

/** What a region’s users move in a month; gigabytes of 10^9 bytes. */
export interface MonthOfTraffic {
  readonly messages: number;
  /** Open on average: connections follow the messages, so the peak over `traffic.peakToAverage`. */
  readonly connections: number;
  /** To clients: each message by itself to one reader, with its receipt and headers. */
  readonly delivered: number;
  readonly heartbeats: number;
  /** From clients, heartbeats included. */
  readonly received: number;
  /** Envelopes as links, bus and store carry them, one copy. */
  readonly envelopes: number;
}

const MILLISECONDS_PER_MONTH = HOURS_PER_MONTH * 3_600_000;

export function monthOfTraffic({ config: { traffic } }: Plan, region: RegionPlan): MonthOfTraffic {
  const messages = region.dailyActiveUsers * traffic.messagesPerUserPerDay * DAYS_PER_MONTH;
  const connections = region.connections / traffic.peakToAverage;
  const heartbeats = (connections * (MILLISECONDS_PER_MONTH / PING_INTERVAL_MS) * HEARTBEAT_BYTES) / 1e9;
  const gigabytes = (overhead: number) => (messages * (traffic.messageBytes + overhead)) / 1e9;
  return {
    messages,
    connections,
    delivered: gigabytes(DELIVERY_OVERHEAD_BYTES),
    heartbeats,
    received: gigabytes(SENDING_OVERHEAD_BYTES) + heartbeats,
    envelopes: gigabytes(ENVELOPE_BYTES),
  };
}

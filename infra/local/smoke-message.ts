import { readFileSync } from 'node:fs';
import { IrisClient } from '../../runtime/client/iris-client.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { readSlotMap, type SlotRouter } from '../../runtime/contract/slot-map.ts';
import type { FleetLayout, FleetNode } from './fleet-layout.ts';

/** Milliseconds the message may take: links between fresh nodes come up within one. */
const SMOKE_TIMEOUT_MS = 30_000;
/** Names tried to find a user of a region; at 1,000 regions one in 1,000 fits. */
const NAMES_MAX = 100_000;

export interface SmokeReport {
  readonly sender: string;
  readonly recipient: string;
  readonly fromRegion: string;
  readonly toRegion: string;
  readonly text: string;
  readonly durability: string;
  /** From the call of send to its acknowledgement. */
  readonly acknowledgedMs: number;
  /** From the call of send until the recipient has the message in hand. */
  readonly deliveredMs: number;
}

/**
 * Sends one message from the first region's first edge to a user who is homed in the last region and connected there: transport, codec,
 * session, routing, store, bridge and push in one go.
 * @throws IrisError TIMED_OUT when it does not arrive, or what the client threw.
 */
export async function smokeMessage(layout: FleetLayout, signal: AbortSignal): Promise<SmokeReport> {
  const edges = layout.nodes.filter(({ role }) => role === 'edge');
  const from = edges[0];
  const to = edges.findLast(({ region }) => region === edges.at(-1)?.region);
  if (from === undefined || to === undefined) throw new IrisError('NODE_FAILED', `the fleet of ${layout.environment} has no edge`);
  const router = readSlotMap(layout.slotMap);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(SMOKE_TIMEOUT_MS)]);
  const tls = layout.tls === null ? false : { authorities: readFileSync(layout.tls.authorityPath, 'utf8') };
  const connect = async (edge: FleetNode, user: string): Promise<Party> => ({
    client: await IrisClient.connect({ addresses: [`127.0.0.1:${edge.port}`], user, tls }),
    user,
  });
  const recipient = await connect(to, userOf(to.region, router));
  try {
    const sender = await connect(from, userOf(from.region, router, recipient.user));
    try {
      return await exchange({ ...sender, region: from.region }, { ...recipient, region: to.region }, deadline);
    } finally {
      await sender.client.close();
    }
  } finally {
    await recipient.client.close();
  }
}

interface Party {
  readonly client: IrisClient;
  readonly user: string;
}

async function exchange(
  sender: Party & { region: string },
  recipient: Party & { region: string },
  signal: AbortSignal,
): Promise<SmokeReport> {
  const text = `hello from ${sender.region} to ${recipient.region}`;
  const startedAtMs = performance.now();
  const arrival = receive(recipient.client, sender.user, text);
  const { durability } = await sender.client.send(recipient.user, text);
  const acknowledgedMs = performance.now() - startedAtMs;
  await Promise.race([arrival, timeout(signal, `'${text}' was acknowledged but did not arrive within ${SMOKE_TIMEOUT_MS} ms`)]);
  const deliveredMs = performance.now() - startedAtMs;
  return {
    sender: sender.user,
    recipient: recipient.user,
    fromRegion: sender.region,
    toRegion: recipient.region,
    text,
    durability,
    acknowledgedMs,
    deliveredMs,
  };
}

/** Acknowledges whatever waited in the inbox before: an earlier run may have been stopped in the middle. */
async function receive(client: IrisClient, sender: string, text: string): Promise<void> {
  for await (const message of client.messages()) {
    client.ack(message);
    if (message.sender === sender && message.text() === text) return;
  }
}

function timeout(signal: AbortSignal, message: string): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new IrisError('TIMED_OUT', message)), { once: true });
  });
}

/** The first of `tokyo-1`, `tokyo-2`, … whose home is that region and who is not the other party. */
function userOf(region: string, router: SlotRouter, taken?: string): string {
  for (let number = 1; number <= NAMES_MAX; number++) {
    const user = `${region}-${number}`;
    if (user !== taken && router.homeOf(router.shardOf(Buffer.from(user))).region === region) return user;
  }
  throw new IrisError(
    'CONFIG_INVALID',
    `none of ${NAMES_MAX} names is homed in ${region}; its share of the slots is too small for a smoke message`,
  );
}

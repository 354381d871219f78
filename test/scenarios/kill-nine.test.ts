/** L1, L2, L3, F1, F2, B7: the seeded scenario on a real local fleet, through the released client. */
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { IrisClient } from '../../runtime/client/index.ts';
import { slotOf } from '../../runtime/contract/phash2.ts';
import { evenSlotTable } from '../../runtime/contract/slot-table.ts';
import { History } from '../../runtime/simulation/history.ts';
import { verdictLine } from '../../runtime/simulation/history-checker.ts';
import { LocalFleet } from './local-fleet.ts';

/** Another seed gives other users, victims and moments: IRIS_SEED=7 npx jest test/scenarios/kill-nine */
const SEED = Number(process.env['IRIS_SEED'] ?? 20_260_101);
const MESSAGES = 10_000;
const KILLS = 10;
const REGIONS = ['tokyo', 'sao-paulo', 'bangalore'];

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` users per region, by home. */
function usersByHome(count: number): string[][] {
  const table = evenSlotTable(REGIONS.length);
  const homes = REGIONS.map(() => [] as string[]);
  for (let i = 0; homes.some((users) => users.length < count); i++) {
    const user = `user-${i}`;
    const home = homes[table[slotOf(Buffer.from(user))] as number] as string[];
    if (home.length < count) home.push(user);
  }
  return homes;
}

let fleet: LocalFleet;
const clients: IrisClient[] = [];

beforeAll(async () => {
  fleet = await LocalFleet.start('proof', 21_100);
}, 60_000);

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await fleet.stop();
}, 60_000);

async function connect(user: string, region: string): Promise<IrisClient> {
  const own = fleet.edgesOf(region);
  const others = REGIONS.filter((other) => other !== region).flatMap((other) => fleet.edgesOf(other));
  const client = await IrisClient.connect({ addresses: [...own, ...others], user, connectTimeoutMs: 30_000, sendTimeoutMs: 60_000 });
  clients.push(client);
  return client;
}

function read(client: IrisClient, user: string, history: History): void {
  const reading = async () => {
    for await (const message of client.messages()) {
      history.receive(user, message.text());
      client.ack(message);
    }
  };
  reading().catch((error: unknown) => writeSync(2, `reader of ${user} ended: ${String(error)}\n`));
}

it(`reads each of ${MESSAGES} acknowledged messages once and in order through ${KILLS} kill -9 of edges and cores`, async () => {
  const random = seeded(SEED);
  const history = new History({ nowMs: Date.now });
  const homes = usersByHome(10);
  const users = homes.flatMap((list, region) => list.map((user) => ({ user, region: REGIONS[region] as string })));
  const online = users.filter((_, i) => i % 2 === 0);
  const offline = users.filter((_, i) => i % 2 === 1);
  const senders = await Promise.all(homes.map((_, i) => connect(`sender-${i}`, REGIONS[i] as string)));
  for (const { user, region } of online) read(await connect(user, region), user, history);

  const counts = new Map<string, number>();
  const sends: Promise<void>[] = [];
  const killed: string[] = [];
  for (let i = 0; i < MESSAGES; i++) {
    const from = Math.floor(random() * senders.length);
    const { user } = users[Math.floor(random() * users.length)] as { user: string };
    const key = `sender-${from}/${user}`;
    const number = counts.get(key) ?? 0;
    counts.set(key, number + 1);
    const body = `${key}/${number}`;
    history.send(body);
    sends.push((senders[from] as IrisClient).send(user, body).then((receipt) => history.acknowledge(body, receipt.durability)));
    if (i % 50 === 49) await pause(20);
    // A node that is just being restarted cannot be killed; then another one is, a little later.
    if (killed.length < KILLS && i >= 500 + killed.length * (MESSAGES / KILLS)) {
      const victim = fleet.nodes[Math.floor(random() * fleet.nodes.length)]?.id as string;
      if (fleet.killNode(victim)) killed.push(victim);
    }
  }
  await Promise.all(sends);
  for (const { user, region } of offline) read(await connect(user, region), user, history);
  for (let waited = 0; waited < 30_000 && history.receivedCount < history.acknowledgedCount; waited += 50) await pause(50);
  await pause(500);

  const verdict = history.verdict();
  writeSync(2, `seed ${SEED}: killed ${killed.join(', ')}; ${verdictLine(verdict)}\n`);
  expect(killed).toHaveLength(KILLS);
  expect(verdict.broken).toEqual([]);
  expect(verdict).toMatchObject({ sent: MESSAGES, acknowledged: MESSAGES, received: MESSAGES });
}, 180_000);

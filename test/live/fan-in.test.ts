/**
 * O8, W9, L1-L3: 100 senders on 5 edges write frames of 500 to one user of one core for 30 s, while that user comes and goes; then
 * the inbox drains. Counted by distinct payload, in the order of each sender.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { IrisClient } from '../../runtime/client/index.ts';
import { until } from '../servers/node-pair.ts';
import { RawSocket } from '../servers/raw-socket.ts';
import { ack, batch, login, V1Client } from '../servers/v1-client.ts';
import { LiveFleet } from './live-fleet.ts';
import { report, SEED, seeded } from './traffic.ts';

const EDGES = 5;
const SENDERS = 100;
const FRAME = 500;
const SECONDS = 30;
const BODY_BYTES = 64;
let fleet: LiveFleet;

beforeEach(async () => {
  fleet = await LiveFleet.start({ regions: { tokyo: { edges: EDGES, cores: 1 } } });
}, 60_000);
afterEach(() => fleet?.stop());

const edgeOf = (sender: number) => fleet.address(`tokyo-edge-${sender % EDGES}`);

/** `sender number`, padded: distinct for every message. */
function bodies(sender: number, first: number): string[] {
  return Array.from({ length: FRAME }, (_, i) => `${sender} ${first + i}`.padEnd(BODY_BYTES, '.'));
}

/** What the receiver has of each sender. Anything but the next number is a repetition or a broken law. */
class Ledger {
  readonly next = Array.from({ length: SENDERS }, () => 0);
  received = 0;
  repeated = 0;
  broken: string[] = [];

  take(body: string): void {
    const [sender, number] = body.split(' ', 2).map(Number.parseFloat) as [number, number];
    const next = this.next[sender] as number;
    if (number === next) {
      this.next[sender] = next + 1;
      this.received++;
    } else if (number < next) this.repeated++;
    else if (this.broken.length < 10) this.broken.push(`sender ${sender}: ${number} instead of ${next}`);
  }
}

function cpuMs(): number {
  return [...fleet.edges, ...fleet.cores].reduce((sum, node) => sum + fleet.process(node).cpuMs, 0);
}

function tell(row: string, ledger: Ledger, sent: number, figures: { receivedInTime: number; cpu: number; drainMs: number }): void {
  report(
    `${row}: seed ${SEED}, ${sent} sent, ${figures.receivedInTime} received in ${SECONDS} s, ${ledger.received} after a drain of ${(figures.drainMs / 1_000).toFixed(1)} s, ${ledger.repeated} shown again; ${sent - ledger.received} lost of ${sent}, loss bound 3/N = ${(3 / sent).toExponential(1)}; ${((figures.cpu * 1_000) / sent).toFixed(2)} µs CPU of all servers per message`,
  );
}

it('v2: received = sent, once and in order, while the receiver closes and breaks off in turn (O8)', async () => {
  const random = seeded();
  const senders = await Promise.all(
    Array.from({ length: SENDERS }, (_, i) => IrisClient.connect({ addresses: [edgeOf(i)], user: `sender-${i}`, sendTimeoutMs: 60_000 })),
  );
  const before = cpuMs();
  const endMs = performance.now() + SECONDS * 1_000;
  const sent = Array.from({ length: SENDERS }, () => 0);
  // Four frames a second each: 200,000 messages a second at most, one answer at a time.
  const sendAll = Promise.all(
    senders.map(async (client, i) => {
      while (performance.now() < endMs) {
        const paced = pause(250);
        await client.sendBatch('celebrity', bodies(i, sent[i] as number));
        (sent[i] as number) += FRAME;
        await paced;
      }
    }),
  );
  const ledger = new Ledger();
  const stay = async (untilDone: () => boolean, abrupt: boolean): Promise<void> => {
    const abort = new AbortController();
    const address = fleet.address(`tokyo-edge-${Math.floor(random() * EDGES)}`);
    const client = await IrisClient.connect({ addresses: [address], user: 'celebrity', signal: abort.signal });
    const reading = (async () => {
      for await (const message of client.messages()) {
        ledger.take(message.text());
        client.ack(message);
      }
    })();
    const ended = reading.catch((error: unknown) => {
      if (!abort.signal.aborted) throw error;
    });
    await until(untilDone, 'the stay is over', 120_000);
    if (abrupt) abort.abort();
    else await client.close();
    await ended;
  };
  for (let turn = 0; performance.now() < endMs; turn++) {
    const leaveMs = Math.min(endMs, performance.now() + 2_000 + random() * 3_000);
    await stay(() => performance.now() >= leaveMs, turn % 2 === 1);
    await pause(Math.max(0, Math.min(endMs - performance.now(), 1_000 + random() * 2_000)));
  }
  const receivedInTime = ledger.received;
  await sendAll;
  const total = sent.reduce((sum, count) => sum + count, 0);
  const drainFromMs = performance.now();
  await stay(() => ledger.received >= total || ledger.broken.length > 0, false);
  tell('O8', ledger, total, { receivedInTime, cpu: cpuMs() - before, drainMs: performance.now() - drainFromMs });
  await Promise.all(senders.map((client) => client.close()));
  expect(ledger.broken).toEqual([]);
  expect(ledger.next).toEqual(sent);
}, 240_000);

it('v1: received = sent by distinct payload, shown again with the same ids only (W9)', async () => {
  const random = seeded();
  const senders = await Promise.all(Array.from({ length: SENDERS }, (_, i) => V1Client.logIn(edgeOf(i), `old-${i}`)));
  const before = cpuMs();
  const endMs = performance.now() + SECONDS * 1_000;
  const sent = Array.from({ length: SENDERS }, () => 0);
  const sendAll = Promise.all(
    senders.map(async (client, i) => {
      while (performance.now() < endMs) {
        const paced = pause(2_000);
        await client.raw.writeAll(batch('veteran', bodies(i, sent[i] as number)));
        (sent[i] as number) += FRAME;
        await paced;
      }
    }),
  );
  const ledger = new Ledger();
  const ids = new Map<string, string>();
  for (let turn = 0; performance.now() < endMs; turn++) {
    const leaveMs = Math.min(endMs, performance.now() + 2_000 + random() * 3_000);
    await readV1({ address: edgeOf(turn), ledger, ids, isDone: () => performance.now() >= leaveMs });
    await pause(Math.max(0, Math.min(endMs - performance.now(), 1_000 + random() * 1_000)));
  }
  const receivedInTime = ledger.received;
  await sendAll;
  const total = sent.reduce((sum, count) => sum + count, 0);
  const drainFromMs = performance.now();
  await readV1({ address: edgeOf(0), ledger, ids, isDone: () => ledger.received >= total || ledger.broken.length > 0 });
  tell('W9', ledger, total, { receivedInTime, cpu: cpuMs() - before, drainMs: performance.now() - drainFromMs });
  const refused = senders.reduce((sum, { raw }) => sum + raw.received.length, 0);
  for (const client of senders) client.end();
  expect(refused).toBe(0);
  expect(ledger.broken).toEqual([]);
  expect(ledger.next).toEqual(sent);
}, 240_000);

/** Logs in, acknowledges every message, and leaves without a word once it is done. A repetition must carry the id it had. */
async function readV1(stay: { address: string; ledger: Ledger; ids: Map<string, string>; isDone(): boolean }): Promise<void> {
  const raw = await RawSocket.open(stay.address);
  raw.write(login('veteran'));
  await raw.take(9);
  raw.socket.removeAllListeners('data');
  let rest: Buffer = Buffer.from(raw.received);
  raw.socket.on('data', (chunk: Buffer) => {
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const acks: Buffer[] = [];
    let at = 0;
    while (buffer.length - at >= 23 && buffer.length - at >= 23 + buffer.readUInt32BE(at + 19)) {
      const id = buffer.subarray(at + 3, at + 19);
      const end = at + 23 + buffer.readUInt32BE(at + 19);
      const body = buffer.toString('latin1', at + 23, end).trimEnd();
      checkId(stay, body.slice(0, body.indexOf('.')), id.toString('latin1'));
      stay.ledger.take(body);
      acks.push(ack(id));
      at = end;
    }
    rest = buffer.subarray(at);
    if (acks.length > 0) raw.write(Buffer.concat(acks));
  });
  await until(() => stay.isDone() || raw.isClosed, 'the stay is over', 120_000);
  raw.end();
}

function checkId({ ids, ledger }: { ids: Map<string, string>; ledger: Ledger }, payload: string, id: string): void {
  const known = ids.get(payload);
  if (known === undefined) ids.set(payload, id);
  else if (known !== id) ledger.broken.push(`${payload} came again with another id`);
}

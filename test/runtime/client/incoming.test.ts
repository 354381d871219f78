/** L1, L2: a message is given out once, from whatever place of whatever log it comes, and waits for its acknowledgement at each. */
import { Incoming } from '../../../runtime/client/incoming.ts';
import { SeenMessages } from '../../../runtime/client/seen-messages.ts';
import { bucketNumber } from '../../../runtime/contract/bucket-name.ts';
import { SeededRandom } from '../../../runtime/simulation/seeded-random.ts';
import type { Cursor } from '../../../runtime/wire/v2/cursor.ts';

const device = Buffer.from('device-1');

function reader() {
  const moved: Cursor[] = [];
  const repeated: string[] = [];
  const incoming = new Incoming({ moved: (cursor) => moved.push(cursor), repeated: (body) => repeated.push(body.toString()) });
  const deliver = (sequence: number, position: number, { bucket = 0, count = 1, sender = 'ann' } = {}) =>
    incoming.delivered({
      bucket,
      position,
      firstIndex: 0,
      count,
      isStatusWanted: false,
      device,
      sequence,
      previous: 0,
      sender,
      stamp: position,
      messages: Array.from({ length: count }, (_, i) => Buffer.from(`${sender} ${sequence + i}`)),
    });
  return { incoming, moved, repeated, deliver };
}

it('gives out what another log has at another place once, and acknowledges that place as the application does the first (F19)', async () => {
  const { incoming, moved, repeated, deliver } = reader();
  deliver(5, 10, { count: 2 });
  deliver(9, 1_000);
  deliver(5, 1_001, { count: 2 });
  const [five, six, nine] = [await incoming.next(), await incoming.next(), await incoming.next()];
  expect([five, six, nine].map((message) => message?.text())).toEqual(['ann 5', 'ann 6', 'ann 9']);
  expect(repeated).toEqual(['ann 5', 'ann 6']);
  incoming.acknowledge(nine!);
  incoming.acknowledge(five!);
  // 6 is not acknowledged: neither place may be forgotten by the server.
  expect(moved.at(-1)).toEqual({ bucket: 0, position: 10, index: 0 });
  incoming.acknowledge(six!);
  expect(moved.at(-1)).toEqual({ bucket: 0, position: 1_001, index: 1 });
});

it('lets go of a place whose message was acknowledged elsewhere before', async () => {
  const { incoming, moved, deliver } = reader();
  deliver(5, 10);
  incoming.acknowledge((await incoming.next())!);
  deliver(5, 1_000);
  expect(moved).toEqual([
    { bucket: 0, position: 10, index: 0 },
    { bucket: 0, position: 1_000, index: 0 },
  ]);
});

it('waits for what was given out of a generation that is over, and comes again elsewhere (L1, F19)', async () => {
  const { incoming, moved, repeated, deliver } = reader();
  const [older, newer] = [bucketNumber(1, 0), bucketNumber(2, 0)];
  deliver(5, 10, { bucket: older });
  const five = (await incoming.next())!;
  incoming.forgetBefore(2);
  deliver(5, 1_000, { bucket: newer });
  expect([repeated, moved]).toEqual([['ann 5'], []]);
  incoming.acknowledge(five);
  expect(moved).toEqual([{ bucket: newer, position: 1_000, index: 0 }]);
});

it('waits for what was given out from a log that is gone', async () => {
  const { incoming, moved, deliver } = reader();
  deliver(5, 10);
  const five = await incoming.next();
  incoming.forget(0);
  deliver(5, 3);
  expect(moved).toEqual([]);
  incoming.acknowledge(five!);
  expect(moved).toEqual([{ bucket: 0, position: 3, index: 0 }]);
});

it('keeps devices and senders apart', async () => {
  const { incoming, deliver } = reader();
  deliver(1, 1);
  deliver(1, 2, { sender: 'bob' });
  expect([(await incoming.next())?.sender, (await incoming.next())?.sender]).toEqual(['ann', 'bob']);
});

it('tells new from seen for sequences in any order, as a set does', () => {
  const random = new SeededRandom(2);
  const seen = new SeenMessages();
  const known = new Map<string, Set<number>>([
    ['ann', new Set()],
    ['bob', new Set()],
  ]);
  for (let i = 0; i < 4_000; i++) {
    const sender = random.pick([...known.keys()]);
    const set = known.get(sender) as Set<number>;
    const sequence = 1 + random.below(300);
    expect(seen.add(seen.rowOf(device, sender), sequence)).toBe(!set.has(sequence));
    set.add(sequence);
  }
});

it('forgets the lowest of one device and the device longest unheard, never takes a new one for seen, and stays bounded', () => {
  const seen = new SeenMessages();
  for (let sequence = 2; sequence < 2_000; sequence += 2) seen.add(seen.rowOf(device, 'ann'), sequence);
  const row = seen.rowOf(device, 'ann');
  expect(row.throughs).toHaveLength(256);
  expect(seen.add(row, 1_998)).toBe(false);
  expect(seen.add(row, 3)).toBe(true);
  for (let i = 0; i < 10_000; i++) seen.add(seen.rowOf(device, `sender-${i}`), 7);
  expect(seen.add(seen.rowOf(device, 'sender-9999'), 7)).toBe(false);
  expect(seen.add(seen.rowOf(device, 'ann'), 1_998)).toBe(true);
});

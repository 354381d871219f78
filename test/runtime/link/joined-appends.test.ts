/** L1-L4: what a publisher sends to one recipient in one burst is one envelope on the link and in the log. */
import { bucketName } from '../../../runtime/contract/bucket-name.ts';
import { JOINED_BYTES_MAX } from '../../../runtime/contract/limits.ts';
import type { Publication } from '../../../runtime/ports/bus.ts';
import { envelopeCount, envelopeSequence } from '../../../runtime/wire/envelope.ts';
import { APPEND_BUCKET, SEND_FRESH, SEND_RETRY, SEND_STATUS_WANTED } from '../../../runtime/wire/v2/send.ts';
import { LinkUnderTest, TestPublisher } from './link-under-test.ts';

/** A message that follows the one before it to the same recipient. */
const next = (sequence: number, fields: Partial<Publication> = {}) => ({ mayJoin: true, previous: sequence - 1, ...fields });
/** First sequence and count of each envelope that reaches the core from now on. */
function envelopesOf(link: LinkUnderTest): [sequence: number, count: number][] {
  const envelopes: [number, number][] = [];
  const { inboxes } = link.core;
  const append = inboxes.append.bind(inboxes);
  inboxes.append = (request) => {
    envelopes.push([envelopeSequence(request.envelope), envelopeCount(request.envelope)]);
    append(request);
  };
  return envelopes;
}
const committed = (link: LinkUnderTest) => link.core.telemetry.counter('iris_envelopes_committed_total').value;

it('joins a burst to one recipient, answers it as a whole and keeps its order', async () => {
  const link = await LinkUnderTest.start();
  const publisher = new TestPublisher();
  for (const sequence of [1, 2, 3]) link.publish(publisher, sequence, 'bob', next(sequence));
  await link.advance(100);
  expect([committed(link), publisher.answers, link.core.stored()]).toEqual([1, [[1, 3]], ['m1', 'm2', 'm3']]);
  for (const sequence of [4, 5]) link.publish(publisher, sequence, 'bob', next(sequence));
  await link.advance(100);
  expect([committed(link), publisher.answers.at(-1), link.core.stored()]).toEqual([2, [4, 2], ['m1', 'm2', 'm3', 'm4', 'm5']]);
});

it('joins what goes to a bucket of a promoted inbox, and what asks for its status', async () => {
  const link = await LinkUnderTest.start();
  const publisher = new TestPublisher();
  const envelopes = envelopesOf(link);
  const bucket = bucketName(Buffer.from('bob'), 1, 0, 7);
  for (const sequence of [1, 2]) link.publish(publisher, sequence, '', next(sequence, { recipient: bucket, flags: APPEND_BUCKET }));
  for (const sequence of [3, 4]) {
    const previous = sequence === 3 ? 0 : 3;
    link.publish(publisher, sequence, 'carol', next(sequence, { previous, flags: SEND_STATUS_WANTED }));
  }
  await link.advance(100);
  expect(envelopes).toEqual([
    [1, 2],
    [3, 2],
  ]);
});

it('repeats what was joined as one after a lost link, and stores it once', async () => {
  const link = await LinkUnderTest.start();
  const publisher = new TestPublisher();
  for (const sequence of [1, 2, 3]) link.publish(publisher, sequence, 'bob', next(sequence));
  await link.advance(1);
  link.transport.cut();
  await link.advance(2_000);
  expect([committed(link), publisher.answers, link.core.stored()]).toEqual([1, [[1, 3]], ['m1', 'm2', 'm3']]);
});

it('appends of a joined envelope only what a retry has not brought already', async () => {
  const link = await LinkUnderTest.start();
  const publisher = new TestPublisher();
  link.publish(publisher, 1, 'bob', { flags: SEND_RETRY });
  link.publish(publisher, 2, 'bob', { flags: SEND_RETRY, previous: 1 });
  for (const sequence of [1, 2, 3]) link.publish(publisher, sequence, 'bob', next(sequence));
  link.publish(publisher, 3, 'bob', { flags: SEND_RETRY, previous: 2 });
  await link.advance(100);
  expect(link.core.stored()).toEqual(['m1', 'm2', 'm3']);
  expect(publisher.answers).toEqual([
    [1, 1],
    [2, 1],
    [1, 3],
    [3, 1],
  ]);
});

it.each<[string, (link: LinkUnderTest, publisher: TestPublisher) => void]>([
  ['does not allow it', (link, publisher) => link.publish(publisher, 2, 'bob', next(2, { mayJoin: false }))],
  ['goes to another recipient', (link, publisher) => link.publish(publisher, 2, 'bo2', next(2, { previous: 0 }))],
  ['names another recipient of that length', (link, publisher) => link.publish(publisher, 2, 'bo2', next(2))],
  ['leaves out a sequence', (link, publisher) => link.publish(publisher, 3, 'bob', next(3, { previous: 1 }))],
  ['does not name the message before it', (link, publisher) => link.publish(publisher, 2, 'bob', next(2, { previous: 0 }))],
  ['is a retry', (link, publisher) => link.publish(publisher, 2, 'bob', next(2, { flags: SEND_RETRY }))],
  ['begins anew', (link, publisher) => link.publish(publisher, 2, 'bob', next(2, { flags: SEND_FRESH }))],
  ['wants to know its status', (link, publisher) => link.publish(publisher, 2, 'bob', next(2, { flags: SEND_STATUS_WANTED }))],
  ['is of another publisher', (link) => link.publish(new TestPublisher(2), 2, 'bob', next(2))],
  [
    'stands behind something else',
    (link, publisher) => {
      link.publish(new TestPublisher(2), 7, 'bob', next(7, { previous: 0 }));
      link.publish(publisher, 2, 'bob', next(2));
    },
  ],
])('travels alone when it %s', async (_why, publish) => {
  const link = await LinkUnderTest.start();
  const envelopes = envelopesOf(link);
  const publisher = new TestPublisher();
  link.publish(publisher, 1, 'bob', next(1));
  publish(link, publisher);
  await link.advance(100);
  expect(envelopes.map(([, count]) => count)).toEqual(envelopes.map(() => 1));
  expect(envelopes.length).toBeGreaterThan(1);
});

it('bounds what is joined by bytes', async () => {
  const link = await LinkUnderTest.start();
  const publisher = new TestPublisher();
  const envelopes = envelopesOf(link);
  const entries = Buffer.alloc(20_002);
  entries.writeUInt16BE(20_000);
  for (const sequence of [1, 2, 3, 4]) link.publish(publisher, sequence, 'bob', next(sequence, { buffer: entries, end: entries.length }));
  await link.advance(100);
  expect(Math.floor(JOINED_BYTES_MAX / entries.length)).toBe(3);
  expect(envelopes).toEqual([
    [1, 3],
    [4, 1],
  ]);
  expect(publisher.answers).toEqual([[1, 4]]);
});

it('answers at once what one publisher sent in a row, to whomever; who does not join hears of each by itself', async () => {
  const link = await LinkUnderTest.start();
  const [joining, single] = [new TestPublisher(1), new TestPublisher(2)];
  for (const [index, recipient] of ['bob', 'carol', 'dora'].entries())
    link.publish(joining, index + 1, recipient, next(index + 1, { previous: 0 }));
  link.publish(joining, 5, 'bob', next(5, { previous: 1 }));
  for (const [index, recipient] of ['bob', 'carol'].entries()) link.publish(single, index + 1, recipient);
  for (const sequence of [6, 7]) link.publish(joining, sequence, `eve ${sequence}`, next(sequence, { previous: 0 }));
  await link.advance(100);
  expect(joining.answers).toEqual([
    [1, 3],
    [5, 1],
    [6, 2],
  ]);
  expect(single.answers).toEqual([
    [1, 1],
    [2, 1],
  ]);
});

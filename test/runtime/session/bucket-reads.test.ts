/** L2, F5: leaving a promoted inbox’s generation forgets nothing that its owner may still lose. */
import { bucketNumber } from '../../../runtime/contract/bucket-name.ts';
import type { Generation } from '../../../runtime/contract/layout.ts';
import type { InboxSubscriber, InboxSubscription } from '../../../runtime/ports/inbox-feed.ts';
import { BucketCursors } from '../../../runtime/session/bucket-cursors.ts';
import { BucketReads } from '../../../runtime/session/bucket-reads.ts';
import { PushWindow } from '../../../runtime/session/push-window.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

interface OpenRead {
  readonly subscriber: InboxSubscriber;
  readonly detached: boolean[];
}

function subscriptionTo(detached: boolean[]): InboxSubscription {
  const nothing = () => undefined;
  return {
    grant: nothing,
    acknowledge: nothing,
    remove: nothing,
    markRead: nothing,
    askStatus: nothing,
    detach: ({ flush }) => void detached.push(flush),
  };
}

/** Reads generation 1 of one bucket to its end and acknowledges it; generation 2 is open then. */
function readOneGeneration(): { buckets: BucketReads; home: boolean[]; opened: OpenRead[] } {
  const nothing = () => undefined;
  const connection = { remoteAddress: '', queuedBytes: 0, write: nothing, pause: nothing, resume: nothing, end: nothing, destroy: nothing };
  const subscriber = {
    pushed: nothing,
    handed: nothing,
    statusGrown: nothing,
    resumed: nothing,
    ended: nothing,
    laidOut: nothing,
    caughtUp: nothing,
    gap: nothing,
  };
  const home: boolean[] = [];
  const opened: OpenRead[] = [];
  const buckets = new BucketReads({
    clock: new ManualClock(),
    home: subscriptionTo(home),
    feed: {
      attach: (_, reader) => {
        const detached: boolean[] = [];
        opened.push({ subscriber: reader, detached });
        return subscriptionTo(detached);
      },
      hand: nothing,
      status: async () => undefined,
      reading: async () => undefined,
      audience: async () => undefined,
    },
    router: { publish: nothing, ownerOf: () => 'owner:1' } as never,
    pushWindow: new PushWindow(connection, 65_536, { bytes: 0 }),
    user: Buffer.from('bob'),
    cursors: new BucketCursors([]),
    isSelective: false,
    subscriber,
    progressed: nothing,
  });
  const generation = (number: number): Generation => ({
    number,
    isSealed: number === 1,
    isDrained: false,
    isAutomatic: false,
    sealedAtMs: 0,
    salts: [0],
  });
  buckets.laidOut({ generations: [generation(1), generation(2)] }, 1);
  const [first] = opened as [OpenRead];
  const envelope = envelopeOf({});
  first.subscriber.pushed({ bucket: 0, position: 7, firstIndex: 0 }, envelope, 0, envelope.length);
  first.subscriber.caughtUp(true);
  buckets.acknowledge({ bucket: bucketNumber(1, 0), position: 7, index: 0 });
  return { buckets, home, opened };
}

it('asks the owner of a bucket that it leaves to make its acknowledgements durable', () => {
  const { opened } = readOneGeneration();
  expect(opened.map(({ detached }) => detached)).toEqual([[true], []]);
});

it('ends a session in order only when the buckets that it has left are durable, too', () => {
  const { buckets, home, opened } = readOneGeneration();
  buckets.detach({ flush: true });
  opened[1]?.subscriber.ended('flushed');
  expect(home).toEqual([]);
  opened[0]?.subscriber.ended('flushed');
  expect(home).toEqual([true]);
});

it('waits for nothing when the client is gone', () => {
  const { buckets, home, opened } = readOneGeneration();
  buckets.detach({ flush: false });
  expect([home, opened.map(({ detached }) => detached)]).toEqual([[false], [[true, false], [false]]]);
});

/** B1, B6: an edge looks a recipient up only while it knows of a promoted user, and then goes to the bucket of the sender. */
import { bucketOfSender, readBucketName } from '../../../runtime/contract/bucket-name.ts';
import type { Layout } from '../../../runtime/contract/layout.ts';
import type { Bus, Publication } from '../../../runtime/ports/bus.ts';
import { SlotMessageRouter } from '../../../runtime/routing/slot-message-router.ts';
import { FixedSlotMaps } from '../../fakes/fixed-slot-maps.ts';
import { ONE_GROUP } from '../inbox/core-under-test.ts';

const layout: Layout = {
  generations: [{ number: 3, isSealed: false, isDrained: false, isAutomatic: false, sealedAtMs: 0, salts: [7, 8, 9] }],
};

/** A recipient that counts how often it is made a key. */
function counted(name: string): { recipient: Buffer; lookUps: () => number } {
  const recipient = Buffer.from(name);
  let lookUps = 0;
  recipient.toString = (...args) => {
    lookUps++;
    return Buffer.prototype.toString.apply(Buffer.from(name), args);
  };
  return { recipient, lookUps: () => lookUps };
}

function routed() {
  const published: Buffer[] = [];
  const bus = { publish: (_address: string, { recipient }: Publication) => void published.push(recipient) } as unknown as Bus;
  const router = new SlotMessageRouter(new FixedSlotMaps(ONE_GROUP), bus, 'tokyo');
  const publish = (recipient: Buffer, sender = 'alice') =>
    router.publish({ recipient, sender: Buffer.from(sender), flags: 0 } as unknown as Publication);
  return { router, publish, published };
}

it('makes no look-up while nobody is promoted, one while somebody is, and none again when that is forgotten', () => {
  const { router, publish, published } = routed();
  const { recipient, lookUps } = counted('bob');
  publish(recipient);
  expect(lookUps()).toBe(0);
  router.laidOut(Buffer.from('celebrity'), layout);
  publish(recipient);
  expect(lookUps()).toBe(1);
  router.laidOut(Buffer.from('celebrity'), { generations: [] });
  publish(recipient);
  expect(lookUps()).toBe(1);
  expect(published).toEqual([recipient, recipient, recipient]);
});

it('publishes to the sender’s bucket of the newest generation', () => {
  const { router, publish, published } = routed();
  router.laidOut(Buffer.from('celebrity'), layout);
  for (const sender of ['alice', 'carol', 'dave']) {
    publish(Buffer.from('celebrity'), sender);
    const bucket = readBucketName(published.at(-1) as Buffer);
    expect(bucket).toMatchObject({ generation: 3, index: bucketOfSender(Buffer.from(sender), 3) });
  }
});

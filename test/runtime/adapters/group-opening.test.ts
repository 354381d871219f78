/** A group on engines serves as soon as its log is read: the rows are brought up to it behind that, whoever dies meanwhile (R2, F2, L1, L2, L10). */

import { IrisError } from '../../../runtime/contract/errors.ts';
import { GROUP_REPLAY_BYTES } from '../../../runtime/contract/limits-store.ts';
import type { InboxStore } from '../../../runtime/ports/inbox-store.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { HurriedTime, MemoryEngines } from '../../fakes/memory-engines.ts';

const hurried = new HurriedTime();
afterAll(() => hurried.stop());

const bob = Buffer.from('bob');
const ALL = { envelopesMax: 1_000, bytesMax: 1 << 30 };
const BOUNDS = { inbox: { envelopesMax: 4, bytesMax: 1_000_000 }, outbox: { envelopesMax: 10, bytesMax: 1_000_000 } };
const LARGE = envelopeOf({ bodies: Array.from({ length: 16 }, () => 'x'.repeat(60_000)) });
/** Parts of what is put into the rows as one. */
const LAYERS = 3;
const MESSAGES = Math.ceil((LAYERS * GROUP_REPLAY_BYTES) / LARGE.length);

const NO_BOUNDS = { envelopesMax: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };

/** Engines whose rows take so many applies, and no more. */
class Halting {
  readonly engines = new MemoryEngines({ hurried });
  appliesLeft = Number.POSITIVE_INFINITY;
  private clock: ReturnType<MemoryEngines['clock']> | undefined;

  constructor() {
    const away = () => new IrisError('ENGINE_UNAVAILABLE', 'the rows are away');
    this.engines.rowFaults = {
      before: async (call) => {
        if (call === 'apply' && this.appliesLeft-- <= 0) throw away();
      },
    };
  }

  /** The owner before has died. */
  next(bounds = { inbox: NO_BOUNDS, outbox: NO_BOUNDS }): Promise<InboxStore> {
    this.clock?.kill();
    this.clock = this.engines.clock();
    return this.engines.openAs(this.engines.newLease(), { bounds, clock: this.clock });
  }

  get checkpoint(): { epoch: number; number: number } {
    return this.engines.rows.checkpoint as { epoch: number; number: number };
  }
}

async function send(store: InboxStore, position: number, envelope = envelopeOf({})): Promise<void> {
  const batch = store.batch();
  batch.appendInbox(bob, 0, position, envelope);
  batch.mark('key', { high: position, holes: [] }, 1);
  await store.commit(batch, { sync: true });
}

const positionsOf = async (store: InboxStore) => (await store.readInbox(bob, 0, 0, ALL)).map(({ position }) => position);
const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i);

it('serves while the rows have nothing of what the owner before committed: reading, marks, bounds and commits', async () => {
  const halting = new Halting();
  const former = await halting.next(BOUNDS);
  halting.appliesLeft = 0;
  for (const position of upTo(3)) await send(former, position);
  const read = former.batch();
  read.trimInbox(bob, 0, { position: 1, index: 0 });
  await former.commit(read, { sync: true });

  const store = await halting.next(BOUNDS);
  expect(await positionsOf(store)).toEqual([2, 3]);
  expect(await store.readMarks(['key'])).toEqual([{ high: 3, holes: [] }]);
  await send(store, 4);
  expect([await positionsOf(store), store.isInboxFull(bob, 0)]).toEqual([[2, 3, 4], false]);
  await send(store, 5);
  expect(store.isInboxFull(bob, 0)).toBe(true);
  const clear = store.batch();
  clear.trimInbox(bob, 0, { position: 4, index: 0 });
  await store.commit(clear, { sync: true });
  expect(await positionsOf(store)).toEqual([5]);

  halting.appliesLeft = Number.POSITIVE_INFINITY;
  expect(await store.counts()).toMatchObject({ inboxes: 1, inboxEnvelopes: 1 });
  const last = await halting.next(BOUNDS);
  expect([await positionsOf(last), await last.counts()]).toMatchObject([[5], { inboxEnvelopes: 1 }]);
  await last.close();
});

it('counts nothing twice that the summaries of the owner before have already', async () => {
  const halting = new Halting();
  const former = await halting.next(BOUNDS);
  halting.appliesLeft = 1;
  for (const position of upTo(3)) await send(former, position);
  // The summary gets through, the envelopes do not.
  await expect(Promise.race([former.counts(), halted(halting)])).resolves.toBeUndefined();
  expect([...halting.engines.rows.summaries.values()]).toMatchObject([{ envelopes: 3 }]);
  const store = await halting.next(BOUNDS);
  expect([await positionsOf(store), store.isInboxFull(bob, 0)]).toEqual([upTo(3), false]);
  halting.appliesLeft = Number.POSITIVE_INFINITY;
  expect([await store.counts(), await positionsOf(store)]).toMatchObject([{ inboxEnvelopes: 3 }, upTo(3)]);
  await store.close();
});

it('has a checkpoint for each part that the rows have, so that whoever comes next begins there', async () => {
  const halting = new Halting();
  const former = await halting.next();
  halting.appliesLeft = 0;
  for (const position of upTo(MESSAGES)) await send(former, position, LARGE);

  // Summaries, envelopes with their marks: the first part gets through, the next does not.
  halting.appliesLeft = 2;
  const second = await halting.next();
  await halted(halting);
  await send(second, MESSAGES + 1);
  const { checkpoint } = halting;
  expect(checkpoint.epoch).toBe(1);
  expect(checkpoint.number).toBeGreaterThanOrEqual(Math.floor(MESSAGES / LAYERS) - 1);
  expect(checkpoint.number).toBeLessThan(MESSAGES);

  halting.appliesLeft = 0;
  const third = await halting.next();
  expect(await positionsOf(third)).toEqual(upTo(MESSAGES + 1));
  halting.appliesLeft = Number.POSITIVE_INFINITY;
  expect(await third.counts()).toMatchObject({ inboxEnvelopes: MESSAGES + 1 });
  await third.close();
  expect(halting.checkpoint).toMatchObject({ epoch: 3, number: MESSAGES + 1 });
});

it('serves nothing that another has written as of its own epoch: leases that were lost are given out anew (L10)', async () => {
  const halting = new Halting();
  const former = await halting.next();
  await send(former, 1);
  halting.appliesLeft = 0;
  const second = await halting.next();
  await send(second, 2);
  Object.assign(halting.engines, { epoch: 1 });
  await expect(halting.next()).rejects.toMatchObject({ code: 'OWNERSHIP_LOST' });
  halting.appliesLeft = Number.POSITIVE_INFINITY;
  const last = await halting.next();
  expect(await positionsOf(last)).toEqual([1, 2]);
  await last.close();
});

/** Resolves when an apply has been refused. */
async function halted(halting: Halting): Promise<void> {
  while (halting.appliesLeft >= 0) await new Promise(setImmediate);
}

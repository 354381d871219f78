import type { OwnedSubscription } from '../ports/shard-owner.ts';

/** The read of an inbox that is not here. */
export const nothingToRead: OwnedSubscription = {
  grant() {},
  acknowledge() {},
  remove() {},
  markRead() {},
  askStatus() {},
  undelivered() {},
  detach() {},
};

/** L8: before changes are put into the rows of a group, GROUP_MEASURES_MAX inboxes are measured at a time. */
import { planRows } from '../../../runtime/adapters/inbox-distributed/settled-rows.ts';
import { GROUP_MEASURES_MAX } from '../../../runtime/contract/limits.ts';

it('measures GROUP_MEASURES_MAX inboxes at a time, every one of them once', async () => {
  const users = Array.from({ length: 3 * GROUP_MEASURES_MAX + 1 }, (_, i) => `i\0\0\0\0user-${i}`);
  const pending = { cursor: undefined, removed: new Set<number>(), added: new Map(), addedBytes: 0, chunks: { first: 0, last: 0 } };
  const none = new Map();
  const layer = { inboxes: users.map((row) => [row, pending]), outboxes: none, marks: none, seen: none, records: none, parked: none };
  let [underWay, most, measured] = [0, 0, 0];
  const rows = {
    measureInbox: async () => {
      most = Math.max(most, ++underWay);
      measured++;
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      return { envelopes: 0, bytes: 0, next: undefined };
    },
  };
  await planRows(layer as never, { inboxes: none } as never, rows as never, () => true);
  expect([measured, most]).toEqual([users.length, GROUP_MEASURES_MAX]);
});

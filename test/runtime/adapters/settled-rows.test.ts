/** L8: before changes are put into the rows of a group, GROUP_MEASURES_MAX inboxes are measured at a time; the changes come in parts. */
import { GroupContents } from '../../../runtime/adapters/inbox-distributed/group-contents.ts';
import { PendingRow } from '../../../runtime/adapters/inbox-distributed/pending-row.ts';
import { planRows } from '../../../runtime/adapters/inbox-distributed/settled-rows.ts';
import { Unapplied } from '../../../runtime/adapters/inbox-distributed/unapplied.ts';
import { GROUP_MEASURES_MAX } from '../../../runtime/contract/limits.ts';
import { GROUP_APPLY_CHANGES_MAX } from '../../../runtime/contract/limits-store.ts';
import type { RowChange } from '../../../runtime/ports/group-rows.ts';

it('measures GROUP_MEASURES_MAX inboxes at a time, every one of them once', async () => {
  const users = Array.from({ length: 3 * GROUP_MEASURES_MAX + 1 }, (_, i) => `i\0\0\0\0user-${i}`);
  const pending = {
    isCounted: false,
    cursor: undefined,
    removed: new Set<number>(),
    added: new Map(),
    addedBytes: 0,
    chunks: { first: 0, last: 0 },
  };
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
  await planRows(layer as never, { inboxes: none } as never, rows as never);
  expect([measured, most]).toEqual([users.length, GROUP_MEASURES_MAX]);
});

it('gives out GROUP_APPLY_CHANGES_MAX changes at a time, in their order, summaries before all others', async () => {
  const pending = new PendingRow(false);
  const count = 2 * GROUP_APPLY_CHANGES_MAX + 1;
  for (let position = 1; position <= count; position++)
    pending.add(position, { envelope: Buffer.alloc(1), chunk: 0, messages: 1, isInRows: false });
  const contents = new GroupContents({
    inbox: { envelopesMax: count, bytesMax: count },
    outbox: { envelopesMax: 1, bytesMax: 1 },
  });
  const layer = new Unapplied(7, false);
  layer.inboxes.set('i\0\0\0\0bob', pending);
  contents.inboxes.added('i\0\0\0\0bob', 1, 0);
  const { parts } = await planRows(layer, contents, {} as never);
  const found = [...(parts as Generator<readonly RowChange[]>)];
  expect(found.map(({ length }) => length)).toEqual([1, GROUP_APPLY_CHANGES_MAX, GROUP_APPLY_CHANGES_MAX, 1]);
  expect(found[0]).toMatchObject([{ kind: 'summary', summary: { envelopes: count, number: 7 } }]);
  expect(found.slice(1).flatMap((part) => part.map((change) => (change.kind === 'envelope' ? change.position : 0)))).toEqual(
    Array.from({ length: count }, (_, i) => i + 1),
  );
});

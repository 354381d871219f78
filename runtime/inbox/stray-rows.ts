import { errorLine } from '../contract/errors.ts';
import { PAGE_BYTES_MAX, PAGE_ENVELOPES_MAX } from '../contract/limits.ts';
import type { SlotRouter } from '../contract/slot-map.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { skipEntries } from '../wire/envelope.ts';
import type { Change } from './change.ts';
import type { Destination } from './destination.ts';

export interface StrayRowsParts {
  readonly store: InboxStore;
  readonly slots: SlotMaps;
  readonly region: string;
  readonly group: string;
  readonly settled: () => Promise<void>;
  readonly change: (change: Change) => void;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** How many users’ rows are still to be sent on; undefined until they have been looked for. */
  readonly left: (users: number | undefined) => void;
}

/** Milliseconds before another try after a store that could not be read. */
const STRAYS_RETRY_MS = 1_000;
const PAGE = { envelopesMax: PAGE_ENVELOPES_MAX, bytesMax: PAGE_BYTES_MAX };

/** What waits here for users who live elsewhere goes there: at once what is parked, and what nobody will fetch of their inboxes. */
export function sendElsewhere(parts: StrayRowsParts): void {
  const { slots, group, telemetry, clock, change } = parts;
  const isAway = (name: string) => slots.current.homeOfUser(Buffer.from(name, 'latin1')).group !== group;
  change({ decide: (order) => order.moveParked(isAway, (user) => outboxOf(slots, user)), apply: () => undefined });
  sendStrays(parts).then(
    (users) => {
      if (users > 0) telemetry.log.info('strays-sent', { users });
    },
    (error: unknown) => {
      telemetry.log.error('strays-failed', { reason: errorLine(error) });
      clock.after(STRAYS_RETRY_MS, () => sendElsewhere(parts));
    },
  );
}

function outboxOf(slots: SlotMaps, user: Buffer): Destination & { kind: 'outbox' } {
  return { kind: 'outbox', group: slots.current.homeOfUser(user).group, isPassage: true };
}

/**
 * Sends on what inboxes here hold of users who live elsewhere and whom nobody will fetch: this core was lost when its shards were given to
 * others, and has come back. The outbox takes it to them; what they have already is dropped there as a duplicate (L2).
 */
async function sendStrays(parts: StrayRowsParts): Promise<number> {
  const { store, slots, settled } = parts;
  const { current } = slots;
  const tell = (users: number | undefined) => {
    if (slots.current === current) parts.left(users);
  };
  const isFetched = current.map.moving !== undefined && !current.isLost(parts.region);
  tell(isFetched ? 0 : undefined);
  if (isFetched) return 0;
  await settled();
  const users: Buffer[] = [];
  await store.survey({
    inbox: (name) => {
      const user = Buffer.from(name, 'latin1');
      if (current.homeOfUser(user).group !== parts.group) users.push(user);
    },
  });
  for (const [i, user] of users.entries()) {
    tell(users.length - i);
    await sendOne(parts, current, user);
  }
  tell(0);
  return users.length;
}

async function sendOne({ store, slots, change }: StrayRowsParts, router: SlotRouter, user: Buffer): Promise<void> {
  for (let after = 0; slots.current === router; ) {
    const rows = await store.readInbox(user, 0, after, PAGE);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.position;
    const name = user.toString('latin1');
    await new Promise<void>((resolve) => {
      change({
        decide: (order) => {
          const outbox = outboxOf(slots, user);
          for (const { envelope, firstIndex } of rows)
            order.move(firstIndex > 0 ? skipEntries(envelope, firstIndex) : envelope, outbox, name);
        },
        apply: (batch) => {
          for (const { position } of rows) batch.removeInbox(user, 0, position);
        },
        done: resolve,
        isSynced: true,
      });
    });
  }
}

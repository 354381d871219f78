import { markKeyOf, partiesOfMark } from '../wire/envelope.ts';
import type { Destination } from './destination.ts';

/** Behind the key of a row that passed through this core on its way to another: not to be taken for the row of an inbox here. */
export const ON_ITS_WAY = '>';

/** The key under which sequences that enter an outbox are remembered. A user’s row may come home: it is no duplicate then. */
function outboxMarkKey(markKey: string): string {
  return markKey + ON_ITS_WAY;
}

/** The key of the row of sequences that an envelope on its way to `destination` belongs to. */
export function markKeyIn({ kind }: Destination, envelope: Buffer): string {
  const markKey = markKeyOf(envelope);
  return kind === 'inbox' ? markKey : outboxMarkKey(markKey);
}

/** Behind the key of a row of messages that were sent on out of an older generation. */
export const SENT_ON = '<';

export type MarkUse = 'inbox' | 'status' | 'outbox';

/**
 * Whose a row of sequences is, one byte a character, and what it is for: an inbox’s goes where its recipient lives, statuses where the
 * sender does, an outbox’s stays.
 */
export function ownerOfMark(key: string): { user: string; use: MarkUse } {
  const { sender, recipient } = partiesOfMark(key);
  const suffix = key.slice(12 + sender.length + recipient.length);
  if (suffix === '' || suffix === SENT_ON) return { user: recipient.toString('latin1'), use: 'inbox' };
  if (suffix === ON_ITS_WAY) return { user: recipient.toString('latin1'), use: 'outbox' };
  return { user: sender.toString('latin1'), use: 'status' };
}

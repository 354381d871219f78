/**
 * What a client or a node saw, one JSON line each. A message is named by its body: `sender/recipient/number`, where the sender’s name
 * includes its session when it has several (order holds within one), and `number` grows.
 */
export type HistoryEvent =
  | { readonly event: 'send'; readonly message: string }
  /** The server answered: the message is kept as the class says (L1). */
  | { readonly event: 'ack'; readonly message: string; readonly class?: string }
  /** The server, or the client itself after its deadline, answered with a code; the message may still arrive. */
  | { readonly event: 'refuse'; readonly message: string; readonly code: string }
  /**
   * The application got the message. `place`, where given, grows with the inbox: a client of the original is given what an older connection
   * did not acknowledge when that one closes, after later messages (docs/decisions/0008), and can tell by its place.
   */
  | { readonly event: 'receive'; readonly user: string; readonly message: string; readonly place?: string }
  /** The recipient’s application acknowledged the message and everything before it. */
  | { readonly event: 'cursor'; readonly user: string; readonly message: string }
  /**
   * A session was given the message. All reads of one `user` and `from` began at the same cursor, and nothing was acknowledged since:
   * bucket for bucket each begins like the others (L4).
   */
  | {
      readonly event: 'read';
      readonly user: string;
      readonly from: string;
      readonly read: number;
      readonly bucket: number;
      readonly message: string;
    }
  /** The read has had time to come to its end: it was given everything that another of its kind was. */
  | { readonly event: 'read-end'; readonly user: string; readonly from: string; readonly read: number }
  /** The sender was told how far its message is (L6). */
  | { readonly event: 'status'; readonly message: string; readonly status: 'pending' | 'sent' | 'delivered' | 'read' }
  /** Everything has had time to come back: a message that its recipient has acknowledged must be known as delivered by now. */
  | { readonly event: 'status-end'; readonly message: string; readonly status: string }
  /** The recipient was told that so many messages to it are gone (L4). */
  | { readonly event: 'gap'; readonly user: string; readonly messages: number }
  /**
   * The inboxes of these users were given to others without what they hold (F19): that comes late, after messages whose senders went on
   * meanwhile.
   */
  | { readonly event: 'stranded'; readonly users: readonly string[] }
  /** A new client begins to watch users: what was told before under this name counts no more. */
  | { readonly event: 'watch'; readonly watcher: string }
  /** A watcher was told how a user is; without `isOnline` that the server tells nothing of it. */
  | { readonly event: 'presence'; readonly watcher: string; readonly user: string; readonly isOnline?: boolean }
  /** How a user truly is, and was for as long as a change may take to be known: the watcher’s last word is the same (R15, R16). */
  | { readonly event: 'presence-end'; readonly watcher: string; readonly user: string; readonly isOnline: boolean }
  /** A node began to own the shards of a group (L10). */
  | { readonly event: 'own'; readonly group: string; readonly epoch: number; readonly holder: string };

/** An event with its moment: milliseconds, of one clock for all events of a history. */
export type HistoryLine = HistoryEvent & { readonly atMs: number };

const EVENTS: ReadonlySet<string> = new Set([
  'send',
  'ack',
  'refuse',
  'receive',
  'cursor',
  'read',
  'read-end',
  'status',
  'status-end',
  'gap',
  'stranded',
  'watch',
  'presence',
  'presence-end',
  'own',
]);

/** @throws SyntaxError for what is no line of a history. */
export function parseHistoryLine(line: string): HistoryLine {
  const value = JSON.parse(line) as HistoryLine;
  if (typeof value !== 'object' || value === null || !EVENTS.has(value.event)) {
    throw new SyntaxError(`no event of a history: ${line.slice(0, 200)}`);
  }
  return value;
}

/** `[sender, recipient, number]` of a message’s name. */
export function partsOf(message: string): [sender: string, recipient: string, number: number] {
  const [sender = '', recipient = '', number = ''] = message.split('/');
  return [sender, recipient, Number(number)];
}

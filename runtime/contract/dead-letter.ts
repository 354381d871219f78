/** What an operator is shown of an envelope that was set aside; its bytes stay in the store. */
export interface DeadLetter {
  readonly from: 'inbox' | 'outbox';
  /** The group that an outbox leads to; empty for an inbox. */
  readonly group: string;
  readonly position: number;
  readonly sender: string;
  readonly recipient: string;
  readonly bytes: number;
  readonly tries: number;
  readonly reason: string;
  readonly setAsideAtMs: number;
}

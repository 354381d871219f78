import type { IrisError } from '../contract/errors.ts';
import type { Timer } from '../ports/clock.ts';
import type { SendReceipt } from './send-receipt.ts';

/** A send without its answer. */
export interface PendingSend {
  readonly sequence: number;
  /** The last message’s sequence. */
  readonly last: number;
  /** Of the message before it to this recipient. */
  previous: number;
  readonly messages: readonly Uint8Array[];
  readonly bytes: number;
  /** Those that every copy of it carries. */
  readonly flags: number;
  readonly deadlineMs: number;
  readonly lane: Lane;
  /** `waiting`: to be written when the recipient is open again. */
  state: 'sent' | 'waiting';
  /** Its neighbours in the lane. */
  before: PendingSend | undefined;
  after: PendingSend | undefined;
  resolve(receipt: SendReceipt): void;
  reject(error: IrisError): void;
}

/** The sends to one recipient that have no answer, in order; whatever becomes of one costs no walk over the others. */
export class Lane {
  readonly recipient: string;
  first: PendingSend | undefined;
  /** Of those, how many the server has to answer. */
  underWay = 0;
  /** A send was refused; what follows waits for it (L3). */
  isBlocked = false;
  /** The latest time that the server has named for another try, by the monotonic clock. */
  retryAtMs = 0;
  reopening: Timer | undefined;
  private last: PendingSend | undefined;

  constructor(recipient: string) {
    this.recipient = recipient;
  }

  add(send: PendingSend): void {
    send.before = this.last;
    if (this.last === undefined) this.first = send;
    else this.last.after = send;
    this.last = send;
    if (send.state === 'sent') this.underWay++;
  }

  remove(send: PendingSend): void {
    if (send.before === undefined) this.first = send.after;
    else send.before.after = send.after;
    if (send.after === undefined) this.last = send.before;
    else send.after.before = send.before;
    this.become(send, 'waiting');
  }

  become(send: PendingSend, state: PendingSend['state']): void {
    if (send.state !== state) this.underWay += state === 'sent' ? 1 : -1;
    send.state = state;
  }

  open(): void {
    this.reopening?.stop();
    this.reopening = undefined;
    this.isBlocked = false;
    this.retryAtMs = 0;
  }
}

import type { Forwarding, Publisher, Refusal } from '../ports/bus.ts';
import type { AppendOrigin, AppendRequest } from '../ports/shard-owner.ts';

export interface OwnLogParts {
  /** Takes an envelope out of an outbox back. */
  takeBack(request: AppendRequest): void;
  publisherEnded(origin: AppendOrigin, publisherId: number): void;
}

/** A bridge’s way into the log of its own core: for what has no business in its outbox any more, since the recipient has moved. */
export class OwnLog implements AppendOrigin {
  private readonly parts: OwnLogParts;
  private readonly waiting = new Map<number, { readonly publisher: Publisher; readonly token: number }>();
  private lastCorrelation = 0;

  constructor(parts: OwnLogParts) {
    this.parts = parts;
  }

  forward(publisher: Publisher, { flags, token, envelope }: Forwarding): void {
    const correlation = ++this.lastCorrelation;
    this.waiting.set(correlation, { publisher, token });
    this.parts.takeBack({ origin: this, correlation, publisherId: publisher.publisherId, flags, envelope });
  }

  /** What it was refused need not be remembered. */
  forget(publisher: Publisher): void {
    this.parts.publisherEnded(this, publisher.publisherId);
  }

  appended(correlation: number, durability: number): void {
    const { publisher, token } = this.take(correlation);
    publisher.published(token, 1, durability);
  }

  refused(correlation: number, recipient: Buffer, refusal: Refusal): void {
    const { publisher, token } = this.take(correlation);
    publisher.refused(token, 1, recipient, refusal);
  }

  settled(): void {}

  /** This core knows by itself. */
  laidOut(): void {}

  /** As many recipients stand refused as may be remembered; each bridge begins anew after a refusal, which makes room. */
  cut(): void {}

  private take(correlation: number): { readonly publisher: Publisher; readonly token: number } {
    const waiting = this.waiting.get(correlation);
    this.waiting.delete(correlation);
    return waiting as { readonly publisher: Publisher; readonly token: number };
  }
}

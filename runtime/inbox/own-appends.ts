import type { Refusal } from '../ports/bus.ts';
import type { AppendOrigin, AppendRequest } from '../ports/shard-owner.ts';
import { SEND_RETRY } from '../wire/v2/send.ts';

export interface OwnAppendsParts {
  append(request: AppendRequest): void;
  publisherEnded(origin: AppendOrigin, publisherId: number): void;
}

/** Hears that an append is durable, or why not. */
type Answered = (refusal: Refusal | undefined) => void;

/** What a core appends by itself, as if over a link. A publisher for each, so that a refusal of one fences no other. */
export class OwnAppends implements AppendOrigin {
  private readonly parts: OwnAppendsParts;
  private readonly underWay = new Map<number, Answered>();
  private lastCorrelation = 0;

  constructor(parts: OwnAppendsParts) {
    this.parts = parts;
  }

  append(envelope: Buffer, answered: Answered): void {
    const correlation = ++this.lastCorrelation;
    this.underWay.set(correlation, answered);
    this.parts.append({ origin: this, correlation, publisherId: correlation, flags: SEND_RETRY, envelope });
  }

  appended(correlation: number): void {
    this.take(correlation)?.(undefined);
  }

  refused(correlation: number, _recipient: Buffer, refusal: Refusal): void {
    this.parts.publisherEnded(this, correlation);
    this.take(correlation)?.(refusal);
  }

  settled(): void {}

  laidOut(): void {}

  cut(): void {}

  private take(correlation: number): Answered | undefined {
    const answered = this.underWay.get(correlation);
    this.underWay.delete(correlation);
    return answered;
  }
}

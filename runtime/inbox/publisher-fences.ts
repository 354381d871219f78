import { FENCES_MAX } from '../contract/limits.ts';
import type { AppendOrigin } from '../ports/shard-owner.ts';

/**
 * Which recipients of which publisher may not get another message, because an earlier one was refused (L3). A fence falls when the
 * publisher says that it starts anew, or ends. Costs nothing while nothing is refused.
 */
export class PublisherFences {
  private readonly fences = new Map<AppendOrigin, Map<number, Set<string>>>();
  private count = 0;

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** True when there are as many fences as may be remembered: the origin has to be cut, which starts order anew. */
  get isFull(): boolean {
    return this.count >= FENCES_MAX;
  }

  raise(origin: AppendOrigin, publisherId: number, recipient: string): void {
    const publishers = this.fences.get(origin) ?? new Map<number, Set<string>>();
    this.fences.set(origin, publishers);
    const recipients = publishers.get(publisherId) ?? new Set<string>();
    publishers.set(publisherId, recipients);
    if (recipients.has(recipient)) return;
    recipients.add(recipient);
    this.count++;
  }

  has(origin: AppendOrigin, publisherId: number, recipient: string): boolean {
    return this.fences.get(origin)?.get(publisherId)?.has(recipient) ?? false;
  }

  /** True when one stood. */
  lower(origin: AppendOrigin, publisherId: number, recipient: string): boolean {
    const hasStood = this.fences.get(origin)?.get(publisherId)?.delete(recipient) ?? false;
    if (hasStood) this.count--;
    return hasStood;
  }

  forgetPublisher(origin: AppendOrigin, publisherId: number): void {
    const publishers = this.fences.get(origin);
    this.count -= publishers?.get(publisherId)?.size ?? 0;
    publishers?.delete(publisherId);
  }

  forgetOrigin(origin: AppendOrigin): void {
    for (const recipients of this.fences.get(origin)?.values() ?? []) this.count -= recipients.size;
    this.fences.delete(origin);
  }
}

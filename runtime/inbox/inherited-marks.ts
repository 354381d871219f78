import type { BucketName } from '../contract/bucket-name.ts';
import { BUCKET_QUERY_RETRY_MS, INHERITANCE_BYTES_MAX, INHERITANCE_TIMEOUT_MS, MARK_KEYS_MAX } from '../contract/limits.ts';
import type { MarkQuestion } from '../ports/bucket-owners.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboxStore, StoredMark } from '../ports/inbox-store.ts';
import type { AppendOrigin, AppendRequest } from '../ports/shard-owner.ts';
import { envelopePrevious, envelopeRecipient, markKeyOf } from '../wire/envelope.ts';
import { SEND_RETRY } from '../wire/v2/send.ts';
import type { Committer } from './committer.ts';

export interface InheritedMarksParts {
  readonly store: InboxStore;
  readonly committer: Committer;
  readonly clock: Clock;
  /** Asks whoever knows the older generations; undefined when nobody answers. */
  ask(question: MarkQuestion): Promise<(StoredMark | undefined)[] | undefined>;
  /** Goes on with an append whose sender’s mark is known now. */
  resume(request: AppendRequest): void;
}

interface Waiting {
  readonly bucket: BucketName;
  readonly sinceMs: number;
  requests: AppendRequest[];
}

const NOTHING: StoredMark = { high: 0, holes: [] };

/**
 * Appends to a bucket whose sender may have written to an older generation: they wait until that one’s mark is known here, or a
 * duplicate would be taken for new (L2) and a message for one that came too early (L3). Costs one question per device and generation.
 */
export class InheritedMarks {
  private readonly parts: InheritedMarksParts;
  private readonly waiting = new Map<string, Waiting>();
  private bytes = 0;
  /** Keys that are not asked about yet. */
  private fresh: string[] = [];

  constructor(parts: InheritedMarksParts) {
    this.parts = parts;
  }

  /** False when the append has to wait: it is resumed, or refused, later. */
  isKnown(request: AppendRequest, bucket: BucketName): boolean {
    const { envelope, flags } = request;
    const key = markKeyOf(envelope);
    const known = this.waiting.get(key);
    if (known === undefined) {
      const mayMatter = (flags & SEND_RETRY) !== 0 || envelopePrevious(envelope) > 0;
      if (!mayMatter || this.parts.committer.knowsMark(key)) return true;
    }
    if (this.bytes >= INHERITANCE_BYTES_MAX) {
      this.refuse(request, 'OVERLOADED', `${this.bytes} bytes wait for marks of older generations, limit is ${INHERITANCE_BYTES_MAX}`);
      return false;
    }
    this.bytes += envelope.length;
    if (known !== undefined) known.requests.push(request);
    else {
      this.waiting.set(key, {
        bucket: { ...bucket, user: Buffer.from(bucket.user) },
        sinceMs: this.parts.clock.monotonicMs(),
        requests: [request],
      });
      this.lookUp(key);
    }
    return false;
  }

  /** The link is gone, or one publisher of it: what it sent is repeated or nobody’s. */
  forget(origin: AppendOrigin, publisherId?: number): void {
    for (const waiting of this.waiting.values()) {
      waiting.requests = waiting.requests.filter((request) => {
        const isGone = request.origin === origin && (publisherId === undefined || request.publisherId === publisherId);
        if (isGone) this.bytes -= request.envelope.length;
        return !isGone;
      });
    }
  }

  /** What comes in one burst is looked up together. */
  private lookUp(key: string): void {
    this.fresh.push(key);
    if (this.fresh.length === 1) this.parts.clock.soon(() => this.lookUpAll(this.fresh.splice(0)));
  }

  private lookUpAll(keys: readonly string[]): void {
    this.parts.store.readMarks(keys).then(
      (marks) => {
        const missing = keys.filter((_, i) => marks[i] === undefined);
        keys.forEach((key, i) => {
          if (marks[i] !== undefined) this.settle(key, marks[i]);
        });
        for (const [, group] of groupBy(missing, (key) => bucketKey(this.waiting.get(key)?.bucket))) {
          for (let at = 0; at < group.length; at += MARK_KEYS_MAX) this.askFor(group.slice(at, at + MARK_KEYS_MAX));
        }
      },
      () => this.retryLater(keys),
    );
  }

  private askFor(keys: readonly string[]): void {
    const bucket = this.waiting.get(keys[0] as string)?.bucket;
    if (bucket === undefined) return;
    this.parts.ask({ inbox: bucket.user, below: bucket.generation, keys }).then(
      (marks) => {
        if (marks === undefined) this.retryLater(keys);
        else for (const [i, key] of keys.entries()) this.settle(key, marks[i] ?? NOTHING);
      },
      () => this.retryLater(keys),
    );
  }

  private settle(key: string, mark: StoredMark): void {
    const waiting = this.waiting.get(key);
    if (waiting === undefined) return;
    this.waiting.delete(key);
    this.parts.committer.adoptMark(key, mark);
    for (const request of waiting.requests) {
      this.bytes -= request.envelope.length;
      this.parts.resume(request);
    }
  }

  /** What has waited for too long is refused, so that its sender hears of it (L7); the rest is asked for again. */
  private retryLater(keys: readonly string[]): void {
    const nowMs = this.parts.clock.monotonicMs();
    for (const key of keys) {
      const waiting = this.waiting.get(key);
      if (waiting === undefined) continue;
      if (nowMs - waiting.sinceMs < INHERITANCE_TIMEOUT_MS && waiting.requests.length > 0) continue;
      this.waiting.delete(key);
      for (const request of waiting.requests) {
        this.bytes -= request.envelope.length;
        this.refuse(
          request,
          'SHARD_UNAVAILABLE',
          `the owner of the inbox did not say what it has of its senders within ${INHERITANCE_TIMEOUT_MS} ms`,
        );
      }
    }
    const left = keys.filter((key) => this.waiting.has(key));
    if (left.length > 0) this.parts.clock.after(BUCKET_QUERY_RETRY_MS, () => this.lookUpAll(left.filter((key) => this.waiting.has(key))));
  }

  private refuse(request: AppendRequest, code: 'OVERLOADED' | 'SHARD_UNAVAILABLE', message: string): void {
    const inbox = envelopeRecipient(request.envelope).toString('latin1');
    this.parts.committer.refuse(request, inbox, { code, message, retryAfterMs: 500 });
  }
}

function bucketKey(bucket: BucketName | undefined): string {
  return bucket === undefined ? '' : `${bucket.generation} ${bucket.user.toString('latin1')}`;
}

function groupBy(keys: readonly string[], of: (key: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const name = of(key);
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push(key);
  }
  return groups;
}

import * as limits from '../contract/limits.ts';
import type { AppendRequest } from '../ports/shard-owner.ts';

/** Appends that wait for the next commit, in the order of their coming. */
export class CommitQueue<Entry extends { readonly request: AppendRequest }> {
  bytes = 0;
  private entries: Entry[] = [];

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** Share of the bounds that is used. */
  get share(): number {
    return Math.max(this.entries.length / limits.COMMIT_QUEUED_MAX, this.bytes / limits.COMMIT_QUEUED_BYTES_MAX);
  }

  /** Why it takes no more; undefined while it does. */
  get fullness(): string | undefined {
    if (this.entries.length < limits.COMMIT_QUEUED_MAX && this.bytes < limits.COMMIT_QUEUED_BYTES_MAX) return undefined;
    return `${this.entries.length} envelopes of ${this.bytes} bytes wait for the log, limits are ${limits.COMMIT_QUEUED_MAX} and ${limits.COMMIT_QUEUED_BYTES_MAX}`;
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    this.bytes += entry.request.envelope.length;
  }

  /** Takes out what one commit may have. */
  take(): Entry[] {
    let bytes = 0;
    let count = 0;
    while (count < this.entries.length && bytes < limits.COMMIT_BYTES_MAX)
      bytes += (this.entries[count++] as Entry).request.envelope.length;
    this.bytes -= bytes;
    if (count < this.entries.length) return this.entries.splice(0, count);
    const all = this.entries;
    this.entries = [];
    return all;
  }

  /** Takes out those that `isMeant` names, in their order. */
  takeOut(isMeant: (entry: Entry) => boolean): Entry[] {
    const taken = this.entries.filter(isMeant);
    if (taken.length === 0) return taken;
    this.entries = this.entries.filter((entry) => !isMeant(entry));
    for (const { request } of taken) this.bytes -= request.envelope.length;
    return taken;
  }
}

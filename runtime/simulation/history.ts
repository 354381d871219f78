/**
 * Judges what clients saw (L1-L3): every acknowledged message received once, per sender and recipient in the order sent; nothing
 * received that was not sent. Bodies are `sender/recipient/number`.
 */
export class History {
  private readonly sent = new Set<string>();
  private readonly acknowledged = new Set<string>();
  private readonly received = new Map<string, string[]>();

  send(body: string): void {
    this.sent.add(body);
  }

  acknowledge(body: string): void {
    this.acknowledged.add(body);
  }

  receive(user: string, body: string): void {
    const list = this.received.get(user) ?? [];
    this.received.set(user, list);
    list.push(body);
  }

  get acknowledgedCount(): number {
    return this.acknowledged.size;
  }

  get receivedCount(): number {
    return [...this.received.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** Every acknowledged message has been received. */
  get isComplete(): boolean {
    if (this.receivedCount < this.acknowledged.size) return false;
    const seen = new Set([...this.received.values()].flat());
    return [...this.acknowledged].every((body) => seen.has(body));
  }

  /** What each user received, in order. */
  transcript(): string {
    return [...this.received]
      .map(([user, bodies]) => `${user}: ${bodies.join(' ')}`)
      .toSorted()
      .join('\n');
  }

  verdict(): {
    sent: number;
    acknowledged: number;
    received: number;
    lost: string[];
    doubled: string[];
    outOfOrder: string[];
    neverSent: string[];
  } {
    const seen = new Set<string>();
    const [doubled, outOfOrder, neverSent]: [string[], string[], string[]] = [[], [], []];
    for (const list of this.received.values()) {
      const last = new Map<string, number>();
      for (const body of list) {
        const [sender, , number] = body.split('/') as [string, string, string];
        if (seen.has(body)) doubled.push(body);
        else if (Number(number) <= (last.get(sender) ?? -1)) outOfOrder.push(body);
        if (!this.sent.has(body)) neverSent.push(body);
        seen.add(body);
        last.set(sender, Math.max(Number(number), last.get(sender) ?? -1));
      }
    }
    const lost = [...this.acknowledged].filter((body) => !seen.has(body));
    return {
      sent: this.sent.size,
      acknowledged: this.acknowledged.size,
      received: this.receivedCount,
      lost,
      doubled,
      outOfOrder,
      neverSent,
    };
  }
}

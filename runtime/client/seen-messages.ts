/** Devices whose messages are remembered; the ones longest unheard give way. */
const DEVICES_MAX = 10_000;
/** Ranges of one device’s sequences, and of all: the lowest, and the device longest unheard, give way. */
const RANGES_MAX = 256;
const ALL_RANGES_MAX = 100_000;

/** What one device has sent to this user, by sequence: after each of `afters`, up to the one of `throughs`; ascending, none touches the next. */
export interface SeenRow {
  readonly afters: number[];
  readonly throughs: number[];
}

/**
 * Which messages the application has been given, by sender, device and sequence. A place in the inbox tells that too, but after a failover the new
 * owner may have what the old one had given out, at another place (L2). It says too little where it has forgotten, never too much.
 */
export class SeenMessages {
  private readonly rows = new Map<string, SeenRow>();
  private ranges = 0;

  /** The row of a sender’s device, 8 bytes; until the next call. */
  rowOf(device: Buffer, sender: string): SeenRow {
    const key = device.toString('latin1') + sender;
    const row = this.rows.get(key) ?? { afters: [], throughs: [] };
    this.rows.delete(key);
    this.rows.set(key, row);
    while (this.rows.size > DEVICES_MAX || this.ranges > ALL_RANGES_MAX) this.forgetOldest();
    return row;
  }

  /** Notes a message; false for one that was noted before. */
  add({ afters, throughs }: SeenRow, sequence: number): boolean {
    let at = throughs.length - 1;
    while (at >= 0 && sequence <= (afters[at] as number)) at--;
    const through = at < 0 ? -1 : (throughs[at] as number);
    if (sequence <= through) return false;
    const touchesNext = afters[at + 1] === sequence;
    if (through === sequence - 1) {
      throughs[at] = touchesNext ? (throughs[at + 1] as number) : sequence;
      if (touchesNext) this.drop({ afters, throughs }, at + 1);
    } else if (touchesNext) afters[at + 1] = sequence - 1;
    else {
      afters.splice(at + 1, 0, sequence - 1);
      throughs.splice(at + 1, 0, sequence);
      this.ranges++;
      if (throughs.length > RANGES_MAX) this.drop({ afters, throughs }, 0);
    }
    return true;
  }

  private drop({ afters, throughs }: SeenRow, at: number): void {
    afters.splice(at, 1);
    throughs.splice(at, 1);
    this.ranges--;
  }

  private forgetOldest(): void {
    for (const [key, row] of this.rows) {
      this.rows.delete(key);
      this.ranges -= row.throughs.length;
      return;
    }
  }
}

import { join } from 'node:path';
import { systemCode } from '../contract/system-error.ts';
import type { Disk, DiskFile } from '../ports/disk.ts';
import type { Acquisition, Ownership } from '../ports/ownership.ts';
import {
  LeasedOwnership,
  type LeasedOwnershipParts,
  type Leases,
  type ProcessLife,
  type StandingLease,
  type TakenLease,
} from './leased-ownership.ts';

/** Bytes of a lease file: written again in its place, so that a full disk does not cost a lease. */
const LEASE_BYTES = 512;
const NAME = /^(\d{10})\.lease$/;

export interface FileOwnershipParts extends Omit<LeasedOwnershipParts, 'leases'> {
  readonly disk: Disk;
  /** A folder on the group’s volume, for leases alone. */
  readonly directory: string;
}

/**
 * Leases as files: `<epoch>.lease`, made exclusively by who takes the epoch, and written again by that holder alone. The making decides
 * between two takers, so nothing has to be locked.
 */
export class FileOwnership implements Ownership {
  private readonly leased: LeasedOwnership;

  constructor(parts: FileOwnershipParts) {
    this.leased = new LeasedOwnership({ ...parts, leases: new LeaseFiles(parts) });
  }

  acquire(): Promise<Acquisition> {
    return this.leased.acquire();
  }
}

/** What a file says: whose it is, and how often that was said. */
interface LeaseText {
  readonly holder: string;
  readonly process: string;
  readonly released: boolean;
}

class LeaseFiles implements Leases {
  private readonly disk: Disk;
  private readonly directory: string;
  private readonly holder: string;
  private readonly process: string;

  constructor({ disk, directory, holder, life }: { disk: Disk; directory: string; holder: string; life?: ProcessLife }) {
    this.disk = disk;
    this.directory = directory;
    this.holder = holder;
    this.process = life?.self ?? '';
  }

  async read(): Promise<StandingLease | undefined> {
    await this.disk.makeDirectory(this.directory);
    const epoch = await this.highest();
    if (epoch === 0) return undefined;
    const state = await this.text(epoch);
    const text = textOf(state);
    return { epoch, state, holding: text && { holder: text.holder, process: text.process, isReleased: text.released } };
  }

  /** `seen` needs no comparing: who made this epoch’s file, or a later one, was faster. */
  async take(epoch: number): Promise<TakenLease | undefined> {
    const { disk, directory } = this;
    let file: DiskFile;
    try {
      file = await disk.open(join(directory, nameOf(epoch)), 'create');
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return undefined;
      throw error;
    }
    await this.write(file, epoch, 0, false);
    await file.sync();
    await disk.syncDirectory(directory);
    if ((await this.highest()) !== epoch) {
      await file.close();
      return undefined;
    }
    for (const name of await disk.list(directory)) if (epochOf(name) < epoch) await removeIfThere(disk, join(directory, name));
    return {
      renew: async (renewals) => {
        await this.write(file, epoch, renewals, false);
        const highest = await this.highest();
        return highest === epoch ? undefined : highest;
      },
      release: (renewals) => this.write(file, epoch, renewals, true),
      close: () => file.close(),
    };
  }

  private async write(file: DiskFile, ...[epoch, renewals, released]: [epoch: number, renewals: number, released: boolean]): Promise<void> {
    const text = JSON.stringify({ epoch, holder: this.holder, process: this.process, renewals, released });
    const bytes = Buffer.alloc(LEASE_BYTES, ' ');
    bytes.write(`${text}\n`, 'utf8');
    await file.write([bytes], 0);
  }

  private async text(epoch: number): Promise<string> {
    let file: DiskFile;
    try {
      file = await this.disk.open(join(this.directory, nameOf(epoch)), 'read');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return '';
      throw error;
    }
    try {
      const bytes = Buffer.alloc(LEASE_BYTES);
      const count = await file.read(bytes, 0, LEASE_BYTES, 0);
      return bytes.toString('utf8', 0, count);
    } finally {
      await file.close();
    }
  }

  private async highest(): Promise<number> {
    return Math.max(0, ...(await this.disk.list(this.directory)).map(epochOf));
  }
}

/** 0 for what is no lease. */
function epochOf(name: string): number {
  return Number(NAME.exec(name)?.[1] ?? 0);
}

function nameOf(epoch: number): string {
  return `${String(epoch).padStart(10, '0')}.lease`;
}

/** Undefined for a file that is being made, or was torn as its holder died. */
function textOf(text: string): LeaseText | undefined {
  try {
    const value = JSON.parse(text) as Partial<LeaseText>;
    return { holder: String(value.holder), process: String(value.process), released: value.released === true };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.remove(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

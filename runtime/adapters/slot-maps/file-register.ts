import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { errorLine, IrisError } from '../../contract/errors.ts';
import { PUBLISHER_CLAIM_MS, SLOT_MAP_POLL_MS } from '../../contract/limits.ts';
import type { SlotMap } from '../../contract/slot-map-schema.ts';
import { systemCode } from '../../contract/system-error.ts';
import type { PublishedSlotMap, SlotMapRegister, SlotMapSource } from '../../ports/slot-maps.ts';
import { pause } from './pause.ts';

/** A slot map in a file, which whoever publishes replaces as a whole (rename): a look costs one `stat`. */
export class FileRegister implements SlotMapRegister, SlotMapSource {
  private readonly path: string;
  private seen: string | undefined;

  constructor(path: string) {
    this.path = path;
  }

  get name(): string {
    return this.path;
  }

  async poll(): Promise<unknown> {
    const revision = await this.revision();
    if (revision !== undefined && revision === this.seen) return undefined;
    const { document } = await this.contentOf(revision);
    this.seen = revision;
    return document;
  }

  async read(): Promise<PublishedSlotMap | undefined> {
    const revision = await this.revision();
    return revision === undefined ? undefined : await this.contentOf(revision);
  }

  async next(known: string | undefined, signal: AbortSignal): Promise<PublishedSlotMap | undefined> {
    if ((await this.revision()) === known) await pause(SLOT_MAP_POLL_MS, signal);
    return await this.read();
  }

  /** The file beside the map that the new one is written to is a claim: of two publishers one is refused. */
  async publish(map: SlotMap, from: string | undefined): Promise<boolean> {
    const claim = `${this.path}.new`;
    if (!(await take(claim, `${JSON.stringify(map, null, 2)}\n`))) return false;
    try {
      if ((await this.revision()) === from) {
        await rename(claim, this.path);
        return true;
      }
      await rm(claim, { force: true });
      return false;
    } catch (error) {
      await rm(claim, { force: true });
      throw error;
    }
  }

  /** Undefined without a file. */
  private async revision(): Promise<string | undefined> {
    try {
      const { ino, size, mtimeNs } = await stat(this.path, { bigint: true });
      return `${ino} ${size} ${mtimeNs}`;
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT') return undefined;
      throw unreadable(this.path, cause);
    }
  }

  private async contentOf(revision = ''): Promise<PublishedSlotMap> {
    try {
      return { document: JSON.parse(await readFile(this.path, 'utf8')), revision };
    } catch (cause) {
      throw unreadable(this.path, cause);
    }
  }
}

function unreadable(path: string, cause: unknown): IrisError {
  return new IrisError('FILE_UNREADABLE', `${path} cannot be read as JSON: ${errorLine(cause)}`);
}

/** False where another publisher is at it; a claim that stays is of one that is gone. */
async function take(claim: string, text: string): Promise<boolean> {
  try {
    if (Date.now() - (await stat(claim)).mtimeMs > PUBLISHER_CLAIM_MS) await rm(claim, { force: true });
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
  }
  try {
    await writeFile(claim, text, { flag: 'wx' });
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') return false;
    throw cause;
  }
}

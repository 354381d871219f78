import { join } from 'node:path';
import { IrisError } from '../../contract/errors.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { isMissing } from './free-space.ts';
import { parseSegmentName, readSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader, segmentName } from './segment-file.ts';

/** A segment of the log, open to be read. */
export interface ChainLink {
  readonly path: string;
  readonly file: DiskFile;
  readonly header: SegmentHeader;
  readonly headerBytes: Buffer;
}

export interface Chain {
  /** Oldest first; each goes on where the one before it ended. */
  readonly links: readonly ChainLink[];
  /** Files that are no part of the log: made by an owner that had lost its lease, or in a crash while they were made. */
  readonly strays: readonly string[];
}

/**
 * Finds the log among the files of its folder: the newest segment of the highest epoch, and backwards what each names as the one before
 * it. The oldest may be missing: it has been dropped.
 * @throws IrisError STORE_FAILED for a header that is not what was written (F6), or a folder of an earlier format.
 */
export async function openChain(disk: Disk, directory: string): Promise<Chain> {
  const names = await disk.list(directory);
  if (names.some((name) => /^\d{12}\.log$/.test(name)))
    throw new IrisError(
      'STORE_FAILED',
      `the store ${directory} has format 2, this release knows 3; remove the folder to start with an empty one`,
    );
  const found = names.flatMap((name) => parseSegmentName(name) ?? []).sort((a, b) => b.epoch - a.epoch || b.number - a.number);
  const links: ChainLink[] = [];
  try {
    for (const candidate of found) {
      const head = await openLink(disk, directory, candidate, { mayBeTorn: true });
      if (head === undefined) continue;
      links.push(head);
      break;
    }
    for (let link = links[0]; link !== undefined && link.header.previousEnd > 0; ) {
      const { number, previousEpoch } = link.header;
      link = await openLink(disk, directory, { number: number - 1, epoch: previousEpoch }, { mayBeTorn: false });
      if (link !== undefined) links.unshift(link);
    }
  } catch (error) {
    for (const { file } of links) await file.close();
    throw error;
  }
  const known = new Set(links.map(({ header }) => segmentName(header)));
  return { links, strays: found.map(segmentName).flatMap((name) => (known.has(name) ? [] : [join(directory, name)])) };
}

/** The highest epoch that ever wrote to the log in `directory`; 0 for none. */
export async function epochOfLog(disk: Disk, directory: string): Promise<number> {
  return Math.max(0, ...(await disk.list(directory)).map((name) => parseSegmentName(name)?.epoch ?? 0));
}

/** Refused rather than served in part: what is missing was acknowledged. */
export function damaged(path: string, offset: number, what: string): IrisError {
  return new IrisError(
    'STORE_FAILED',
    `the log is damaged in ${path} at byte ${offset}: ${what}; restore the folder from a copy, or start with an empty one and lose what waits`,
  );
}

async function openLink(
  disk: Disk,
  directory: string,
  place: { number: number; epoch: number },
  { mayBeTorn }: { mayBeTorn: boolean },
): Promise<ChainLink | undefined> {
  const path = join(directory, segmentName(place));
  let file: DiskFile;
  try {
    file = await disk.open(path, 'read');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const headerBytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  const count = await file.read(headerBytes, 0, SEGMENT_HEADER_BYTES, 0);
  const header = readSegmentHeader(headerBytes.subarray(0, count));
  if (header !== undefined && header.number === place.number && header.epoch === place.epoch) return { path, file, header, headerBytes };
  const size = await file.size();
  await file.close();
  // A crash while it was made: it has no record yet.
  if (mayBeTorn && size <= SEGMENT_HEADER_BYTES) return undefined;
  throw damaged(path, 0, 'its header is not what was written');
}

import { readFile, stat } from 'node:fs/promises';
import { errorLine, IrisError } from '../contract/errors.ts';
import type { SlotMapSource } from '../ports/slot-maps.ts';

/** A slot map in a file, which whoever publishes replaces as a whole (rename): a look costs one `stat`. */
export function createFileSlotMapSource(path: string): SlotMapSource {
  let seen: string | undefined;
  return {
    async poll() {
      try {
        const { ino, size, mtimeNs } = await stat(path, { bigint: true });
        const key = `${ino} ${size} ${mtimeNs}`;
        if (key === seen) return undefined;
        const document: unknown = JSON.parse(await readFile(path, 'utf8'));
        seen = key;
        return document;
      } catch (cause) {
        throw new IrisError('FILE_UNREADABLE', `${path} cannot be read as JSON: ${errorLine(cause)}`);
      }
    },
  };
}

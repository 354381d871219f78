/** A file of an archive: its path inside, with slashes, and its bytes. */
export interface ArchiveEntry {
  readonly path: string;
  readonly content: Uint8Array;
}

const BLOCK_BYTES = 512;
const NAME_BYTES_MAX = 100;

/**
 * A POSIX ustar archive whose bytes depend on nothing but its entries: sorted by path, owner root, mode 0644, time 0. Not compressed, so
 * that the bytes do not depend on a zlib release either.
 */
export function tarArchive(entries: readonly ArchiveEntry[]): Buffer {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  const blocks = sorted.flatMap(({ path, content }) => [header(path, content.length), content, padding(content.length)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function header(path: string, size: number): Buffer {
  if (Buffer.byteLength(path) > NAME_BYTES_MAX) throw new RangeError(`path ${path} is longer than ${NAME_BYTES_MAX} bytes`);
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(path, 0);
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}

import { keyHash } from './key-table.ts';

/**
 * What was made of names, so that a name that comes again costs neither a string nor its hash. Each place keeps the last name that fell on
 * it: bounded, and a name that is not there is only made anew.
 */
export class NameCache<T> {
  private readonly make: (name: Buffer) => T;
  private readonly names: (Buffer | undefined)[];
  private readonly made: (T | undefined)[];

  /** `places` is a power of two. `make` is given a name of its own. */
  constructor(places: number, make: (name: Buffer) => T) {
    this.make = make;
    this.names = Array.from({ length: places });
    this.made = Array.from({ length: places });
  }

  /** Of the name `bytes[start … end)`. */
  of(bytes: Buffer, start: number, end: number): T {
    const place = keyHash(bytes, start, end) & (this.names.length - 1);
    const known = this.names[place];
    if (known !== undefined && isSame(known, bytes, start, end)) return this.made[place] as T;
    const name = Buffer.from(bytes.subarray(start, end));
    const made = this.make(name);
    this.names[place] = name;
    this.made[place] = made;
    return made;
  }
}

function isSame(name: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let at = 0; at < name.length; at++) if (name[at] !== bytes[start + at]) return false;
  return true;
}

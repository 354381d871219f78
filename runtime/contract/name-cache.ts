import { keyHash } from './key-table.ts';

/**
 * What was made of names, so that a name that comes again costs neither a string nor its hash. A name may stand in either of
 * two places, so that two that fall there do not push each other out. Bounded: a name that is not there is only made anew.
 */
export class NameCache<T> {
  private readonly make: (name: string) => T;
  /** Whole strings, which stand in one piece: comparing one reads fewer places in memory than comparing a buffer. */
  private readonly names: (string | undefined)[];
  private readonly made: (T | undefined)[];

  /** `places` is a power of two. `make` is given the name, one byte a character. */
  constructor(places: number, make: (name: string) => T) {
    this.make = make;
    this.names = Array.from({ length: places });
    this.made = Array.from({ length: places });
  }

  /** Of the name `bytes[start … end)`. */
  of(bytes: Buffer, start: number, end: number): T {
    const { names, made } = this;
    const newer = keyHash(bytes, start, end) & (names.length - 2);
    if (isSame(names[newer], bytes, start, end)) return made[newer] as T;
    const older = newer + 1;
    if (isSame(names[older], bytes, start, end)) return made[older] as T;
    names[older] = names[newer];
    made[older] = made[newer];
    const name = bytes.toString('latin1', start, end);
    const fresh = this.make(name);
    names[newer] = name;
    made[newer] = fresh;
    return fresh;
  }
}

function isSame(name: string | undefined, bytes: Buffer, start: number, end: number): boolean {
  if (name === undefined || name.length !== end - start) return false;
  for (let at = 0; at < name.length; at++) if (name.charCodeAt(at) !== bytes[start + at]) return false;
  return true;
}

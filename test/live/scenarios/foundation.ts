/** What the cores of a scenario keep their groups on. The scenarios are the same on each, and so is what they are judged by. */
export interface Foundation {
  /** Behind the name of a test and in the row that it prints. */
  readonly on: string;
  /** Whether each group’s store is a folder of its own, which can be taken away. */
  readonly hasFolders: boolean;
  /** Further ones of `iris up`; asked for when a fleet starts. */
  readonly flags: () => readonly string[];
  /** What a core’s config of this environment says of its store. @default a folder of its own */
  readonly store?: (environment: string) => Readonly<Record<string, unknown>>;
}

/** Each core’s own disk. */
export const EMBEDDED: Foundation = { on: '', hasFolders: true, flags: () => [] };

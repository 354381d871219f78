/** One login of a user, as its edge knows it. */
export interface DirectoryLogin {
  /** One byte a character. */
  readonly user: string;
  /** What the client speaks: `v1`, or `v2.` and the version. */
  readonly protocol: string;
  /** 16 hex digits. */
  readonly device: string;
  /** The edge’s stamp of the login: of two logins the higher one counts. */
  readonly loginStamp: number;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/** Where a user is connected. */
export interface SessionPlace extends DirectoryLogin {
  readonly node: string;
  readonly region: string;
}

/** Who logged in. */
export interface LoginHolder {
  /** A later login of the same user is known, here or at another edge of the region. Called once. */
  replaced(): void;
}

/** A login in the directory. */
export interface DirectoryEntry {
  /** Takes out this login and no later one of the same user. May be called again. */
  leave(): void;
}

/** A user of whom is heard. */
export interface DirectoryWatch {
  stop(): void;
}

/**
 * Who is connected where, in one region (R15, R17, R18): for operators, presence and take-over. No delivery asks it (design §7), so that an
 * engine below it that is away costs staleness and never a message: `enter` and `leave` return at once, and what could not be told is told
 * again within 5 s after the engine is back. The later of two logins counts, by stamp, in whatever order they become known.
 */
export interface SessionDirectory {
  enter(login: DirectoryLogin, holder: LoginHolder): DirectoryEntry;
  /** True while a session of this edge is the user’s latest that this edge knows. Never waits. */
  isHere(user: string): boolean;
  /**
   * Undefined when nobody knows of a session; an edge that died counts as gone within DIRECTORY_NODE_TTL_MS.
   * @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID
   */
  find(user: string): Promise<SessionPlace | undefined>;
  /**
   * Hears whether the user has a login in what this directory covers: soon, and whenever it is otherwise; undefined while it is not known, so that
   * who is away is asked nothing. Of changes in a burst the last counts, and an older one never follows a newer. One who was lost is heard of within
   * 5 s after the engine is back. As many users as an edge watches: EDGE_WATCHES_MAX. Not called before this returns.
   */
  watch(user: string, hears: (isOnline: boolean | undefined) => void): DirectoryWatch;
  /** Tells the engine what it must know before it ends, for DIRECTORY_TIMEOUT_MS at the most. */
  close(): Promise<void>;
}
